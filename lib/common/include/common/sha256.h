/*
 * SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104). For the kernel's random numbers and for those who prove that they
 * know a key. Allocates nothing, keeps nothing.
 */
#ifndef COMMON_SHA256_H
#define COMMON_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32       /* of a digest */
#define SHA256_BLOCK_BYTES 64 /* what it works on at once */

/* A message that is hashed piece by piece: init, any number of add, finish. */
struct sha256 {
    uint32_t state[8];
    uint64_t bytes; /* added so far */
    uint8_t block[SHA256_BLOCK_BYTES]; /* its last bytes % SHA256_BLOCK_BYTES wait here for the rest of their block */
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t bytes);
void sha256_finish(struct sha256 *s, uint8_t digest[SHA256_BYTES]); /* and wipes *s */

/* All three for one piece. */
void sha256(const void *data, size_t bytes, uint8_t digest[SHA256_BYTES]);

/* The same with a key, of any length: without the key nobody can make the digest, or check it. */
struct hmac_sha256 {
    struct sha256 inner;
    uint8_t key[SHA256_BLOCK_BYTES];
};

void hmac_sha256_init(struct hmac_sha256 *h, const void *key, size_t key_bytes);
void hmac_sha256_add(struct hmac_sha256 *h, const void *data, size_t bytes);
void hmac_sha256_finish(struct hmac_sha256 *h, uint8_t digest[SHA256_BYTES]); /* and wipes *h */

/* Whether two secrets are the same, in a time that does not tell where they differ. */
bool secret_equal(const void *a, const void *b, size_t bytes);

/* Writes zeroes that the compiler does not leave out, though nobody reads them. */
void secret_wipe(void *secret, size_t bytes);

#endif

/*
 * HMAC-SHA-256 (RFC 2104): the digest of the key and the digest of the key and the message, the key masked in two ways.
 */
#include <common/sha256.h>
#include <common/string.h>

#define INNER_MASK 0x36
#define OUTER_MASK 0x5c

void hmac_sha256_init(struct hmac_sha256 *h, const void *key, size_t key_bytes)
{
    memset(h->key, 0, sizeof h->key);
    if (key_bytes > sizeof h->key)
        sha256(key, key_bytes, h->key);
    else if (key_bytes)
        memcpy(h->key, key, key_bytes);
    for (size_t i = 0; i < sizeof h->key; i++)
        h->key[i] ^= INNER_MASK;
    sha256_init(&h->inner);
    sha256_add(&h->inner, h->key, sizeof h->key);
}

void hmac_sha256_add(struct hmac_sha256 *h, const void *data, size_t bytes)
{
    sha256_add(&h->inner, data, bytes);
}

void hmac_sha256_finish(struct hmac_sha256 *h, uint8_t digest[SHA256_BYTES])
{
    struct sha256 outer;
    sha256_finish(&h->inner, digest);
    for (size_t i = 0; i < sizeof h->key; i++)
        h->key[i] ^= INNER_MASK ^ OUTER_MASK;
    sha256_init(&outer);
    sha256_add(&outer, h->key, sizeof h->key);
    sha256_add(&outer, digest, SHA256_BYTES);
    sha256_finish(&outer, digest);
    secret_wipe(h, sizeof *h);
}

bool secret_equal(const void *a, const void *b, size_t bytes)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t differences = 0;
    for (size_t i = 0; i < bytes; i++)
        differences |= x[i] ^ y[i];
    return differences == 0;
}

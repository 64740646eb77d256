/*
 * SHA-256: FIPS 180-4, sections 4.1.2 (functions), 4.2.2 (constants), 5.1.1 (padding), 5.3.3 (first state) and 6.2.2 (a
 * block). No tables that depend on the data, no branches on it.
 */
#include <common/sha256.h>
#include <common/string.h>

#define LENGTH_AT (SHA256_BLOCK_BYTES - 8) /* the last block ends with the message's length in bits */

static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate_right(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static inline uint32_t load_big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void store_big_endian(uint8_t *p, uint32_t x)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(x >> (24 - 8 * i));
}

/* One block. Of the message schedule only the last 16 words are needed at a time. */
static void add_block(struct sha256 *s, const uint8_t *block)
{
    uint32_t w[16], a = s->state[0], b = s->state[1], c = s->state[2], d = s->state[3];
    uint32_t e = s->state[4], f = s->state[5], g = s->state[6], h = s->state[7];
    for (int t = 0; t < 64; t++) {
        uint32_t *word = &w[t % 16];
        if (t < 16) {
            *word = load_big_endian(block + 4 * t);
        } else {
            uint32_t x = w[(t - 15) % 16], y = w[(t - 2) % 16];
            *word += (rotate_right(x, 7) ^ rotate_right(x, 18) ^ x >> 3) + w[(t - 7) % 16] +
                     (rotate_right(y, 17) ^ rotate_right(y, 19) ^ y >> 10);
        }
        uint32_t t1 = h + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) + ((e & f) ^ (~e & g)) +
                      round_constant[t] + *word;
        uint32_t t2 = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    s->state[0] += a;
    s->state[1] += b;
    s->state[2] += c;
    s->state[3] += d;
    s->state[4] += e;
    s->state[5] += f;
    s->state[6] += g;
    s->state[7] += h;
    secret_wipe(w, sizeof w);
}

void sha256_init(struct sha256 *s)
{
    static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(s->state, first, sizeof first);
    s->bytes = 0;
}

void sha256_add(struct sha256 *s, const void *data, size_t bytes)
{
    const uint8_t *from = data;
    while (bytes) {
        size_t held = s->bytes % SHA256_BLOCK_BYTES, part = SHA256_BLOCK_BYTES - held;
        part = part < bytes ? part : bytes;
        if (part == SHA256_BLOCK_BYTES) {
            add_block(s, from);
        } else {
            memcpy(s->block + held, from, part);
            if (held + part == SHA256_BLOCK_BYTES)
                add_block(s, s->block);
        }
        s->bytes += part;
        from += part;
        bytes -= part;
    }
}

void sha256_finish(struct sha256 *s, uint8_t digest[SHA256_BYTES])
{
    size_t held = s->bytes % SHA256_BLOCK_BYTES;
    s->block[held++] = 0x80;
    if (held > LENGTH_AT) {
        memset(s->block + held, 0, SHA256_BLOCK_BYTES - held);
        add_block(s, s->block);
        held = 0;
    }
    memset(s->block + held, 0, LENGTH_AT - held);
    store_big_endian(s->block + LENGTH_AT, (uint32_t)(s->bytes >> 29));
    store_big_endian(s->block + LENGTH_AT + 4, (uint32_t)(s->bytes << 3));
    add_block(s, s->block);
    for (int i = 0; i < 8; i++)
        store_big_endian(digest + 4 * i, s->state[i]);
    secret_wipe(s, sizeof *s);
}

void sha256(const void *data, size_t bytes, uint8_t digest[SHA256_BYTES])
{
    struct sha256 s;
    sha256_init(&s);
    sha256_add(&s, data, bytes);
    sha256_finish(&s, digest);
}

void secret_wipe(void *secret, size_t bytes)
{
    memset(secret, 0, bytes);
    __asm__ volatile("" : : "r"(secret) : "memory"); /* somebody may look at it, as far as the compiler knows */
}

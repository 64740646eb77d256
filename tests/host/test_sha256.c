/*
 * lib/common/sha256.c and hmac_sha256.c: the published examples (FIPS 180-4's, from NIST's "SHA256.pdf"; RFC 4231,
 * section 4), and messages cut up in every way give what they give whole.
 */
#include <common/sha256.h>

#include "check.h"

static const char *hex(const uint8_t *bytes)
{
    static char text[2 * SHA256_BYTES + 1];
    for (int i = 0; i < SHA256_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

static const char *digest_of(const void *data, size_t bytes)
{
    static uint8_t digest[SHA256_BYTES];
    sha256(data, bytes, digest);
    return hex(digest);
}

static const char *mac_of(const void *key, size_t key_bytes, const void *data, size_t bytes)
{
    static uint8_t digest[SHA256_BYTES];
    struct hmac_sha256 h;
    hmac_sha256_init(&h, key, key_bytes);
    hmac_sha256_add(&h, data, bytes);
    hmac_sha256_finish(&h, digest);
    return hex(digest);
}

static const char *filled(char byte, size_t bytes)
{
    static char area[200];
    memset(area, byte, bytes);
    return area;
}

CASE(digests_are_those_of_fips_180_4)
{
    CHECK_TEXT(digest_of("", 0),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_TEXT(digest_of("abc", 3),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK_TEXT(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56),
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK_TEXT(digest_of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                         "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", 112),
               "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

CASE(a_million_letters)
{
    uint8_t digest[SHA256_BYTES];
    struct sha256 s;
    sha256_init(&s);
    for (int i = 0; i < 1000000; i++)
        sha256_add(&s, "a", 1);
    sha256_finish(&s, digest);
    CHECK_TEXT(hex(digest), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The padding takes a block of its own from 56 bytes on. */
CASE(every_length_around_a_block_in_two_pieces)
{
    uint8_t message[200], whole[SHA256_BYTES], cut[SHA256_BYTES];
    for (unsigned i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)random_u64();
    for (size_t n = 0; n <= sizeof message; n++) {
        uint8_t *exact = exact_copy(message, n);
        sha256(exact, n, whole);
        for (size_t first = 0; first <= n; first++) {
            struct sha256 s;
            sha256_init(&s);
            sha256_add(&s, exact, first);
            sha256_add(&s, exact + first, n - first);
            sha256_finish(&s, cut);
            CHECK(memcmp(whole, cut, sizeof whole) == 0);
        }
        free(exact);
    }
}

/* Each length of padding: the digest of the digests of "", "x", "xx" and so on, as another program has it. */
CASE(the_padding_of_every_length)
{
    char message[130];
    uint8_t digest[SHA256_BYTES];
    struct sha256 all;
    memset(message, 'x', sizeof message);
    sha256_init(&all);
    for (size_t n = 0; n < sizeof message; n++) {
        sha256(message, n, digest);
        sha256_add(&all, digest, sizeof digest);
    }
    sha256_finish(&all, digest);
    CHECK_TEXT(hex(digest), "6d0989028287a2bd990515b95658bb810cf688b69517dfc49e4b3778e0b6d923");
}

CASE(macs_are_those_of_rfc_4231)
{
    CHECK_TEXT(mac_of(filled(0x0b, 20), 20, "Hi There", 8),
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK_TEXT(mac_of("Jefe", 4, "what do ya want for nothing?", 28),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    char key[25], data[50];
    memset(data, (char)0xdd, sizeof data);
    CHECK_TEXT(mac_of(filled((char)0xaa, 20), 20, data, 50),
               "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    memset(data, (char)0xcd, sizeof data);
    for (int i = 0; i < 25; i++)
        key[i] = (char)(i + 1);
    CHECK_TEXT(mac_of(key, 25, data, 50),
               "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    CHECK_TEXT(mac_of(filled((char)0xaa, 131), 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK_TEXT(mac_of(filled((char)0xaa, 131), 131,
                      "This is a test using a larger than block-size key and a larger than block-size data. "
                      "The key needs to be hashed before being used by the HMAC algorithm.", 152),
               "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

CASE(the_empty_key_and_a_key_of_one_block)
{
    CHECK_TEXT(mac_of("", 0, "", 0), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    CHECK_TEXT(mac_of(filled(7, 64), 64, "m", 1), "c8742a9676bce297af742209620e1ec9ed7de0130d3987798c86669f558030cb");
    CHECK_TEXT(mac_of(filled(7, 65), 65, "m", 1), "7fef12876f223808564122b62dffdf9f9deafac14c0b9651441d09924fb0cf70");
}

CASE(secrets_are_compared_to_the_last_byte_and_wiped)
{
    uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
    for (unsigned i = 0; i < sizeof a; i++)
        a[i] = b[i] = (uint8_t)random_u64();
    CHECK(secret_equal(a, b, sizeof a));
    for (unsigned bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!secret_equal(a, b, sizeof a));
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    struct hmac_sha256 h;
    uint8_t zeroes[sizeof h] = {0};
    hmac_sha256_init(&h, a, sizeof a);
    hmac_sha256_finish(&h, b);
    CHECK(memcmp(&h, zeroes, sizeof h) == 0);
}

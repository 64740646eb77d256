/*
 * lib/common/cpio.c: archives as the image builder and cpio(1) make them, and damaged ones.
 */
#include <common/cpio.h>
#include <kinglet/errno.h>
#include <kinglet/file.h>

#include "check.h"

struct archive {
    char bytes[8192];
    size_t size;
};

static void add_bytes(struct archive *a, const void *bytes, size_t n)
{
    memcpy(a->bytes + a->size, bytes, n);
    a->size += n;
    while (a->size % 4 != 0)
        a->bytes[a->size++] = '\0';
}

static void add_entry(struct archive *a, const char *name, unsigned mode, unsigned ino, unsigned nlink,
                      const void *data, unsigned size)
{
    unsigned name_size = (unsigned)strlen(name) + 1;
    char header[111 + 256];

    sprintf(header, "070701%08x%08X%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ino, mode, 0, 0, nlink,
            0x5f000000, size, 0, 0, 4, 64, name_size, 0);
    memcpy(header + 110, name, name_size);
    add_bytes(a, header, 110 + name_size);
    add_bytes(a, data, size);
}

static void make_sample(struct archive *a)
{
    a->size = 0;
    add_entry(a, ".", S_IFDIR | 0755, 1, 2, "", 0);
    add_entry(a, "sbin", S_IFDIR | 0755, 2, 2, "", 0);
    add_entry(a, "sbin/init", S_IFREG | 0755, 3, 1, "the first program", 17);
    add_entry(a, "./etc/motd", S_IFREG | 0644, 4, 1, "hello", 5);
    add_entry(a, "bin/link", S_IFREG | 0755, 5, 2, "", 0);
    add_entry(a, "bin/linked", S_IFREG | 0755, 5, 2, "shared", 6);
    add_entry(a, "dev/console", S_IFCHR | 0666, 6, 1, "", 0);
    add_entry(a, "empty", S_IFREG | 0644, 7, 1, "", 0);
    add_entry(a, "TRAILER!!!", 0, 0, 1, "", 0);
}

CASE(every_entry_is_given_once_and_in_order)
{
    static const char *const names[] = { ".",        "sbin",       "sbin/init",   "./etc/motd",
                                         "bin/link", "bin/linked", "dev/console", "empty" };
    struct archive a;
    struct cpio_entry e;
    size_t position = 0;

    make_sample(&a);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        CHECK_EQUAL(cpio_next(a.bytes, a.size, &position, &e), 1);
        CHECK_TEXT(e.name, names[i]);
        CHECK_EQUAL(e.name_length, strlen(names[i]));
        CHECK_EQUAL(e.data_offset % 4, 0);
        CHECK(e.data == a.bytes + e.data_offset);
    }
    CHECK_EQUAL(cpio_next(a.bytes, a.size, &position, &e), 0);
    CHECK_EQUAL(cpio_next(a.bytes, a.size, &position, &e), 0); /* stays at the end */
}

CASE(an_entry_comes_with_all_that_is_stored_of_it)
{
    struct archive a;
    struct cpio_entry e;

    make_sample(&a);
    CHECK_EQUAL(cpio_find(a.bytes, a.size, "sbin/init", &e), 1);
    CHECK_EQUAL(e.mode, S_IFREG | 0755);
    CHECK_EQUAL(e.ino, 3);
    CHECK_EQUAL(e.nlink, 1);
    CHECK_EQUAL(e.mtime, 0x5f000000);
    CHECK_EQUAL(e.rdev, 4 << 8 | 64);
    CHECK_EQUAL(e.size, 17);
    CHECK(memcmp(e.data, "the first program", 17) == 0);
}

CASE(names_are_found_with_or_without_a_leading_slash_or_dot)
{
    struct archive a;
    struct cpio_entry e;

    make_sample(&a);
    CHECK_EQUAL(cpio_find(a.bytes, a.size, "/etc/motd", &e), 1);
    CHECK_EQUAL(cpio_find(a.bytes, a.size, "etc/motd", &e), 1);
    CHECK_EQUAL(cpio_find(a.bytes, a.size, "./sbin/init", &e), 1);
    CHECK_EQUAL(cpio_find(a.bytes, a.size, "sbin/ini", &e), 0);
    CHECK_EQUAL(cpio_find(a.bytes, a.size, "sbin/init/", &e), 0);
    CHECK_EQUAL(cpio_find(a.bytes, a.size, "TRAILER!!!", &e), 0);
}

CASE(a_hard_link_is_found_with_its_data)
{
    struct archive a;
    struct cpio_entry e;

    make_sample(&a);
    CHECK_EQUAL(cpio_find(a.bytes, a.size, "bin/link", &e), 1);
    CHECK_TEXT(e.name, "bin/link");
    CHECK_EQUAL(e.size, 6);
    CHECK(memcmp(e.data, "shared", 6) == 0);
    CHECK_EQUAL(cpio_find(a.bytes, a.size, "empty", &e), 1);
    CHECK_EQUAL(e.size, 0);
}

/* Walk to the end or to the error; touch every byte that an entry claims. */
static int walk(const char *bytes, size_t size)
{
    struct cpio_entry e;
    size_t position = 0;
    unsigned sum = 0;
    int more;

    while ((more = cpio_next(bytes, size, &position, &e)) > 0) {
        CHECK(strlen(e.name) == e.name_length);
        for (size_t i = 0; i < e.size; i++)
            sum += ((const unsigned char *)e.data)[i];
    }
    CHECK(more == 0 || more == -EINVAL);
    return sum == 0xffffffff ? 1 : more; /* uses the sum */
}

CASE(an_archive_cut_at_any_byte_is_malformed)
{
    struct archive a;
    size_t trailer_end;

    make_sample(&a);
    for (trailer_end = a.size; a.bytes[trailer_end - 1] == '\0'; trailer_end--)
        ;
    trailer_end++; /* the NUL of the name is needed, the padding behind it is not */
    for (size_t size = 0; size <= a.size; size++) {
        char *cut = exact_copy(a.bytes, size);
        struct cpio_entry e;

        CHECK_EQUAL(walk(cut, size), size >= trailer_end ? 0 : -EINVAL);
        CHECK_EQUAL(cpio_find(cut, size, "no such", &e), size >= trailer_end ? 0 : -EINVAL);
        free(cut);
    }
}

/* A sample with field number `field` (0: ino ... 12: check) of its entry `entry` replaced. */
static int walk_with_field(int entry, int field, const char *digits)
{
    struct archive a;
    struct cpio_entry e;
    size_t position = 0;
    char *copy;
    int result;

    make_sample(&a);
    for (int i = 0; i < entry; i++)
        CHECK_EQUAL(cpio_next(a.bytes, a.size, &position, &e), 1);
    memcpy(a.bytes + position + 6 + 8 * field, digits, 8);
    copy = exact_copy(a.bytes, a.size);
    result = walk(copy, a.size);
    free(copy);
    return result;
}

CASE(sizes_that_do_not_fit_are_refused)
{
    for (int entry = 0; entry < 9; entry++) {
        CHECK_EQUAL(walk_with_field(entry, 11, "00000000"), -EINVAL); /* a name has at least its NUL */
        CHECK_EQUAL(walk_with_field(entry, 11, "ffffffff"), -EINVAL);
        CHECK_EQUAL(walk_with_field(entry, 11, "7fffffff"), -EINVAL);
        CHECK_EQUAL(walk_with_field(entry, 11, "00000002"), entry == 0 ? 0 : -EINVAL); /* "." has two */
        if (entry < 8) {
            CHECK_EQUAL(walk_with_field(entry, 6, "ffffffff"), -EINVAL);
            CHECK_EQUAL(walk_with_field(entry, 6, "fffffffd"), -EINVAL);
            CHECK_EQUAL(walk_with_field(entry, 6, "00002000"), -EINVAL);
        }
    }
}

CASE(what_is_no_number_is_refused)
{
    CHECK_EQUAL(walk_with_field(2, 0, "0000000g"), -EINVAL);
    CHECK_EQUAL(walk_with_field(2, 1, " 0001234"), -EINVAL);
    CHECK_EQUAL(walk_with_field(2, 6, "-0000001"), -EINVAL);
    CHECK_EQUAL(walk_with_field(2, 6, "0x000011"), -EINVAL);
}

CASE(other_formats_are_refused)
{
    static const char *const starts[] = { "070707", "\x1f\x8b\x08", "\x7f\x45LF", "", "07070" };

    for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
        struct archive a;

        make_sample(&a);
        memset(a.bytes, 0, 6);
        memcpy(a.bytes, starts[i], strlen(starts[i]));
        CHECK_EQUAL(walk(a.bytes, a.size), -EINVAL);
    }
}

CASE(random_damage_never_leads_outside_the_archive)
{
    struct archive a;

    make_sample(&a);
    for (int round = 0; round < 20000; round++) {
        char *copy = exact_copy(a.bytes, a.size);
        struct cpio_entry e;

        for (unsigned n = 1 + random_below(4); n > 0; n--)
            copy[random_below((unsigned)a.size)] = random_below(3) ? "0123456789abcdefF"[random_below(17)]
                                                                   : (char)random_u64();
        walk(copy, a.size);
        cpio_find(copy, a.size, "bin/link", &e);
        free(copy);
    }
}

CASE(a_position_behind_the_archive_is_refused)
{
    struct archive a;
    struct cpio_entry e;
    size_t position;

    make_sample(&a);
    position = a.size + 4;
    CHECK_EQUAL(cpio_next(a.bytes, a.size, &position, &e), -EINVAL);
    position = SIZE_MAX - 3;
    CHECK_EQUAL(cpio_next(a.bytes, a.size, &position, &e), -EINVAL);
}

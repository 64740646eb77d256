/*
 * Reader of newc cpio archives: see <common/cpio.h>. Called at boot by the kernel and by init and
 * ramfs. Trusts nothing in the archive; reads nothing outside it.
 */
#include <common/cpio.h>
#include <common/string.h>
#include <kinglet/errno.h>
#include <kinglet/file.h>
#include <stdbool.h>

/* The header: a magic of six characters, then fields of eight hexadecimal digits each. */
enum field {
    FIELD_INO,
    FIELD_MODE,
    FIELD_UID,
    FIELD_GID,
    FIELD_NLINK,
    FIELD_MTIME,
    FIELD_SIZE,
    FIELD_DEV_MAJOR,
    FIELD_DEV_MINOR,
    FIELD_RDEV_MAJOR,
    FIELD_RDEV_MINOR,
    FIELD_NAME_SIZE,
    FIELD_CHECK,
    FIELDS
};

#define MAGIC_BYTES 6
#define HEADER_BYTES (MAGIC_BYTES + 8 * FIELDS)
#define TRAILER "TRAILER!!!"

static bool read_field(const char *digits, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 8; i++) {
        char c = digits[i];
        unsigned digit;

        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = (unsigned)(c - 'A') + 10;
        else
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

/* Header, name and data each begin at a multiple of four from the start of the archive. */
static size_t round_up(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

int cpio_next(const void *archive, size_t size, size_t *position, struct cpio_entry *out)
{
    uint32_t field[FIELDS];

    if (*position > size || size - *position < HEADER_BYTES)
        return -EINVAL;

    const char *at = (const char *)archive + *position;

    /* 070702 differs in that FIELD_CHECK holds a sum of the data */
    if (memcmp(at, "070701", MAGIC_BYTES) != 0 && memcmp(at, "070702", MAGIC_BYTES) != 0)
        return -EINVAL;
    for (int i = 0; i < FIELDS; i++)
        if (!read_field(at + MAGIC_BYTES + 8 * i, &field[i]))
            return -EINVAL;

    size_t name_offset = *position + HEADER_BYTES;
    size_t name_size = field[FIELD_NAME_SIZE];

    if (name_size == 0 || name_size > size - name_offset)
        return -EINVAL;

    const char *name = (const char *)archive + name_offset;

    if (name[name_size - 1] != '\0')
        return -EINVAL;

    size_t name_length = strnlen(name, name_size);

    if (strcmp(name, TRAILER) == 0)
        return 0;

    size_t data_offset = round_up(name_offset + name_size);

    if (data_offset > size || field[FIELD_SIZE] > size - data_offset)
        return -EINVAL;

    *out = (struct cpio_entry){
        .name = name,
        .name_length = name_length,
        .mode = field[FIELD_MODE],
        .nlink = field[FIELD_NLINK],
        .ino = field[FIELD_INO],
        .rdev = field[FIELD_RDEV_MAJOR] << 8 | (field[FIELD_RDEV_MINOR] & 0xff),
        .mtime = field[FIELD_MTIME],
        .data = (const char *)archive + data_offset,
        .size = field[FIELD_SIZE],
        .data_offset = data_offset,
    };
    *position = round_up(data_offset + field[FIELD_SIZE]);
    return 1;
}

/* The name without any leading "/" and "./". */
static const char *bare(const char *name)
{
    for (;;) {
        if (name[0] == '/')
            name++;
        else if (name[0] == '.' && name[1] == '/')
            name += 2;
        else
            return name;
    }
}

/* The data of a hard-linked file come with one of its entries only, usually the last. */
static int find_data(const void *archive, size_t size, struct cpio_entry *link)
{
    size_t position = 0;
    struct cpio_entry entry;
    int more;

    while ((more = cpio_next(archive, size, &position, &entry)) > 0) {
        if (entry.ino == link->ino && S_ISREG(entry.mode) && entry.size > 0) {
            link->data = entry.data;
            link->size = entry.size;
            link->data_offset = entry.data_offset;
            return 1;
        }
    }
    return more < 0 ? more : 1; /* none has any: an empty file */
}

int cpio_find(const void *archive, size_t size, const char *name, struct cpio_entry *out)
{
    size_t position = 0;
    int more;

    name = bare(name);
    while ((more = cpio_next(archive, size, &position, out)) > 0) {
        if (strcmp(bare(out->name), name) != 0)
            continue;
        if (S_ISREG(out->mode) && out->nlink > 1 && out->size == 0)
            return find_data(archive, size, out);
        return 1;
    }
    return more;
}

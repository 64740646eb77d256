/*
 * Names in directories. All names are in one hash table, by directory and name; besides, each directory
 * has its entries in the order they came, which readdir goes by. Entries keep their serial numbers for
 * life, so that a readdir goes on at the right place whatever was made or removed meanwhile.
 * Called by path.c, names.c and data.c; makes no system call.
 */
#include "ramfs.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64

static struct entry **buckets;
static size_t bucket_count; /* a power of two, or 0 before the first name */
static size_t name_count;

uint32_t name_hash(const struct inode *dir, const char *name, size_t length)
{
    uint32_t hash = name_hash_start(dir);

    for (size_t i = 0; i < length; i++)
        hash = name_hash_step(hash, name[i]);
    return hash;
}

struct entry *dir_find(const struct inode *dir, const char *name, size_t length, uint32_t hash)
{
    if (bucket_count == 0)
        return NULL;
    for (struct entry *e = buckets[hash & (bucket_count - 1)]; e != NULL; e = e->chain)
        if (e->hash == hash && e->parent == dir && e->length == length && memcmp(e->name, name, length) == 0)
            return e;
    return NULL;
}

/* Change the size of the table. Without memory it stays as it is: slower, but right. */
static void rehash(size_t count)
{
    struct entry **table = calloc(count, sizeof *table);

    if (table == NULL)
        return;
    for (size_t i = 0; i < bucket_count; i++) {
        struct entry *e = buckets[i];

        while (e != NULL) {
            struct entry *next = e->chain;

            e->chain = table[e->hash & (count - 1)];
            table[e->hash & (count - 1)] = e;
            e = next;
        }
    }
    free(buckets);
    buckets = table;
    bucket_count = count;
}

size_t dir_slot(const struct inode *dir, uint64_t serial)
{
    size_t low = 0, high = dir->dir.used;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (dir->dir.slots[middle].serial < serial)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Into the tables that are volatile, in which there is room. */
static void enter(struct entry *e)
{
    struct directory_part *d = &e->parent->dir;
    struct entry **bucket = &buckets[e->hash & (bucket_count - 1)];

    e->chain = *bucket;
    *bucket = e;
    name_count++;
    d->slots[d->used++] = (struct slot){e->serial, e};
    d->live++;
}

int dir_add(struct inode *dir, const char *name, size_t length, uint32_t hash, struct inode *node)
{
    struct directory_part *d = &dir->dir;

    if (name_count >= bucket_count)
        rehash(bucket_count != 0 ? bucket_count * 2 : BUCKETS_MIN);
    if (bucket_count == 0 || !array_fit((void **)&d->slots, &d->room, d->used + 1, sizeof *d->slots))
        return -ENOSPC;

    struct entry *e = entry_new(length);

    if (e == NULL)
        return -ENOSPC;
    e->parent = dir;
    e->inode = node;
    e->serial = d->next_serial++;
    e->hash = hash;
    e->length = (uint8_t)length;
    memcpy(e->name, name, length);
    e->name[length] = '\0';
    entry_set_live(e, true);
    enter(e);
    dir->mtime_ns = ramfs_now();
    return 0;
}

void dir_forget(void)
{
    free(buckets);
    buckets = NULL;
    bucket_count = name_count = 0;
}

int dir_restore(struct entry *e)
{
    struct directory_part *d = &e->parent->dir;

    if (name_count >= bucket_count)
        rehash(bucket_count != 0 ? bucket_count * 2 : BUCKETS_MIN);
    if (bucket_count == 0 || !array_fit((void **)&d->slots, &d->room, d->used + 1, sizeof *d->slots))
        return -ENOMEM;
    enter(e);
    if (d->next_serial <= e->serial)
        d->next_serial = e->serial + 1;
    return 0;
}

static int by_serial(const void *a, const void *b)
{
    uint64_t first = ((const struct slot *)a)->serial, second = ((const struct slot *)b)->serial;

    return first < second ? -1 : first > second;
}

void dir_sort(struct inode *dir)
{
    if (dir->dir.used > 1)
        qsort(dir->dir.slots, dir->dir.used, sizeof *dir->dir.slots, by_serial);
}

void dir_remove(struct entry *e)
{
    struct inode *dir = e->parent;
    struct directory_part *d = &dir->dir;
    struct entry **link = &buckets[e->hash & (bucket_count - 1)];

    entry_set_live(e, false);
    while (*link != e)
        link = &(*link)->chain;
    *link = e->chain;
    name_count--;
    d->slots[dir_slot(dir, e->serial)].entry = NULL;
    d->live--;
    dir->mtime_ns = ramfs_now();
    entry_free(e);

    while (d->used > 0 && d->slots[d->used - 1].entry == NULL)
        d->used--;
    if (d->used > 2 * d->live + 16) {
        size_t kept = 0;

        for (size_t i = 0; i < d->used; i++)
            if (d->slots[i].entry != NULL)
                d->slots[kept++] = d->slots[i];
        d->used = kept;
    }
    array_fit((void **)&d->slots, &d->room, d->used, sizeof *d->slots);
    if (bucket_count > BUCKETS_MIN && name_count < bucket_count / 4)
        rehash(bucket_count / 2);
}

/* Put one record at `out`; gives its length, 0 when it does not fit. */
static size_t put_record(void *out, size_t room, const struct inode *node, const char *name, size_t length)
{
    size_t bytes = (offsetof(struct kdirent, d_name) + length + 1 + 7) & ~(size_t)7;
    struct kdirent *record = out;

    if (bytes > room)
        return 0;
    record->d_ino = (uint64_t)node->index + 1;
    record->d_reclen = (uint16_t)bytes;
    record->d_type = (uint8_t)((node->mode & S_IFMT) >> 12);
    memcpy(record->d_name, name, length);
    memset(record->d_name + length, 0, bytes - offsetof(struct kdirent, d_name) - length);
    return bytes;
}

int64_t dir_list(const struct inode *dir, uint64_t *offset, void *out, size_t room)
{
    size_t done = 0, n = 1;

    if (dir->links == 0)
        return 0; /* removed */
    for (; n != 0 && *offset < SERIAL_FIRST; *offset += n != 0) {
        const struct inode *node = *offset == 0 ? dir : dir->dir.parent;

        n = put_record((char *)out + done, room - done, node, "..", (size_t)*offset + 1);
        done += n;
    }
    for (size_t i = n != 0 ? dir_slot(dir, *offset) : dir->dir.used; i < dir->dir.used; i++) {
        const struct slot *slot = &dir->dir.slots[i];

        if (slot->entry == NULL)
            continue;
        n = put_record((char *)out + done, room - done, slot->entry->inode, slot->entry->name,
                       slot->entry->length);
        if (n == 0)
            break;
        done += n;
        *offset = slot->serial + 1;
    }
    return done == 0 && n == 0 ? -EINVAL : (int64_t)done;
}

#define XV6_NAME 14

struct xv6_entry {
    uint16_t number; /* 0: no entry */
    char name[XV6_NAME];
};

int64_t dir_list_xv6(const struct inode *dir, uint64_t offset, void *out, size_t room)
{
    struct xv6_entry *to = out;
    size_t n = 0;

    for (uint64_t at = offset / sizeof *to; (n + 1) * sizeof *to <= room && at < dir->dir.used + SERIAL_FIRST;
         at++, n++) {
        const struct entry *e = at < SERIAL_FIRST ? NULL : dir->dir.slots[at - SERIAL_FIRST].entry;
        const struct inode *node = at == 0 ? dir : at == 1 ? dir->dir.parent : e != NULL ? e->inode : NULL;
        const char *name = at == 0 ? "." : at == 1 ? ".." : e != NULL ? e->name : "";

        memset(&to[n], 0, sizeof to[n]);
        if (node != NULL)
            to[n].number = (uint16_t)(node->index + 1) != 0 ? (uint16_t)(node->index + 1) : UINT16_MAX;
        memcpy(to[n].name, name, strnlen(name, XV6_NAME));
    }
    return (int64_t)(n * sizeof *to);
}

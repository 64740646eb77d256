/*
 * The tree at the start: what the initrd holds, and the device nodes. File contents are not copied: inodes
 * point into the archive, which stays mapped. Called once by main.c, before the first message.
 */
#include "ramfs.h"

#include <common/cpio.h>
#include <stdlib.h>
#include <string.h>

/* Names of one file: the archive has the contents with one of them. */
struct hard_link {
    uint32_t number; /* in the archive */
    struct inode *node;
};

static struct hard_link *hard_links;
static size_t hard_link_room, hard_link_count;

/* Find what `path` names, making directories that are missing on the way to it. 0, or an error. */
static int find_place(const char *path, struct place *place)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    int result = walk(store_root(), path, 0, WALK_NAME, place);

    if (result != -ENOENT)
        return result;
    if (length >= sizeof part)
        return -ENAMETOOLONG;
    for (size_t i = 1; i < length; i++) {
        struct inode *made;

        if (path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        result = walk(store_root(), part, 0, WALK_NAME, place);
        if (result == 0 && place->inode == NULL)
            result = make_node(place, S_IFDIR | 0755, 0, &made);
        store_finish(0, NULL);
        if (result != 0)
            return result;
    }
    return walk(store_root(), path, 0, WALK_NAME, place);
}

static void set_image(struct inode *node, const struct cpio_entry *entry)
{
    if (entry->size == 0 || node->file.image_size != 0)
        return;
    node->file.image = (uint64_t)((const uint8_t *)entry->data - store_archive);
    node->file.image_size = entry->size;
    node->size = entry->size;
}

/* Another name for a file that came before: 1 done, 0 not known yet. */
static int add_link(const struct cpio_entry *entry, const struct place *place)
{
    for (size_t i = 0; i < hard_link_count; i++) {
        if (hard_links[i].number != entry->ino)
            continue;

        int result = dir_add(place->dir, place->name, place->length, place->hash, hard_links[i].node);

        if (result != 0)
            return result;
        hard_links[i].node->links++;
        set_image(hard_links[i].node, entry);
        return 1;
    }
    return 0;
}

static int add_entry(const struct cpio_entry *entry)
{
    uint32_t type = entry->mode & S_IFMT, mode = entry->mode & (S_IFMT | MODE_BITS);
    struct inode *node;
    struct place place;

    if (type != S_IFREG && type != S_IFDIR && type != S_IFCHR)
        return 0; /* nothing that ramfs has */

    int result = find_place(entry->name, &place);

    if (result != 0)
        return result;
    if (place.inode != NULL) {
        if (type == S_IFDIR && S_ISDIR(place.inode->mode))
            place.inode->mode = mode;
        return 0; /* "." and directories made on the way; of files, the first counts */
    }
    if (type == S_IFREG && entry->nlink > 1) {
        result = add_link(entry, &place);
        if (result != 0)
            return result < 0 ? result : 0;
    }
    result = make_node(&place, mode, type == S_IFCHR ? entry->rdev : 0, &node);
    if (result != 0)
        return result;
    if (type == S_IFREG)
        set_image(node, entry);
    if (type == S_IFREG && entry->nlink > 1) {
        if (!array_fit((void **)&hard_links, &hard_link_room, hard_link_count + 1, sizeof *hard_links))
            return -ENOSPC;
        hard_links[hard_link_count++] = (struct hard_link){entry->ino, node};
    }
    return 0;
}

int fill_from_archive(const void *archive, size_t size)
{
    struct cpio_entry entry;
    size_t position = 0;
    int result;

    while ((result = cpio_next(archive, size, &position, &entry)) > 0) {
        result = add_entry(&entry);
        store_finish(0, NULL);
        if (result != 0)
            break;
    }
    hard_link_count = 0;
    array_fit((void **)&hard_links, &hard_link_room, 0, sizeof *hard_links);
    return result;
}

int fill_devices(void)
{
    static const struct {
        const char *path;
        uint32_t rdev;
    } devices[] = {
        {"dev/console", MAJOR_CONSOLE << 8 | 1},
        {"dev/null", MAJOR_OWN << 8 | MINOR_NULL},
        {"dev/zero", MAJOR_OWN << 8 | MINOR_ZERO},
    };

    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        struct inode *node;
        struct place place;
        int result = find_place(devices[i].path, &place);

        if (result == 0 && place.inode == NULL)
            result = make_node(&place, S_IFCHR | 0666, devices[i].rdev, &node);
        store_finish(0, NULL);
        if (result != 0)
            return result;
    }
    return 0;
}

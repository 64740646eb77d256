/*
 * The walk along a path: one look in the table of names per component, nothing allocated.
 * It stops at mount points: what lies beyond is another server's. Called for every operation on names.
 */
#include "ramfs.h"

#include <string.h>

#define XV6_NAME_MAX 14

bool place_is_dots(const struct place *place)
{
    return place->name[0] == '.' && (place->length == 1 || (place->length == 2 && place->name[1] == '.'));
}

/* xv6 programs expect names to be cut to 14 bytes. A file with a longer name that native programs or the
 * initrd made is found by it all the same. */
static void find_cut_name(struct place *place)
{
    place->length = XV6_NAME_MAX;
    place->hash = name_hash(place->dir, place->name, XV6_NAME_MAX);
    place->entry = dir_find(place->dir, place->name, XV6_NAME_MAX, place->hash);
}

/* Look `place->name` up in `place->dir`, and set `entry` and `inode`. */
static void step(struct place *place, uint32_t flags)
{
    if (place_is_dots(place)) {
        place->entry = NULL;
        place->inode = place->length == 1 ? place->dir : place->dir->dir.parent;
        if ((flags & MSGF_XV6) != 0 && place->length == 2 && place->inode->links == 0)
            place->inode = NULL; /* xv6 does not lead into a directory that has been removed; Linux does */
        return;
    }
    place->entry = dir_find(place->dir, place->name, place->length, place->hash);
    if (place->entry == NULL && (flags & MSGF_XV6) != 0 && place->length > XV6_NAME_MAX)
        find_cut_name(place);
    place->inode = place->entry != NULL ? place->entry->inode : NULL;
}

int walk(struct inode *start, const char *path, uint32_t flags, enum walk_mode mode, struct place *place)
{
    const char *at = path;

    place->dir = start;
    place->inode = start;
    place->entry = NULL;
    place->name = "";
    place->length = 0;
    place->slash = false;
    for (; *at == '/'; at++)
        place->slash = true; /* "/" is a directory: not so where somebody has a file as his root */
    while (*at != '\0') {
        struct inode *dir = place->inode;

        if (dir == NULL)
            return -ENOENT;
        if (!S_ISDIR(dir->mode))
            return -ENOTDIR;
        if (dir->dir.mount >= 0 && place->length != 0) {
            place->consumed = (size_t)(at - path);
            return WALK_REDIRECT;
        }
        place->dir = dir;
        place->name = at;

        uint32_t hash = name_hash_start(dir);

        for (; *at != '/' && *at != '\0'; at++)
            hash = name_hash_step(hash, *at);
        place->length = (size_t)(at - place->name);
        place->hash = hash;
        if (place->length > NAME_MAX)
            return -ENAMETOOLONG;
        step(place, flags);
        place->slash = *at == '/';
        while (*at == '/')
            at++;
    }
    place->consumed = (size_t)(at - path);
    if (place->inode == NULL)
        return 0;
    if (place->slash && !S_ISDIR(place->inode->mode))
        return -ENOTDIR;
    if (mode == WALK_TARGET && place->length != 0 && S_ISDIR(place->inode->mode) &&
        place->inode->dir.mount >= 0)
        return WALK_REDIRECT;
    return 0;
}

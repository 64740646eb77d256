/*
 * After a restart: the store is there, all that is volatile is not. An operation that was cut off is undone
 * first. Then the pages with memory are looked through, and what their inodes and names say is believed, but for
 * what cannot be. Called once by main.c, before the first message.
 */
#include "ramfs.h"

static unsigned nonsense; /* things that were dropped */

static void find_inodes(uint8_t *page)
{
    struct inode *node = (struct inode *)page;

    for (; (uint8_t *)node < page + BLOCK_SIZE; node++) {
        if (node->mode == 0)
            continue;
        if (node->index != inode_index_at(node) ||
            !(S_ISDIR(node->mode) || S_ISREG(node->mode) || S_ISCHR(node->mode))) {
            node->mode = 0;
            nonsense++;
            continue;
        }
        inode_found(node);
        node->references = 0;
        if (!S_ISDIR(node->mode))
            continue;
        node->dir.mount = -1;
        node->dir.slots = NULL;
        node->dir.room = node->dir.used = node->dir.live = 0;
    }
}

static bool makes_sense(const struct entry *entry)
{
    return entry_fits(entry) && entry->length > 0 && entry->name[entry->length] == '\0' &&
           inode_is_one(entry->parent) && S_ISDIR(entry->parent->mode) && inode_is_one(entry->inode) &&
           entry->hash == name_hash(entry->parent, entry->name, entry->length);
}

static int find_names(uint8_t *page)
{
    struct entry *entry, *after = NULL;

    for (; (entry = page_entry(page, after)) != NULL; after = entry) {
        if (!makes_sense(entry)) {
            entry_set_live(entry, false);
            store_finish(0, NULL);
            nonsense++;
            continue;
        }
        entry_found(entry);
        if (dir_restore(entry) != 0)
            return -ENOMEM;
    }
    return 0;
}

/* Call `find` for all pages of a kind; the first error. */
static int look_through(enum page_kind kind, int (*find)(uint8_t *page))
{
    uint8_t *page = (uint8_t *)store, *end;
    int result = 0;

    while (result == 0 && ramfs_committed(&page, &end))
        for (; result == 0 && page < end; page += BLOCK_SIZE)
            if (page_found(page) == kind)
                result = find(page);
    return result;
}

static int find_inodes_on(uint8_t *page)
{
    find_inodes(page);
    return 0;
}

/* What an inode says of others: a file's blocks, a directory's parent. */
static void follow(struct inode *node)
{
    if (S_ISREG(node->mode)) {
        nonsense += file_restore(node);
    } else if (S_ISDIR(node->mode)) {
        dir_sort(node);
        if (!inode_is_one(node->dir.parent)) {
            nonsense += node->links != 0; /* else it was just being made */
            node->dir.parent = store_root();
        }
        if (node->links == 0) /* removed, and its ".." still leads there */
            node->dir.parent->references++;
    }
}

int restore(void)
{
    if (!journal_roll_back())
        return -EINVAL;

    int result = look_through(PAGE_INODES, find_inodes_on);

    if (result == 0 && !inode_is_one(store_root()))
        result = -EINVAL;
    if (result == 0)
        result = look_through(PAGE_NAMES, find_names);
    if (result != 0)
        return result;
    for (struct inode *node = inode_from(0); node != NULL; node = inode_from((uint64_t)node->index + 1))
        follow(node);
    store_trim();
    return (int)nonsense;
}

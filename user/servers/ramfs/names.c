/*
 * Operations on names: stat, mkdir, rmdir, unlink, mknod, link, rename. Each checks everything first and
 * only then changes anything. There are no users: of the mode bits only those of files are looked at, in
 * open.c. Called by main.c; makes no system call.
 */
#include "ramfs.h"

uint32_t message_flags(const struct message *m)
{
    return (uint32_t)(m->info >> 32);
}

/* xv6's tests write until the disk is full, and count on that it is a small one. */
#define XV6_BLOCKS_MAX ((16u << 20) / BLOCK_SIZE)

bool xv6_full(const struct message *m)
{
    return (message_flags(m) & MSGF_XV6) != 0 && store_blocks() >= XV6_BLOCKS_MAX;
}

int64_t answer_redirect(struct reply *answer, int session, size_t consumed)
{
    answer->flags = REPLY_REDIRECT;
    answer->extra = (uint64_t)session;
    answer->length = consumed;
    return 0;
}

int64_t answer_stat(const struct inode *node, struct reply *answer)
{
    static struct stat out;

    out = (struct stat){
        .st_dev = store->instance,
        .st_ino = (uint64_t)node->index + 1,
        .st_mode = node->mode,
        .st_nlink = node->links,
        .st_size = node->size,
        .st_rdev = node->rdev,
        .st_mtime_ns = node->mtime_ns,
    };
    if (S_ISDIR(node->mode))
        out.st_size = (node->dir.used + SERIAL_FIRST) * 16; /* what xv6 programs can read of it */
    else if (S_ISREG(node->mode))
        out.st_blocks = node->file.blocks * (BLOCK_SIZE / 512);
    answer->data = &out;
    answer->length = sizeof out;
    answer->flags = REPLY_DATA;
    return 0;
}

/* The walk from a message's cookie. As walk; a redirect is put into `answer`. */
static int walk_from(uint64_t cookie, const struct message *m, const char *path, enum walk_mode mode,
                     struct place *place, struct reply *answer)
{
    struct inode *start = inode_of(cookie);

    if (start == NULL)
        return -ESTALE;

    int result = walk(start, path, message_flags(m), mode, place);

    if (result == WALK_REDIRECT)
        answer_redirect(answer, place->inode->dir.mount, place->consumed);
    return result;
}

/* The status for the outcome of a walk that leaves nothing more to do. */
static int64_t outcome(int result)
{
    return result == WALK_REDIRECT ? 0 : result;
}

static bool is_mount(const struct inode *node)
{
    return S_ISDIR(node->mode) && node->dir.mount >= 0;
}

int64_t op_stat(const struct message *m, const char *path, struct reply *answer)
{
    struct place place;
    int result = walk_from(m->cookie, m, path, WALK_TARGET, &place, answer);

    if (result != 0)
        return outcome(result);
    return place.inode != NULL ? answer_stat(place.inode, answer) : -ENOENT;
}

int64_t op_resolve(const struct message *m, const char *path, struct reply *answer)
{
    struct place place;

    return outcome(walk_from(m->cookie, m, path, WALK_NAME, &place, answer));
}

int make_node(const struct place *place, uint32_t mode, uint32_t rdev, struct inode **out)
{
    if (place->dir->links == 0)
        return -ENOENT;

    struct inode *node = inode_new(mode);

    if (node == NULL)
        return -ENOSPC;
    node->rdev = rdev;
    if (S_ISDIR(mode))
        node->dir.parent = place->dir;
    if (dir_add(place->dir, place->name, place->length, place->hash, node) != 0) {
        if (S_ISDIR(mode))
            place->dir->references++; /* as for every directory that goes */
        inode_settle(node);
        return -ENOSPC;
    }
    CHANGE(node->links) = S_ISDIR(mode) ? 2 : 1;
    if (S_ISDIR(mode))
        CHANGE(place->dir->links)++;
    *out = node;
    return 0;
}

int64_t op_mkdir(const struct message *m, const char *path, struct reply *answer)
{
    struct place place;
    struct inode *made;
    int result = walk_from(m->cookie, m, path, WALK_NAME, &place, answer);

    if (result != 0)
        return outcome(result);
    if (place.inode != NULL)
        return -EEXIST;
    if (xv6_full(m))
        return -ENOSPC;
    return make_node(&place, S_IFDIR | (m->arg0 & MODE_BITS), 0, &made);
}

int64_t op_mknod(const struct message *m, const char *path, struct reply *answer)
{
    struct place place;
    struct inode *made;
    uint32_t type = m->arg0 & S_IFMT;
    int result = walk_from(m->cookie, m, path, WALK_NAME, &place, answer);

    if (result != 0)
        return outcome(result);
    if (place.inode != NULL)
        return -EEXIST;
    if (place.slash)
        return -ENOENT;
    if (type == 0)
        type = S_IFREG;
    if ((type != S_IFREG && type != S_IFCHR) || m->arg1 >= MAJORS << 8)
        return -EINVAL;
    return make_node(&place, type | (m->arg0 & MODE_BITS), type == S_IFCHR ? (uint32_t)m->arg1 : 0,
                     &made);
}

/* Take an empty directory's name away. Its ".." goes on leading to where it was. */
static void remove_directory(struct entry *entry)
{
    struct inode *node = entry->inode, *parent = entry->parent;

    dir_remove(entry);
    CHANGE(parent->links)--;
    parent->references++;
    CHANGE(node->links) = 0;
    inode_settle(node);
}

static void remove_file(struct entry *entry)
{
    struct inode *node = entry->inode;

    dir_remove(entry);
    CHANGE(node->links)--;
    inode_settle(node);
}

int64_t op_rmdir(const struct message *m, const char *path, struct reply *answer)
{
    struct place place;
    int result = walk_from(m->cookie, m, path, WALK_NAME, &place, answer);

    if (result != 0)
        return outcome(result);
    if (place.inode == NULL)
        return -ENOENT;
    if (!S_ISDIR(place.inode->mode))
        return -ENOTDIR;
    if (place.length == 1 && place.name[0] == '.')
        return -EINVAL;
    if (place.length != 0 && place_is_dots(&place))
        return -ENOTEMPTY;
    if (place.entry == NULL || is_mount(place.inode))
        return -EBUSY;
    if (place.inode->dir.live != 0)
        return -ENOTEMPTY;
    remove_directory(place.entry);
    return 0;
}

int64_t op_unlink(const struct message *m, const char *path, struct reply *answer)
{
    struct place place;
    int result = walk_from(m->cookie, m, path, WALK_NAME, &place, answer);

    if (result != 0)
        return outcome(result);
    if (place.inode == NULL)
        return -ENOENT;
    if (!S_ISDIR(place.inode->mode)) {
        if (place.entry == NULL)
            return -EBUSY; /* the start itself: somebody has a file as his root, or mounted one */
        remove_file(place.entry);
        return 0;
    }
    if ((message_flags(m) & MSGF_XV6) != 0) /* there, unlink removes empty directories as well */
        return op_rmdir(m, path, answer);
    return -EISDIR;
}

/* Walk both paths of link and rename. As walk_from. */
static int walk_two(const struct message *m, const char *path, struct place *from, struct place *to,
                    struct reply *answer)
{
    const char *second = path;
    int result = walk_from(m->cookie, m, path, WALK_NAME, from, answer);

    if (result != 0)
        return result;
    if (m->op == MSG_LINK && from->inode == NULL)
        return -ENOENT;
    while (*second++ != '\0')
        continue;
    result = walk_from(m->arg2, m, second, WALK_NAME, to, answer);
    if (result == WALK_REDIRECT)
        answer->flags |= REPLY_SECOND;
    return result;
}

int64_t op_link(const struct message *m, const char *path, struct reply *answer)
{
    struct place from, to;
    int result = walk_two(m, path, &from, &to, answer);

    if (result != 0)
        return outcome(result);
    if (to.inode != NULL)
        return -EEXIST;
    if (to.slash || to.dir->links == 0)
        return -ENOENT;
    if (S_ISDIR(from.inode->mode))
        return -EPERM;
    if (from.inode->links == UINT32_MAX)
        return -EMLINK;
    result = dir_add(to.dir, to.name, to.length, to.hash, from.inode);
    if (result == 0)
        CHANGE(from.inode->links)++;
    return result;
}

/* Whether `dir` is `node` or lies somewhere below it. */
static bool is_below(const struct inode *dir, const struct inode *node)
{
    while (dir != node && dir != dir->dir.parent)
        dir = dir->dir.parent;
    return dir == node;
}

/* What forbids this rename, as POSIX has it; 0: nothing. */
static int check_rename(const struct place *from, const struct place *to)
{
    const struct inode *node = from->inode, *target = to->inode;

    if (node == NULL)
        return -ENOENT;
    if (from->length == 0 || to->length == 0)
        return -EBUSY; /* the root, or a directory that names itself */
    if (place_is_dots(from) || place_is_dots(to))
        return -EINVAL;
    if (is_mount(node) || (target != NULL && is_mount(target)))
        return -EBUSY;
    if (to->dir->links == 0)
        return -ENOENT;
    if (target == node)
        return 0;
    if (S_ISDIR(node->mode) && is_below(to->dir, node))
        return -EINVAL;
    if (target == NULL)
        return to->slash && !S_ISDIR(node->mode) ? -ENOTDIR : 0;
    if (is_below(from->dir, target))
        return -ENOTEMPTY;
    if (!S_ISDIR(node->mode))
        return S_ISDIR(target->mode) ? -EISDIR : 0;
    if (!S_ISDIR(target->mode))
        return -ENOTDIR;
    return target->dir.live != 0 ? -ENOTEMPTY : 0;
}

int64_t op_rename(const struct message *m, const char *path, struct reply *answer)
{
    struct place from, to;
    int result = walk_two(m, path, &from, &to, answer);

    if (result != 0)
        return outcome(result);
    result = check_rename(&from, &to);
    if (result != 0 || from.inode == to.inode)
        return result; /* two names of one file: both stay */

    struct inode *node = from.inode, *old = to.inode;
    bool is_directory = S_ISDIR(node->mode);

    if (old == NULL) {
        result = dir_add(to.dir, to.name, to.length, to.hash, node);
        if (result != 0)
            return result;
        if (is_directory)
            CHANGE(to.dir->links)++;
    } else {
        CHANGE(to.entry->inode) = node;
        to.dir->mtime_ns = ramfs_now();
    }
    dir_remove(from.entry);
    if (is_directory) {
        CHANGE(from.dir->links)--;
        CHANGE(node->dir.parent) = to.dir;
    }
    if (old == NULL)
        return 0;
    if (is_directory) {
        to.dir->references++; /* for the removed one's ".." */
        CHANGE(old->links) = 0;
    } else {
        CHANGE(old->links)--;
    }
    inode_settle(old);
    return 0;
}

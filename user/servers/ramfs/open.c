/*
 * Opening, and what makes a path lead to another server: mounts and device nodes.
 * Called by main.c; makes no system call but through it.
 */
#include "ramfs.h"

#define READY ((uint64_t)(POLLIN | POLLOUT) << SESSION_READY_SHIFT)

/* Sessions that are kept for the next ramfs have these keys: an inode's number, or this and a major number. */
#define KEY_DRIVER (1ull << 32)

static int driver_sessions[MAJORS]; /* handle + 1; 0: none */
static uint64_t unmounted;          /* an inode's number + 1: nothing is mounted there any more; or 0 */

int driver_set(uint64_t major, int session)
{
    if (major == MAJOR_OWN || major >= MAJORS || session < 0)
        return -EINVAL;
    if (driver_sessions[major] != 0)
        ramfs_close(driver_sessions[major] - 1);
    driver_sessions[major] = session + 1;
    return 0;
}

void refuse_handle(const struct message *m)
{
    if ((message_flags(m) & MSGF_HANDLE) != 0)
        ramfs_close((int)m->arg1);
}

int64_t op_register_driver(const struct message *m)
{
    int result = -EINVAL;

    if ((message_flags(m) & MSGF_HANDLE) != 0 && m->arg0 < MAJORS && m->arg0 != MAJOR_OWN)
        result = ramfs_keep(KEY_DRIVER + m->arg0, (int)m->arg1);
    if (result == 0)
        result = driver_set(m->arg0, (int)m->arg1);
    if (result != 0)
        refuse_handle(m);
    return result;
}

/* Make the session of an open. Its end comes as MSG_CLOSE. */
static int64_t answer_session(struct inode *node, uint64_t session_flags, struct reply *answer)
{
    node->references++;
    answer->flags = REPLY_SESSION;
    answer->extra = inode_cookie(node);
    answer->length = session_flags | READY;
    return 0;
}

static int64_t open_device(struct inode *node, uint64_t session_flags, size_t path_length,
                           struct reply *answer)
{
    uint32_t major = node->rdev >> 8, minor = node->rdev & 0xff;

    if (major != MAJOR_OWN) {
        if (driver_sessions[major] == 0)
            return -ENXIO;
        return answer_redirect(answer, driver_sessions[major] - 1, path_length);
    }
    if (minor != MINOR_NULL && minor != MINOR_ZERO)
        return -ENXIO;
    return answer_session(node, session_flags, answer);
}

/* What the mode bits of a file allow. A directory is opened for reading only. */
static int check_access(const struct inode *node, uint64_t flags, uint64_t session_flags)
{
    if (S_ISDIR(node->mode)) {
        if ((flags & O_EXEC) != 0)
            return -EACCES;
        return (session_flags & SESSION_WRITE) != 0 || (flags & (O_CREAT | O_TRUNC)) != 0 ? -EISDIR : 0;
    }
    if ((flags & O_DIRECTORY) != 0)
        return -ENOTDIR;
    if ((flags & O_EXEC) != 0 && (!S_ISREG(node->mode) || (node->mode & 0111) == 0))
        return -EACCES;
    if (((session_flags & SESSION_WRITE) != 0 || (flags & O_TRUNC) != 0) && (node->mode & 0222) == 0)
        return -EACCES;
    if ((session_flags & SESSION_READ) != 0 && (flags & O_EXEC) == 0 && (node->mode & 0444) == 0)
        return -EACCES;
    return 0;
}

static uint64_t access_of(uint64_t flags)
{
    static const uint8_t access[] = {
        [O_RDONLY] = SESSION_READ,
        [O_WRONLY] = SESSION_WRITE,
        [O_RDWR] = SESSION_READ | SESSION_WRITE,
        [O_ACCMODE] = 0,
    };

    return access[flags & O_ACCMODE];
}

static int64_t open_new(const struct message *m, const struct place *place, uint64_t session_flags,
                        struct reply *answer)
{
    struct inode *node;

    if ((m->arg0 & O_DIRECTORY) != 0)
        return -EINVAL;
    if (place->slash)
        return -EISDIR;

    int result = make_node(place, S_IFREG | (m->arg1 & MODE_BITS), 0, &node);

    return result != 0 ? result : answer_session(node, session_flags | SESSION_SEEKABLE, answer);
}

int64_t op_open(const struct message *m, const char *path, struct reply *answer)
{
    struct inode *start = inode_of(m->cookie);
    uint64_t flags = m->arg0, session_flags = access_of(flags);
    struct place place;

    if (start == NULL)
        return -ESTALE;
    if ((flags & O_ACCMODE) == O_ACCMODE)
        return -EINVAL;

    int result = walk(start, path, message_flags(m), WALK_TARGET, &place);

    if (result == WALK_REDIRECT)
        return answer_redirect(answer, place.inode->dir.mount, place.consumed);
    if (result != 0)
        return result;

    struct inode *node = place.inode;

    if ((flags & O_PATH) != 0) {
        if (node == NULL)
            return -ENOENT;
        if ((flags & O_DIRECTORY) != 0 && !S_ISDIR(node->mode))
            return -ENOTDIR;
        return answer_session(node, 0, answer);
    }
    if (node == NULL)
        return (flags & O_CREAT) != 0 ? open_new(m, &place, session_flags, answer) : -ENOENT;
    if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0)
        return -EEXIST;
    result = check_access(node, flags, session_flags);
    if (result != 0)
        return result;
    if (S_ISCHR(node->mode))
        return open_device(node, session_flags, place.consumed, answer);
    if ((flags & O_TRUNC) != 0)
        file_resize(node, 0);
    return answer_session(node, session_flags | SESSION_SEEKABLE, answer);
}

/* The directory a mount operation means, which is not crossed. As walk. */
static int walk_to_mount(const struct message *m, const char *path, struct place *place,
                         struct reply *answer)
{
    struct inode *start = inode_of(m->cookie);

    if (start == NULL)
        return -ESTALE;

    int result = walk(start, path, message_flags(m), WALK_NAME, place);

    if (result == WALK_REDIRECT)
        answer_redirect(answer, place->inode->dir.mount, place->consumed);
    else if (result == 0 && place->inode == NULL)
        return -ENOENT;
    return result;
}

int64_t op_mount(const struct message *m, const char *path, struct reply *answer)
{
    struct place place;
    int result = walk_to_mount(m, path, &place, answer);

    if (result == 0) {
        if ((message_flags(m) & MSGF_HANDLE) == 0)
            result = -EINVAL;
        else if (!S_ISDIR(place.inode->mode))
            result = -ENOTDIR;
        else if (place.inode == store_root() || place.inode->dir.mount >= 0 || place.inode->links == 0)
            result = -EBUSY;
    }
    if (result == 0)
        result = ramfs_keep(place.inode->index, (int)m->arg1);
    if (result == 0) {
        CHANGE(place.inode->dir.mounted) = 1;
        place.inode->dir.mount = (int)m->arg1;
    } else
        refuse_handle(m); /* on a redirect, the next server gets a copy of its own */
    return result == WALK_REDIRECT ? 0 : result;
}

int64_t op_unmount(const struct message *m, const char *path, struct reply *answer)
{
    struct place place;
    int result = walk_to_mount(m, path, &place, answer);

    if (result != 0)
        return result == WALK_REDIRECT ? 0 : result;
    if (!S_ISDIR(place.inode->mode) || place.inode->dir.mount < 0)
        return -EINVAL;
    ramfs_close(place.inode->dir.mount);
    CHANGE(place.inode->dir.mounted) = 0;
    place.inode->dir.mount = -1;
    unmounted = (uint64_t)place.inode->index + 1; /* the session is let go when this has taken effect */
    return 0;
}

void mounts_settle(void)
{
    if (unmounted != 0)
        ramfs_keep(unmounted - 1, -1);
    unmounted = 0;
}

void mounts_forget(void)
{
    unmounted = 0;
}

bool mount_restore(uint64_t key, int handle)
{
    struct inode *node = inode_from(key);

    if (key >= KEY_DRIVER)
        return driver_set(key - KEY_DRIVER, handle) == 0;
    if (node == NULL || node->index != key || !S_ISDIR(node->mode) || node->dir.mounted == 0)
        return false;
    node->dir.mount = handle;
    return true;
}

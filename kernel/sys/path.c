/*
 * System calls that name a path.
 */
#include "sys/calls.h"

#include "ipc/path.h"

#include <kinglet/file.h>

int64_t sys_open(const uint64_t a[7])
{
    int flags = (int)a[1];
    int n = handle_reserve(0);
    if (n < 0)
        return n;
    struct object *object;
    int64_t error = path_open(user_at(a[0]), flags, (int)a[2], &object);
    if (error) {
        handle_cancel(n);
        return error;
    }
    handle_install(n, object, handle_flags_of_open(flags));
    return n;
}

static int64_t simple(uint64_t op, const uint64_t a[7])
{
    return path_call(op, user_at(a[0]), a[1], a[2], user_at(0), 0, NULL, NULL);
}

int64_t sys_stat(const uint64_t a[7])
{
    int64_t status =
        path_call(MSG_STAT, user_at(a[0]), 0, 0, user_at(a[1]), sizeof(struct stat), NULL, NULL);
    return status < 0 ? status : 0;
}

int64_t sys_mkdir(const uint64_t a[7])
{
    return simple(MSG_MKDIR, a);
}

int64_t sys_rmdir(const uint64_t a[7])
{
    return simple(MSG_RMDIR, a);
}

int64_t sys_unlink(const uint64_t a[7])
{
    return simple(MSG_UNLINK, a);
}

int64_t sys_mknod(const uint64_t a[7])
{
    return simple(MSG_MKNOD, a);
}

int64_t sys_unmount(const uint64_t a[7])
{
    return simple(MSG_UNMOUNT, a);
}

int64_t sys_link(const uint64_t a[7])
{
    return path_call_two(MSG_LINK, user_at(a[0]), user_at(a[1]));
}

int64_t sys_rename(const uint64_t a[7])
{
    return path_call_two(MSG_RENAME, user_at(a[0]), user_at(a[1]));
}

int64_t sys_chdir(const uint64_t a[7])
{
    return path_chdir(user_at(a[0]));
}

int64_t sys_mount(const uint64_t a[7])
{
    int error;
    struct object *o = handle_get_kind((int)a[1], &session_ops, -EINVAL, &error);
    if (!o)
        return error;
    int64_t status = path_call(MSG_MOUNT, user_at(a[0]), 0, 0, user_at(0), 0, o, NULL);
    object_put(o);
    return status;
}

int64_t sys_set_root(const uint64_t a[7])
{
    int error;
    struct object *o = handle_get_kind((int)a[0], &session_ops, -EINVAL, &error);
    if (!o)
        return error;
    return path_set_root(container_of(o, struct session, object));
}

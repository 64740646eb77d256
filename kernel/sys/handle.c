/*
 * System calls on handles.
 */
#include "sys/calls.h"

#include "ipc/file.h"
#include "ipc/pipe.h"
#include "ipc/poll.h"
#include "riscv/clock.h"

#include <common/string.h>
#include <kinglet/file.h>

#define IO_MAX ((uint64_t)INT64_MAX)

static struct session *get_session(uint64_t handle, int *error)
{
    struct object *o = handle_get_kind((int)handle, &session_ops, -EINVAL, error);
    return o ? container_of(o, struct session, object) : NULL;
}

int64_t sys_dup(const uint64_t a[7])
{
    return handle_dup((int)a[0], 0);
}

int64_t sys_dup2(const uint64_t a[7])
{
    return handle_dup2((int)a[0], (int)a[1]);
}

int64_t sys_close(const uint64_t a[7])
{
    return handle_close((int)a[0]);
}

static int access_mode(struct object *o)
{
    bool can_read = o->ops->read, can_write = o->ops->write;
    if (o->ops == &session_ops) {
        uint32_t mode = container_of(o, struct session, object)->mode;
        can_read = mode & SESSION_READ;
        can_write = mode & SESSION_WRITE;
    }
    return can_read && can_write ? O_RDWR : can_write ? O_WRONLY : O_RDONLY;
}

int64_t sys_fcntl(const uint64_t a[7])
{
    int n = (int)a[0];
    const uint32_t settable = O_NONBLOCK | O_APPEND;
    int64_t result;
    switch (a[1]) {
    case F_DUPFD:
        return a[2] > INT32_MAX ? -EINVAL : handle_dup(n, (int)a[2]);
    case F_GETFD:
        result = handle_flags(n, -1);
        return result < 0 ? result : result & HANDLE_CLOEXEC ? FD_CLOEXEC : 0;
    case F_SETFD:
        result = handle_flags(n, a[2] & FD_CLOEXEC ? HANDLE_CLOEXEC : 0);
        return result < 0 ? result : 0;
    default:
        break;
    }
    struct object *o = handle_get(n);
    if (!o)
        return -EBADF;
    result = 0;
    if (a[1] == F_GETFL)
        result = (int64_t)(atomic_load(&o->flags) | (uint32_t)access_mode(o));
    else if (a[1] == F_SETFL)
        atomic_store(&o->flags, (uint32_t)a[2] & settable);
    else
        result = -EINVAL;
    object_put(o);
    return result;
}

int64_t sys_pipe(const uint64_t a[7])
{
    int ends[2];
    uint64_t flags = a[1];
    if (flags & ~(uint64_t)(O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    ends[0] = handle_reserve(0);
    if (ends[0] < 0)
        return ends[0];
    ends[1] = handle_reserve(0);
    struct object *reader, *writer;
    int error = ends[1] < 0 ? ends[1] : 0;
    if (!error)
        error = to_user(a[0], ends, sizeof ends);
    if (!error)
        error = pipe_create(&reader, &writer);
    if (error) {
        handle_cancel(ends[0]);
        if (ends[1] >= 0)
            handle_cancel(ends[1]);
        return error;
    }
    atomic_store(&reader->flags, (uint32_t)flags & O_NONBLOCK);
    atomic_store(&writer->flags, (uint32_t)flags & O_NONBLOCK);
    int handle = flags & O_CLOEXEC ? HANDLE_CLOEXEC : 0;
    handle_install(ends[0], reader, handle);
    handle_install(ends[1], writer, handle);
    return 0;
}

int64_t sys_read(const uint64_t a[7])
{
    struct object *o = handle_get((int)a[0]);
    if (!o)
        return -EBADF;
    int64_t result = !o->ops->read ? -EBADF : o->ops->read(o, user_at(a[1]), a[2] < IO_MAX ? a[2] : IO_MAX);
    object_put(o);
    return result;
}

int64_t sys_write(const uint64_t a[7])
{
    struct object *o = handle_get((int)a[0]);
    if (!o)
        return -EBADF;
    int64_t result = !o->ops->write ? -EBADF : o->ops->write(o, user_at(a[1]), a[2] < IO_MAX ? a[2] : IO_MAX);
    object_put(o);
    return result;
}

int64_t sys_lseek(const uint64_t a[7])
{
    int error;
    struct session *s = get_session(a[0], &error);
    if (!s)
        return error == -EINVAL ? -ESPIPE : error;
    int64_t result = session_seek(s, (int64_t)a[1], (int)a[2]);
    object_put(&s->object);
    return result;
}

static int64_t pipe_stat(uint64_t to)
{
    struct stat st;
    memset(&st, 0, sizeof st);
    st.st_ino = 1;
    st.st_mode = S_IFIFO | 0600;
    st.st_nlink = 1;
    return to_user(to, &st, sizeof st);
}

int64_t sys_fstat(const uint64_t a[7])
{
    struct object *o = handle_get((int)a[0]);
    if (!o)
        return -EBADF;
    int64_t result = -EINVAL;
    if (o->ops == &session_ops)
        result = session_simple(container_of(o, struct session, object), MSG_FSTAT, 0, user_at(a[1]),
                                sizeof(struct stat));
    else if (object_is_pipe(o))
        result = pipe_stat(a[1]);
    object_put(o);
    return result < 0 ? result : 0;
}

/* Operations on a session without an answer but the status. */
static int64_t simple(uint64_t handle, uint64_t op, uint64_t arg0, uint32_t needs)
{
    int error;
    struct session *s = get_session(handle, &error);
    if (!s)
        return error;
    int64_t result = needs && !(s->mode & needs) ? -EBADF : session_simple(s, op, arg0, user_at(0), 0);
    object_put(&s->object);
    return result;
}

int64_t sys_ftruncate(const uint64_t a[7])
{
    return (int64_t)a[1] < 0 ? -EINVAL : simple(a[0], MSG_TRUNCATE, a[1], SESSION_WRITE);
}

int64_t sys_fsync(const uint64_t a[7])
{
    return simple(a[0], MSG_SYNC, 0, 0);
}

int64_t sys_getdents(const uint64_t a[7])
{
    int error;
    struct session *s = get_session(a[0], &error);
    if (!s)
        return error == -EINVAL ? -ENOTDIR : error;
    int64_t result = session_readdir(s, user_at(a[1]), a[2] < IO_MAX ? a[2] : IO_MAX);
    object_put(&s->object);
    return result;
}

int64_t sys_poll(const uint64_t a[7])
{
    uint64_t now = clock_ticks();
    uint64_t when = (int64_t)a[2] < 0 ? SCHED_NEVER : now + ticks_of_ns(a[2]) + (a[2] ? 1 : 0);
    return poll_handles(user_at(a[0]), a[1], when);
}

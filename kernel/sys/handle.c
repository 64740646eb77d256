/*
 * System calls on handles.
 */
#include "sys/calls.h"

#include "ipc/file.h"
#include "ipc/message_pipe.h"
#include "ipc/pipe.h"
#include "ipc/poll.h"
#include "riscv/clock.h"

#include <common/string.h>
#include <kinglet/file.h>

#define IO_MAX ((uint64_t)INT64_MAX)

/* In ticks, of a timeout in ns: negative is for ever. */
static uint64_t deadline(int64_t ns)
{
    return ns < 0 ? SCHED_NEVER : clock_ticks() + ticks_of_ns((uint64_t)ns) + (ns ? 1 : 0);
}

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

/* The two kinds of flags of a handle: those of fcntl, and those that are given when it is made. */
_Static_assert(FD_CLOEXEC == HANDLE_CLOEXEC && FD_CLOFORK == HANDLE_CLOFORK, "fcntl's are the kernel's");

int handle_flags_of_open(uint64_t flags)
{
    return (flags & O_CLOEXEC ? HANDLE_CLOEXEC : 0) | (flags & O_CLOFORK ? HANDLE_CLOFORK : 0);
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
        return handle_flags(n, -1);
    case F_SETFD:
        result = handle_flags(n, (int)(a[2] & (FD_CLOEXEC | FD_CLOFORK)));
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

/* Two handles on a new pipe, or message pipe with these capacities, written to user memory first. */
static int64_t make_pipe(uint64_t user_ends, uint64_t flags, bool messages, uint64_t max_bytes, uint64_t max_messages)
{
    int ends[2];
    if (flags & ~(uint64_t)(O_NONBLOCK | O_CLOEXEC | O_CLOFORK))
        return -EINVAL;
    ends[0] = handle_reserve(0);
    if (ends[0] < 0)
        return ends[0];
    ends[1] = handle_reserve(0);
    struct object *reader, *writer;
    int error = ends[1] < 0 ? ends[1] : 0;
    if (!error)
        error = to_user(user_ends, ends, sizeof ends);
    if (!error)
        error = messages ? message_pipe_create(max_bytes, max_messages, &reader, &writer) : pipe_create(&reader, &writer);
    if (error) {
        handle_cancel(ends[0]);
        if (ends[1] >= 0)
            handle_cancel(ends[1]);
        return error;
    }
    atomic_store(&reader->flags, (uint32_t)flags & O_NONBLOCK);
    atomic_store(&writer->flags, (uint32_t)flags & O_NONBLOCK);
    int handle = handle_flags_of_open(flags);
    handle_install(ends[0], reader, handle);
    handle_install(ends[1], writer, handle);
    return 0;
}

int64_t sys_pipe(const uint64_t a[7])
{
    return make_pipe(a[0], a[1], false, 0, 0);
}

int64_t sys_message_pipe(const uint64_t a[7])
{
    return make_pipe(a[0], a[3], true, a[1], a[2]);
}

/* Send and receive: the parts of the message are described by the same arguments. */
static int64_t move_message(const uint64_t a[7], const struct object_ops *kind,
                            int64_t (*move)(struct object *, const struct message_parts *, uint64_t))
{
    const struct message_parts parts = {
        .data = user_at(a[1]), .bytes = a[2], .handles = user_at(a[3]), .count = a[4]};
    int error;
    uint64_t when = a[5] ? deadline((int64_t)a[5]) : 0;
    struct object *o = handle_get_kind((int)a[0], kind, -EBADF, &error);
    if (!o)
        return error;
    int64_t result = move(o, &parts, when);
    object_put(o);
    return result;
}

int64_t sys_message_send(const uint64_t a[7])
{
    return move_message(a, &message_sender_ops, message_send);
}

int64_t sys_message_receive(const uint64_t a[7])
{
    return move_message(a, &message_receiver_ops, message_receive);
}

int64_t sys_message_state(const uint64_t a[7])
{
    struct message_state state;
    struct object *o = handle_get((int)a[0]);
    if (!o)
        return -EBADF;
    int error = message_pipe_state(o, &state);
    object_put(o);
    return error ? error : to_user(a[1], &state, sizeof state);
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
    else if (object_is_pipe(o) || o->ops == &message_receiver_ops || o->ops == &message_sender_ops)
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
    return poll_handles(user_at(a[0]), a[1], deadline((int64_t)a[2]));
}

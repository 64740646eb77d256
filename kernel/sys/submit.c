/*
 * System calls about submitted calls.
 */
#include "sys/calls.h"

#include "ipc/completion.h"

/*
 * Those that can be submitted: what may take long, and is about handles, paths, children and memory, which all threads
 * of a process share. Not: what is about the calling thread itself (exit, exec, fork, threads, serving a channel,
 * waiting on a futex), and what never waits and so gains nothing.
 */
#define SUBMITTABLE(S) \
    S(wait) S(sleep) \
    S(read) S(write) S(fstat) S(ftruncate) S(getdents) S(poll) S(fsync) \
    S(message_send) S(message_receive) \
    S(open) S(stat) S(mkdir) S(rmdir) S(unlink) S(link) S(rename) S(mknod) \
    S(call)

/* What ps and the trace call its thread; NULL: it cannot be submitted. */
static const char *submitted_name(uint64_t number)
{
    switch (number) {
#define SUBMITTED_NAME(name) \
    case SYS_##name: \
        return "submit " #name;
        SUBMITTABLE(SUBMITTED_NAME)
#undef SUBMITTED_NAME
    default:
        return NULL;
    }
}

int64_t sys_completion_create(const uint64_t a[7])
{
    if (a[0] & ~(uint64_t)(O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    struct object *o = completion_create();
    if (!o)
        return -ENOMEM;
    atomic_store(&o->flags, (uint32_t)a[0] & O_NONBLOCK);
    return handle_add(o, a[0] & O_CLOEXEC ? HANDLE_CLOEXEC : 0);
}

int64_t sys_submit(const uint64_t a[7])
{
    struct submission what;
    int error;
    struct object *o = handle_get_kind((int)a[0], &completion_ops, -EINVAL, &error);
    if (!o)
        return error;
    error = from_user(&what, a[1], sizeof what);
    if (!error && !system_call_exists(what.number))
        error = -ENOSYS;
    const char *name = error ? NULL : submitted_name(what.number);
    if (!error)
        error = name ? completion_submit(o, &what, name, call_by_number) : -ENOTSUP;
    object_put(o);
    return error;
}

int64_t sys_submit_cancel(const uint64_t a[7])
{
    int error;
    struct object *o = handle_get_kind((int)a[0], &completion_ops, -EINVAL, &error);
    if (!o)
        return error;
    int64_t result = completion_cancel(o, a[1]);
    object_put(o);
    return result;
}

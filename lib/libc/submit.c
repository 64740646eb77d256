/*
 * Submitted calls: see <kinglet/submit.h>.
 */
#include "ecall.h"
#include <kinglet/submit.h>

int completion_create(int flags)
{
    return (int)ecall1(SYS_completion_create, flags);
}

int submit(int queue, const struct submission *what)
{
    return (int)ecall2(SYS_submit, queue, ARGUMENT(what));
}

int submit_cancel(int queue, uint64_t tag)
{
    return (int)ecall2(SYS_submit_cancel, queue, ARGUMENT(tag));
}

static int submit6(int queue, uint64_t tag, int number, long a, long b, long c, long d, long e, long f)
{
    const struct submission what = {tag, (uint64_t)number,
                                    {(uint64_t)a, (uint64_t)b, (uint64_t)c, (uint64_t)d, (uint64_t)e, (uint64_t)f}};
    return submit(queue, &what);
}

int submit_read(int queue, uint64_t tag, int handle, void *buffer, size_t bytes)
{
    return submit6(queue, tag, SYS_read, handle, ARGUMENT(buffer), ARGUMENT(bytes), 0, 0, 0);
}

int submit_write(int queue, uint64_t tag, int handle, const void *buffer, size_t bytes)
{
    return submit6(queue, tag, SYS_write, handle, ARGUMENT(buffer), ARGUMENT(bytes), 0, 0, 0);
}

int submit_fsync(int queue, uint64_t tag, int handle)
{
    return submit6(queue, tag, SYS_fsync, handle, 0, 0, 0, 0, 0);
}

int submit_open(int queue, uint64_t tag, const char *path, int flags, int mode)
{
    return submit6(queue, tag, SYS_open, ARGUMENT(path), flags, mode, 0, 0, 0);
}

int submit_poll(int queue, uint64_t tag, struct pollfd *list, size_t n, int64_t timeout_ns)
{
    return submit6(queue, tag, SYS_poll, ARGUMENT(list), ARGUMENT(n), timeout_ns, 0, 0, 0);
}

int submit_sleep(int queue, uint64_t tag, uint64_t ns)
{
    return submit6(queue, tag, SYS_sleep, ARGUMENT(ns), 0, 0, 0, 0, 0);
}

int submit_wait(int queue, uint64_t tag, int pid, struct exit_status *status)
{
    return submit6(queue, tag, SYS_wait, pid, ARGUMENT(status), 0, 0, 0, 0);
}

int submit_call(int queue, uint64_t tag, int session, int op, uint64_t arg0, uint64_t arg1, void *buffer, size_t bytes,
                int flags)
{
    return submit6(queue, tag, SYS_call, session, op, ARGUMENT(arg0), ARGUMENT(arg1), ARGUMENT(buffer),
                   ARGUMENT((uint64_t)bytes | (uint64_t)(unsigned)flags << 56));
}

int submit_send(int queue, uint64_t tag, int handle, const void *data, size_t bytes, const int *handles, unsigned count,
                int64_t timeout_ns)
{
    return submit6(queue, tag, SYS_message_send, handle, ARGUMENT(data), ARGUMENT(bytes), ARGUMENT(handles), count,
                   timeout_ns);
}

int submit_receive(int queue, uint64_t tag, int handle, void *buffer, size_t bytes, int *handles, unsigned count,
                   int64_t timeout_ns)
{
    return submit6(queue, tag, SYS_message_receive, handle, ARGUMENT(buffer), ARGUMENT(bytes), ARGUMENT(handles), count,
                   timeout_ns);
}

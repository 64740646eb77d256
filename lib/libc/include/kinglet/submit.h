/*
 * Submitted calls: asynchronous input and output. A system call is handed in, the caller goes on, and asks later how it
 * ended; or sleeps in poll or read until one has. docs/system-calls.md, "Submitted calls", says which calls can be
 * submitted. Errors are negative errno values; none of these sets errno.
 *
 *     int queue = completion_create(0);
 *     submit_read(queue, 1, handle, buffer, sizeof buffer);
 *     ...                                               other work; the buffer is the call's meanwhile
 *     struct completion done;
 *     read(queue, &done, sizeof done);                  done.tag is 1, done.result what read would have given
 *
 * Buffers, paths and whatever else a call points at must stay where they are until its record has been read.
 */
#ifndef KINGLET_SUBMIT_H
#define KINGLET_SUBMIT_H

#include <kinglet/submission.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct exit_status;

/* -> a completion handle. flags: O_NONBLOCK, O_CLOEXEC. Does not block. -EINVAL flags; -EMFILE; -ENOMEM.
 *
 * read on it gives as many whole records as there are and fit, in the order in which the calls ended; it blocks while
 * there is none and calls are under way (O_NONBLOCK: -EAGAIN), and gives 0 when none is under way: the end, until the
 * next submission. -EINVAL: no room for a record. poll says POLLIN when there is a record, and nothing at the end.
 * close, of the last handle, ends the calls that are under way, as submit_cancel does. */
int completion_create(int flags);

/* Hands a call in; `what` is copied. Does not block. 0: it will have a record. -EAGAIN the job's limit of processes (each
 * call under way counts as one), or COMPLETION_CALLS_MAX calls of the queue are under way or not read; -ENOMEM; -EBADF;
 * -EINVAL no completion handle; -ENOTSUP this call cannot be submitted; -ENOSYS there is none; -EFAULT; -EINTR the
 * process is about to end: it is not made, and there is no record. What is wrong with the call's own arguments comes as
 * its result. */
int submit(int queue, const struct submission *what);

/* Those with this tag that are under way end early, wherever they are blocked. Does not block, and does not wait for
 * them: each still has its record, with -EINTR, or -ECANCELED when it had not begun, or its result when that came
 * first. -> how many were told; 0: all have been told before; -ENOENT: none is under way. */
int submit_cancel(int queue, uint64_t tag);

/* These hand in one call each, with its arguments as usual. They return what submit returns. */
int submit_read(int queue, uint64_t tag, int handle, void *buffer, size_t bytes);
int submit_write(int queue, uint64_t tag, int handle, const void *buffer, size_t bytes);
int submit_fsync(int queue, uint64_t tag, int handle);
int submit_open(int queue, uint64_t tag, const char *path, int flags, int mode); /* the result is a handle */
int submit_poll(int queue, uint64_t tag, struct pollfd *list, size_t n, int64_t timeout_ns); /* negative: for ever */
int submit_sleep(int queue, uint64_t tag, uint64_t ns); /* a timer */
int submit_wait(int queue, uint64_t tag, int pid, struct exit_status *status); /* the result is the child's pid */
/* A message to a server, as call() sends it. */
int submit_call(int queue, uint64_t tag, int session, int op, uint64_t arg0, uint64_t arg1, void *buffer, size_t bytes,
                int flags);
/* As message_send and message_receive. */
int submit_send(int queue, uint64_t tag, int handle, const void *data, size_t bytes, const int *handles, unsigned count,
                int64_t timeout_ns);
int submit_receive(int queue, uint64_t tag, int handle, void *buffer, size_t bytes, int *handles, unsigned count,
                   int64_t timeout_ns);

#endif

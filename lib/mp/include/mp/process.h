/*
 * Process: a function that runs in a process of its own. Like multiprocessing.Process: start, join, terminate, and daemons
 * that end with whoever started them. The child is a fork of its creator: it sees a copy of all that the creator had.
 *
 * Calls give 0 or a negative errno. Timeouts are milliseconds: negative for ever, 0 not at all.
 * "The creator" is the process that called mp_process_create, any of its threads. Others have a copy of the object if
 * they were forked from it later: they may terminate and kill it and read what it is, but -EPERM is what they get
 * from the rest. Threads may use one object at the same time, but it must not be used while, or after, it is closed.
 */
#ifndef MP_PROCESS_H
#define MP_PROCESS_H

#include <stddef.h>

#define MP_NAME_MAX 32      /* bytes of a name with its NUL */
#define MP_AUTHKEY_BYTES 32
#define MP_NO_EXIT_CODE 0x7fffffff /* not started, not ended, or not known: no exit code is this */

struct mp_process;

/* A process that will run target(args), not started. Its name is "Process-1" and so on, as far as it fits; it is a daemon
 * if its creator is, and has its creator's authkey. target NULL: it does nothing. Does not block. 0; -ENOMEM. */
int mp_process_create(struct mp_process **process, int (*target)(void *args), void *args);

/* Sets what can be set. Does not block. 0; -EINVAL: no name; -ENAMETOOLONG; -EALREADY: it was started, and what it is cannot
 * change any more; -EPERM: not the creator. A daemon is ended with the process that started it, however that ends, before
 * anybody sees that it has ended; and it may have no children. */
int mp_process_set_name(struct mp_process *process, const char *name);
int mp_process_set_daemon(struct mp_process *process, int daemon);
int mp_process_set_authkey(struct mp_process *process, const void *key); /* MP_AUTHKEY_BYTES of them */

/* What it is. They do not block. The pid is 0 until it is started; daemon is 1 or 0. */
const char *mp_process_name(const struct mp_process *process);
int mp_process_daemon(const struct mp_process *process);
int mp_process_pid(const struct mp_process *process);
const void *mp_process_authkey(const struct mp_process *process);

/* Calls target(args) here and now, in the calling process, and gives what it returns. Blocks as long as that does. start
 * does this in the child. */
int mp_process_run(struct mp_process *process);

/* Starts it: a child is forked, runs the target, and exits with what that returns, through exit(): so what atexit was
 * given before runs in the child too. stdio's buffers are written out first, or both would write them; blocks only while
 * that does. When other threads print meanwhile, the child does not print it again.
 * 0; -EALREADY: it was started before, or another thread is at it; -EDAEMON: the caller is a daemon ("daemonic
 * processes are not allowed to have children"); -EAGAIN: the job's limit of processes; -ENOMEM: also when atexit has
 * no place; -EPERM: not the creator. */
int mp_process_start(struct mp_process *process);

/* Blocks until it has ended, at most so long. Joining again is fine, and so is joining by
 * several threads. 0: it has ended, and has an exit code; -ETIMEDOUT: it
 * runs; -ESRCH: it was not started; -EPERM: not the creator (so nobody can join himself); -ECHILD: somebody took its end
 * away with wait(); with a timeout above 0 -EMFILE or -ENOMEM, as mp_process_sentinel. */
int mp_process_join(struct mp_process *process, int timeout_ms);

/* 1: it was started and has not ended, or it is the caller itself; 0. Does not block. -EPERM: not the creator. */
int mp_process_is_alive(struct mp_process *process);

/* Ends it with SIGTERM (its exit code will be -15) or SIGKILL (-9); nothing can catch either. It is not joined, it runs no
 * exit handlers, its daemons die with it, its other children go to init. Does not block. 0, also when it has ended
 * before; -ESRCH: it was not started; -EPERM: neither its creator nor in its session. */
int mp_process_terminate(struct mp_process *process);
int mp_process_kill(struct mp_process *process);

/* How it ended: n & 255 for exit(n) and for a target that returns n; -n when signal n ended it: -15, -9, -11 after a memory
 * fault. Else MP_NO_EXIT_CODE; for others than the creator always. Does not block. */
int mp_process_exit_code(struct mp_process *process);

/* A handle that polls readable (POLLIN) when it has ended, as often as one likes. It belongs to the process object.
 * Does not block. -ESRCH: it was not started, or was joined before anybody asked; -EPERM: not the creator, and it has not
 * asked before the fork; -EMFILE; -ENOMEM. */
int mp_process_sentinel(struct mp_process *process);

/* Frees it: the pointer means nothing any more. Does not block, but until threads that joined it have seen its end. 0;
 * -EBUSY: it runs, or it is the calling process, and nothing was done. Others than the creator free their copy of it. */
int mp_process_close(struct mp_process *process);

/* The calling process, the same for all its threads. For the one that main runs in it is a process named "MainProcess"
 * that nobody created. It cannot be closed. Does not block. */
struct mp_process *mp_current_process(void);

/* Children of the caller that were started and have not ended; as a side effect, joins those that have. The first n go
 * to list. Does not block. How many there are. */
int mp_active_children(struct mp_process *list[], int n);

/*
 * A process that ends by exit(), called by whichever thread, or by returning ends its daemons and joins its other
 * children first: it may block there for as long as they run. _exit(), a signal or a fault joins nobody; the kernel
 * ends the daemons, and the others go to init.
 */
#endif

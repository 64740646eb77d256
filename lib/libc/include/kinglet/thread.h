/*
 * Threads: they share everything of their process but registers, stack, errno and _Thread_local variables.
 * Errors are negative errno values; none of these sets errno, and only thread_join blocks. A thread is named by its
 * tid, a number of the same kind as pids; the first thread's is the pid.
 */
#ifndef KINGLET_THREAD_H
#define KINGLET_THREAD_H

#define THREAD_STACK 65536 /* bytes, with a guard page below; promised when the thread is made */

/* A new thread runs function(argument), and ends with what that returns. -> tid; -EAGAIN the job's limit of processes,
 * -ENOMEM, -EINTR the process is about to end. */
int thread_create(void *(*function)(void *), void *argument);
/* Waits for a thread's end; *value (may be NULL) is what it ended with. Once for each thread, unless it is detached.
 * -ESRCH no such thread, -EINVAL it is detached, -EDEADLK it is the caller. */
int thread_join(int tid, void **value);
/* Nobody will join it. -ESRCH, -EINVAL it is already. */
int thread_detach(int tid);
/* The calling thread ends. When it is the last, the process ends as by exit(0). */
_Noreturn void thread_exit(void *value);
/* My tid; enters the kernel only the first time in each thread. */
int thread_self(void);

/* What is to be done around each fork of this process, in the thread that calls it: before it, and after it in the
 * parent and in the child, where the other threads are not. A library that has locks takes them before, releases them
 * in the parent, and makes them new in the child. The newest handlers come first. Functions may be NULL. libc's own
 * locks are taken care of, so all may use malloc and stdio. */
struct thread_at_fork {
    void (*before)(void), (*parent)(void), (*child)(void);
    struct thread_at_fork *next; /* libc's */
};
/* From here on; a second time with the same ones does nothing. They must stay where they are. */
void thread_at_fork(struct thread_at_fork *handlers);

#endif

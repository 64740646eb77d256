/*
 * Textbook: threads and processes (Silberschatz 4.1, 4.6.4; Three Easy Pieces 26.1). A thread shares all memory with
 * the threads of its process; a process that is started has a copy of everything, from that moment on its own. A
 * thread has its own number, stack, errno, and _Thread_local variables (thread-local storage). What a process
 * changes, others see in memory that was made to be shared, and nowhere else.
 */
#include "demo/demo.h"

#include <fcntl.h>
#include <kinglet/thread.h>

static int variable = 1;
static _Thread_local int own = 1;
static int *shared;

struct who {
    int pid, tid;
};

static void change_all(void)
{
    variable = 2;
    own = 2;
    *shared = 2;
    open("/no/such/file", O_RDONLY); /* sets errno */
}

static void *thread(void *me)
{
    *(struct who *)me = (struct who){getpid(), thread_self()};
    change_all();
    return "what a thread ends with can be any pointer, for its memory is ours";
}

static int process(void *unused)
{
    change_all();
    return variable + own + *shared; /* a process ends with a number from 0 to 255 */
}

static void show(const char *whose)
{
    printf("  %s: variable %d, thread-local variable %d, shared memory %d, errno: %s\n", whose, variable, own, *shared,
           errno == 0 ? "none" : strerror(errno));
}

static void reset(void)
{
    variable = own = *shared = 1;
    errno = 0;
}

int main(void)
{
    struct who it;
    void *result;
    shared = share(sizeof *shared);

    printf("a thread makes 2 of every 1\n");
    reset();
    int tid = (int)must(thread_create(thread, &it), "a thread");
    must(thread_join(tid, &result), "thread_join");
    show("we see");
    printf("  its pid is ours: %s; its tid is ours: %s\n", it.pid == getpid() ? "yes" : "NO",
           it.tid == thread_self() ? "YES" : "no");
    printf("  it ended with: %s\n", (char *)result);

    printf("a process makes 2 of every 1\n");
    reset();
    struct mp_process *child;
    must(mp_process_create(&child, process, NULL), "a process");
    must(mp_process_start(child), "starting a process");
    must(mp_process_join(child, -1), "join");
    show("we see");
    printf("  its pid is ours: %s\n", mp_process_pid(child) == getpid() ? "YES" : "no");
    printf("  it ended with: %d, so there they were 2\n", mp_process_exit_code(child));
    mp_process_close(child);
    return 0;
}

/*
 * Textbook: process and program (Silberschatz 3.1.1; Three Easy Pieces 4, 5). A program is a file, a process is one
 * run of it. First two processes of one program: the same code, at the same addresses, but each has a number, memory
 * and a place in the code of its own. Then one process that runs two programs, by exec: memory and code are new, the
 * process, its number and what it has opened stay.
 */
#include "demo/demo.h"

#include <stdbool.h>

struct run { /* what a process says of itself */
    int which, pid;
    void *code, *variable;
    int value;
};

static int number; /* each process has its own one, at the same address */
static struct mp_connection here, there;
static struct mp_event *now;

static int counts(void *which)
{
    int me_of_two = (int)(long)which;
    while (number < 1000 * me_of_two) {
        number++;
    }
    struct run me = {me_of_two, getpid(), (void *)counts, &number, number};
    must(mp_connection_send(&there, &me, sizeof me), "send");
    return 0;
}

static void two_processes_of_one_program(void)
{
    struct mp_process *processes[2];
    struct run run, runs[2];
    must(mp_pipe(&here, &there, 0), "pipe");
    for (long i = 0; i < 2; i++) {
        processes[i] = start(counts, (void *)(i + 1));
    }
    for (int i = 0; i < 2; i++) {
        must(mp_connection_receive(&here, &run, sizeof run), "receive");
        runs[run.which - 1] = run;
    }
    for (int i = 0; i < 2; i++) {
        join(processes[i]);
        printf("process %d: counts() and number have the same addresses as in me: %s; number is %d\n", i + 1,
               runs[i].code == (void *)counts && runs[i].variable == &number ? "yes" : "NO", runs[i].value);
    }
    printf("they are two: %s; in me, who started them, number is still %d\n", runs[0].pid != runs[1].pid ? "yes" : "NO",
           number);
}

/* It has a pipe for its input, and becomes cat, which knows nothing of pipes: it reads its input. */
static int becomes_cat(void *ends)
{
    int *pipe_ends = ends;
    static char *const arguments[] = {"cat", NULL};
    must(mp_event_wait(now, -1), "event");
    if (dup2(pipe_ends[0], 0) < 0) {
        give_up("dup2", strerror(errno));
    }
    close(pipe_ends[0]);
    close(pipe_ends[1]); /* or it would wait for itself to write something */
    execv("/bin/cat", arguments);
    give_up("/bin/cat", strerror(errno)); /* exec comes back only if it fails */
}

static void one_process_two_programs(void)
{
    static int ends[2];
    static const char text[] = "cat: what was written into the pipe before I was cat\n";
    if (pipe(ends) < 0 || write(ends[1], text, sizeof text - 1) != sizeof text - 1) {
        give_up("pipe", strerror(errno));
    }
    now = share(sizeof *now);
    struct mp_process *process = start(becomes_cat, ends);
    struct proc_info before = wait_until_blocked(process, "futex");
    mp_event_set(now);
    struct proc_info after = wait_until_blocked(process, "pipe read"); /* cat has read all that there was */
    printf("first \"%s\", then \"%s\"; the same process: %s\n", before.name, after.name,
           before.pid == after.pid ? "yes" : "NO");
    close(ends[0]);
    close(ends[1]); /* the end of cat's input */
    join(process);
}

int main(void)
{
    two_processes_of_one_program();
    one_process_two_programs();
    return 0;
}

/*
 * Textbook: the states of a process and the events between them (Silberschatz 3.1.2, Three Easy Pieces 4.4).
 *
 *     ready -> running: dispatch             running -> blocked: it waits for something
 *     running -> ready: its time is up       blocked -> ready: what it waits for has come
 *
 * A process goes through all of them, and counts of itself what the kernel knows (getpinfo); another one looks at its
 * state from outside. With one hart nobody ever sees another process running: who looks is running himself.
 */
#include "demo/demo.h"

#define COMPUTE_NS 5000000000 /* then the policy is one that takes nobody off a hart, such as SCHED=fcfs */

static struct mp_connection to_child, from_parent;
static volatile enum { BEFORE, COMPUTING, AFTER } *phase; /* shared: when the child, and others, shall compute */

static struct pinfo count_myself(void)
{
    struct pinfo me;
    if (must(getpinfo(getpid(), &me, 1), "getpinfo") != 1) {
        give_up("getpinfo", "nothing");
    }
    return me;
}

static void say(const char *event, const char *seen, int is_so)
{
    printf("%-37s %s%s\n", event, seen, is_so ? "" : ": NO");
    fflush(stdout);
}

static int child(void *unused)
{
    char byte;
    struct pinfo before = count_myself(), after;
    say("new -> ready -> running: dispatch", "I look at myself: I am running",
        before.state == PROC_RUNNING && before.first_run_ns >= before.arrival_ns);

    must(mp_connection_receive(&from_parent, &byte, 1), "receive");
    after = count_myself();
    say("blocked -> ready: it has come", "I was woken, then dispatched; I went by my own will",
        after.bursts > before.bursts && after.voluntary > before.voluntary);

    before = after;
    *phase = COMPUTING;
    for (uint64_t end = clock_ns() + COMPUTE_NS; *phase == COMPUTING && clock_ns() < end;) {
    }
    *phase = AFTER;
    after = count_myself();
    say("running -> ready: its time is up", "I was taken off the hart against my will",
        after.involuntary > before.involuntary);

    before = after;
    usleep(1000);
    after = count_myself();
    say("blocked -> ready: the time has come", "I have slept",
        after.blocked_ns[WAIT_FOR_sleep] > before.blocked_ns[WAIT_FOR_sleep]);
    return 0;
}

static int computes(void *unused)
{
    while (*phase == COMPUTING) {
    }
    return 0;
}

/* Looks until it is in this state, or has ended. Gives whether it was. */
static int seen(const struct mp_process *process, enum proc_state state)
{
    for (;;) {
        enum proc_state now = look_at(mp_process_pid(process)).state;
        if (now == state || now == PROC_ZOMBIE) {
            return now == state;
        }
        usleep(1000);
    }
}

int main(void)
{
    struct system_info system;
    must(system_info(&system), "system_info");
    must(mp_pipe(&from_parent, &to_child, 0), "pipe");
    phase = share(sizeof *phase);

    struct mp_process *process = start(child, NULL);
    struct proc_info info = wait_until_blocked(process, "pipe read");
    say("running -> blocked: it waits", "the other is blocked; ps shows \"pipe read\"", info.state == PROC_BLOCKED);
    must(mp_connection_send(&to_child, "", 1), "send");

    /* As many that compute as there are harts, and the child: one of them is always ready and not running. */
    struct mp_process *others[SYSTEM_MAX_HARTS];
    int harts = system.harts < SYSTEM_MAX_HARTS ? (int)system.harts : SYSTEM_MAX_HARTS;
    while (*phase == BEFORE) {
        usleep(1000);
    }
    for (int i = 0; i < harts; i++) {
        others[i] = start(computes, NULL);
    }
    say("more who compute than harts", "the other is ready: it could run, but another one does",
        seen(process, PROC_READY));
    *phase = AFTER;

    say("running -> ended", "the other is a zombie, until it is joined", seen(process, PROC_ZOMBIE));
    for (int i = 0; i < harts; i++) {
        join(others[i]);
    }
    join(process);
    return 0;
}

/*
 * Textbook: zombies and orphans (Silberschatz 3.3.2). A child that has ended stays in the process table, a zombie,
 * until its parent has asked how it ended. A child whose parent has ended is an orphan: init becomes its parent, and
 * asks in its place.
 */
#include "demo/demo.h"

#define INIT_PID 1
#define GONE (-1) /* in place of a state */

static const char *const states[] = {"ready", "running", "blocked", "a zombie"};

static struct {
    struct mp_event parent_may_end, orphan_may_end;
    int orphan; /* its pid */
} *shared;

static int state_of(int pid, struct proc_info *info)
{
    return process_list(pid, info, 1) == 1 && info->pid == pid ? info->state : GONE;
}

/* Waits until it is in this state, and tells who its parent is. */
static void show(const char *what, int pid, int state)
{
    struct proc_info info;
    while (state_of(pid, &info) != state) {
        usleep(1000);
    }
    if (state == GONE) {
        printf("%s: gone\n", what);
        return;
    }
    printf("%s: %s, its parent is %s\n", what, states[info.state],
           info.ppid == INIT_PID ? "init" : info.ppid == getpid() ? "me" : "another process");
}

static int ends_at_once(void *unused)
{
    (void)unused;
    return 0;
}

static int waits(void *unused)
{
    must(mp_event_wait(&shared->orphan_may_end, -1), "event");
    return 0;
}

/* Starts a child, says its pid, and ends without waiting for it. */
static int leaves_a_child(void *unused)
{
    shared->orphan = mp_process_pid(start(waits, NULL));
    must(mp_event_wait(&shared->parent_may_end, -1), "event");
    _exit(0); /* exit, or return, would wait for it first */
}

int main(void)
{
    shared = share(sizeof *shared);
    struct mp_process *child = start(ends_at_once, NULL);
    int pid = mp_process_pid(child);
    show("a child that has ended", pid, PROC_ZOMBIE);
    join(child);
    show("the same after join", pid, GONE);

    struct mp_process *parent = start(leaves_a_child, NULL);
    wait_until_blocked(parent, "futex");
    show("a grandchild", shared->orphan, PROC_BLOCKED);
    mp_event_set(&shared->parent_may_end);
    join(parent);
    show("the same when its parent has ended", shared->orphan, PROC_BLOCKED);
    mp_event_set(&shared->orphan_may_end);
    show("the same when it has ended, too", shared->orphan, GONE);
    return 0;
}

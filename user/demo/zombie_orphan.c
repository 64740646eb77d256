/*
 * Textbook: zombies and orphans. A child that has ended stays in the process table, a zombie, until its parent has asked
 * how it ended. A child whose parent has ended is an orphan: init becomes its parent, and asks in its place.
 */
#include <kinglet/system.h>
#include <mp/pipe.h>
#include <mp/process.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAP_US 20000
#define INIT_PID 1

static const char *const states[] = {"ready", "running", "blocked", "a zombie"};
static struct mp_connection here, there;

static void show(const char *what, int pid)
{
    struct proc_info info;
    if (process_list(pid, &info, 1) != 1 || info.pid != pid) {
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

static int sleeps(void *unused)
{
    (void)unused;
    usleep(10 * NAP_US);
    return 0;
}

/* Starts a child, says its pid, and ends without waiting for it. */
static int leaves_a_child(void *unused)
{
    struct mp_process *child;
    if (mp_process_create(&child, sleeps, unused) < 0 || mp_process_start(child) < 0) {
        return 1;
    }
    int pid = mp_process_pid(child);
    mp_connection_send(&there, &pid, sizeof pid);
    usleep(NAP_US);
    _exit(0); /* exit, or return, would wait for it first */
}

int main(void)
{
    struct mp_process *zombie, *parent;
    int orphan;
    if (mp_pipe(&here, &there, 0) < 0 || mp_process_create(&zombie, ends_at_once, NULL) < 0 ||
        mp_process_create(&parent, leaves_a_child, NULL) < 0 || mp_process_start(zombie) < 0) {
        fprintf(stderr, "zombie_orphan: cannot start\n");
        return 1;
    }
    usleep(NAP_US);
    show("a child that has ended", mp_process_pid(zombie));
    mp_process_join(zombie, -1);
    show("the same after join", mp_process_pid(zombie));

    if (mp_process_start(parent) < 0) {
        fprintf(stderr, "zombie_orphan: cannot start the second child\n");
        return 1;
    }
    mp_connection_close(&there);
    if (mp_connection_receive(&here, &orphan, sizeof orphan) < 0) {
        fprintf(stderr, "zombie_orphan: the grandchild was not started\n");
        return 1;
    }
    show("a grandchild", orphan);
    mp_process_join(parent, -1);
    show("the same when its parent has ended", orphan);
    usleep(20 * NAP_US);
    show("the same when it has ended, too", orphan);
    return 0;
}

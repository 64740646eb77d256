/*
 * Textbook: daemonic processes are not allowed to have children (Python's multiprocessing; here the kernel sees to it).
 * A daemon is ended with the process that started it, and nobody would be left to end what it had started itself. So
 * whichever way it tries, it gets an error of its own, EDAEMON.
 */
#include "demo/demo.h"

static int nothing(void *unused)
{
    return 0;
}

static int tries_to_have_children(void *unused)
{
    struct mp_process *child;
    must(mp_process_create(&child, nothing, NULL), "a process");
    printf("daemon: I am a daemon: %s\n", mp_process_daemon(mp_current_process()) ? "yes" : "NO");
    int started = mp_process_start(child);
    printf("daemon: start says: %s\n", strerror(-started));
    int forked = fork();
    if (forked == 0) {
        _exit(0); /* a child that must not be */
    }
    printf("daemon: fork says: %s\n", strerror(errno));
    return started == -EDAEMON && forked < 0 && errno == EDAEMON ? 0 : 1;
}

int main(void)
{
    struct mp_process *daemon;
    must(mp_process_create(&daemon, tries_to_have_children, NULL), "a process");
    must(mp_process_set_daemon(daemon, 1), "daemon"); /* before it is started, and only then */
    must(mp_process_start(daemon), "starting a process");
    must(mp_process_join(daemon, -1), "join"); /* a daemon can be joined like any other */
    printf("parent: the daemon exited with %d\n", mp_process_exit_code(daemon));
    return mp_process_exit_code(daemon);
}

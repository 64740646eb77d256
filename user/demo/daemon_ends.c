/*
 * Textbook: daemonic processes end with whoever started them (Python's multiprocessing). In whatever way a process
 * ends, its daemons are dead before anybody can see that it has ended: the kernel does it, so it also holds for one
 * that is killed and can do nothing any more.
 */
#include "demo/demo.h"

#include <signal.h>

#define DAEMONS 3

static struct {
    struct mp_event started;
    int pids[DAEMONS];
} *shared;

static volatile int *volatile nowhere = NULL;

static int waits_for_work(void *unused)
{
    for (;;) {
        sleep(1000);
    }
    return 0;
}

enum way { RETURNS, EXITS, FAULTS, IS_KILLED };

static int has_daemons(void *way)
{
    for (int i = 0; i < DAEMONS; i++) {
        struct mp_process *daemon;
        must(mp_process_create(&daemon, waits_for_work, NULL), "a process");
        must(mp_process_set_daemon(daemon, 1), "daemon");
        must(mp_process_start(daemon), "starting a process");
        shared->pids[i] = mp_process_pid(daemon);
    }
    mp_event_set(&shared->started);
    switch ((enum way)(long)way) {
    case RETURNS:
        return 0;
    case EXITS:
        _exit(0);
    case FAULTS:
        *nowhere = 1; /* nothing is mapped at address 0 */
        break;
    case IS_KILLED:
        sleep(1000);
    }
    return 1;
}

static int exists(int pid)
{
    struct proc_info info;
    return process_list(pid, &info, 1) == 1 && info.pid == pid;
}

int main(void)
{
    static const char *const ways[] = {"returns", "calls _exit", "writes to address 0", "is killed"};
    int left = 0;
    shared = share(sizeof *shared);
    for (long way = RETURNS; way <= IS_KILLED; way++) {
        mp_event_clear(&shared->started);
        struct mp_process *parent = start(has_daemons, (void *)way);
        must(mp_event_wait(&shared->started, -1), "event");
        if (way == IS_KILLED) {
            must(mp_process_kill(parent), "kill");
        }
        must(mp_process_join(parent, -1), "join");
        int gone = 0;
        for (int i = 0; i < DAEMONS; i++) {
            gone += !exists(shared->pids[i]) && kill(shared->pids[i], SIGTERM) < 0 && errno == ESRCH;
        }
        printf("a process %s (exit code %d): of its %d daemons %d are gone\n", ways[way], mp_process_exit_code(parent),
               DAEMONS, gone);
        left += DAEMONS - gone;
        mp_process_close(parent);
    }
    return left > 0;
}

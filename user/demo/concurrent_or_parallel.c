/*
 * Textbook: concurrency and parallelism (Silberschatz 1.3, 4.2; Three Easy Pieces 26, 10). Four processes do the same
 * work. With one hart they take turns, slice by slice: all make progress, but never two at the same instant. With
 * four harts they run side by side. Try both: make demo NAME=concurrent_or_parallel SMP=1, and SMP=4. After each step
 * a process writes its number into a common log, and looks who is running just now, and where.
 */
#include "demo/demo.h"

#define PROCESSES 4
#define STEPS 100
#define ROUNDS 60000 /* of a loop in each step; all steps together take many slices */
#define HARTS_MAX 64

static struct {
    struct mp_barrier opening;
    int pids[PROCESSES];
    _Atomic unsigned steps;
    unsigned char log[PROCESSES * STEPS]; /* whose step it was */
    int most[PROCESSES]; /* how many each of them has seen running at the same instant, itself included */
} *work;

static void compute(void)
{
    for (volatile int n = 0; n < ROUNDS; n++) {
    }
}

/* How many harts run one of us now. Two that are seen on one hart have run there one after the other. */
static int running_now(void)
{
    char seen[HARTS_MAX] = {0};
    int count = 0;
    for (int i = 0; i < PROCESSES; i++) {
        struct proc_info info;
        if (process_list(work->pids[i], &info, 1) == 1 && info.pid == work->pids[i] &&
            info.state == PROC_RUNNING && !seen[info.hart % HARTS_MAX]) {
            seen[info.hart % HARTS_MAX] = 1;
            count++;
        }
    }
    return count;
}

static int worker(void *number)
{
    long me = (long)number;
    work->pids[me] = getpid();
    must(mp_barrier_wait(&work->opening, -1), "barrier");
    for (int i = 0; i < STEPS; i++) {
        compute();
        work->log[work->steps++] = (unsigned char)me; /* ++ of an _Atomic is one step, so nobody else has this place */
        int running = running_now();
        work->most[me] = running > work->most[me] ? running : work->most[me];
    }
    return 0;
}

int main(void)
{
    struct mp_process *processes[PROCESSES];
    int most = 0, turns = 0;
    struct system_info system;
    must(system_info(&system), "system_info");
    work = share(sizeof *work);
    must(mp_barrier_init(&work->opening, PROCESSES), "barrier");
    for (long i = 0; i < PROCESSES; i++) {
        processes[i] = start(worker, (void *)i);
    }
    for (int i = 0; i < PROCESSES; i++) {
        join(processes[i]);
        most = work->most[i] > most ? work->most[i] : most;
    }
    for (int i = 1; i < PROCESSES * STEPS; i++) {
        turns += work->log[i] != work->log[i - 1];
    }
    /* One after the other they would have changed PROCESSES - 1 times. */
    printf("concurrent: the steps of %d processes are mixed: %s\n", PROCESSES, turns >= PROCESSES ? "yes" : "NO");
    printf("parallel: %s; on %d hart%s there ran at most %d of them at a time\n", most > 1 ? "yes" : "no",
           (int)system.harts, system.harts == 1 ? "" : "s", most);
    return turns >= PROCESSES ? 0 : 1;
}

/*
 * Textbook: race condition, critical section, mutual exclusion (Silberschatz 6.1, 6.2, 6.5; Three Easy Pieces 26,
 * 28). Agents sell the same tickets: look whether one is left, then sell it. Between the two another agent may sell
 * the last one. The nap there makes that certain, where it would else happen once in a while, on the day of the big
 * concert. With a Lock around both, look and sale are one step to all others.
 */
#include "demo/demo.h"

#define AGENTS 4
#define TICKETS 20
#define NAP_US 1000

static struct hall {
    struct mp_lock lock;
    struct mp_barrier opening; /* all begin at once */
    volatile int left;
    int sold[AGENTS]; /* each counts its own, so that at least the counting is right */
} *hall;

static int with_lock;

static int sell_one(int *sold)
{
    int done = 0;
    if (with_lock) {
        must(mp_lock_acquire(&hall->lock, -1), "acquire");
    }
    if (hall->left > 0) {
        usleep(NAP_US);
        hall->left--;
        ++*sold;
        done = 1;
    }
    if (with_lock) {
        must(mp_lock_release(&hall->lock), "release");
    }
    return done;
}

static int agent(void *number)
{
    int *sold = &hall->sold[(long)number];
    must(mp_barrier_wait(&hall->opening, -1), "barrier");
    while (sell_one(sold)) {
    }
    return 0;
}

static int sell_all(void)
{
    struct mp_process *agents[AGENTS];
    int sold = 0;
    hall->left = TICKETS;
    memset(hall->sold, 0, sizeof hall->sold);
    for (long i = 0; i < AGENTS; i++) {
        agents[i] = start(agent, (void *)i);
    }
    for (int i = 0; i < AGENTS; i++) {
        join(agents[i]);
        sold += hall->sold[i];
    }
    printf("%s Lock: %d agents have sold %d tickets of %d%s\n", with_lock ? "with a" : "without", AGENTS, sold, TICKETS,
           sold > TICKETS ? ": oversold" : "");
    return sold;
}

int main(void)
{
    hall = share(sizeof *hall);
    must(mp_lock_init(&hall->lock, 0), "lock");
    must(mp_barrier_init(&hall->opening, AGENTS), "barrier");
    int oversold = sell_all() > TICKETS;
    with_lock = 1;
    return sell_all() == TICKETS && oversold ? 0 : 1;
}

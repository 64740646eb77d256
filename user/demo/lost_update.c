/*
 * Textbook: race condition on a counter (Silberschatz 6.1; Three Easy Pieces 26.4). count = count + 1 is three steps:
 * read, add, write. Who is interrupted between reading and writing writes what is old by then, and all that others
 * have counted meanwhile is lost. A timer interrupt does that once in ten thousand times; the nap does it at will, also
 * on one hart. A Value with a lock does not help by itself: get and set take the lock one after the other, and the gap
 * is between them. The lock has to be held from the one to the other.
 */
#include "demo/demo.h"

#define PROCESSES 4
#define ROUNDS 50
#define NAP_US 500

static struct mp_value *count;
static int hold_the_lock;

static void count_one(void)
{
    long n;
    if (hold_the_lock) {
        must(mp_rlock_acquire(mp_value_lock(count), -1), "acquire");
    }
    must(mp_value_get(count, &n), "get");
    usleep(NAP_US); /* let others run, just here */
    n = n + 1;
    must(mp_value_set(count, &n), "set");
    if (hold_the_lock) {
        must(mp_rlock_release(mp_value_lock(count)), "release");
    }
}

static int work(void *opening)
{
    must(mp_barrier_wait(opening, -1), "barrier");
    for (int i = 0; i < ROUNDS; i++) {
        count_one();
    }
    return 0;
}

static long count_all(struct mp_barrier *opening)
{
    struct mp_process *workers[PROCESSES];
    long n = 0;
    must(mp_value_set(count, &n), "set");
    for (int i = 0; i < PROCESSES; i++) {
        workers[i] = start(work, opening);
    }
    for (int i = 0; i < PROCESSES; i++) {
        join(workers[i]);
    }
    must(mp_value_get(count, &n), "get");
    printf("%d processes count to %d each, %s: %ld, %ld updates lost\n", PROCESSES, ROUNDS,
           hold_the_lock ? "holding the lock from get to set" : "get and set each with the lock", n,
           PROCESSES * (long)ROUNDS - n);
    return n;
}

int main(void)
{
    struct mp_shared *shared;
    must(mp_shared_create(4096, &shared), "shared memory");
    count = mp_value_new(shared, NULL, sizeof(long), MP_LOCKED);
    struct mp_barrier *opening = mp_shared_alloc(shared, sizeof *opening);
    if (count == NULL || opening == NULL) {
        give_up("shared memory", "too little");
    }
    must(mp_barrier_init(opening, PROCESSES), "barrier");
    int lost = count_all(opening) < PROCESSES * ROUNDS;
    hold_the_lock = 1;
    return count_all(opening) == PROCESSES * ROUNDS && lost ? 0 : 1;
}

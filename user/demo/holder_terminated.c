/*
 * Textbook: what a lock cannot survive (Silberschatz 8.8.1, process termination). A process that is terminated while
 * it holds a Lock takes the key with it: nobody opens any more, and what it was changing is half changed. ps shows
 * who waits for a dead one. A robust lock tells the next one, -EOWNERDEAD: he has the lock, and should put right what
 * the dead one left. The rule that is kept under this lock: both purses together hold 100.
 */
#include "demo/demo.h"

#define COINS 100
#define PATIENCE_MS 50

static struct {
    struct mp_lock lock;
    struct mp_event half_way;
    int purses[2];
} *table;

static int moves_ten(void *unused)
{
    must(mp_lock_acquire(&table->lock, -1), "acquire");
    table->purses[0] -= 10;
    mp_event_set(&table->half_way);
    sleep(1000); /* here it is terminated */
    table->purses[1] += 10;
    must(mp_lock_release(&table->lock), "release");
    return 0;
}

/* Its exit code: 0 had the lock as usual, 1 had to repair. */
static int looks(void *unused)
{
    int repaired = 0, result = mp_lock_acquire(&table->lock, -1);
    if (result == -EOWNERDEAD) {
        table->purses[1] = COINS - table->purses[0];
        repaired = 1;
    } else {
        must(result, "acquire");
    }
    must(mp_lock_release(&table->lock), "release");
    return repaired;
}

/* Two processes wait for the lock, in this order, and its holder is terminated. */
static void holder_ends(int flags, struct mp_process *waiters[2])
{
    must(mp_lock_init(&table->lock, flags), "lock");
    mp_event_init(&table->half_way);
    table->purses[0] = COINS;
    table->purses[1] = 0;
    struct mp_process *holder = start(moves_ten, NULL);
    must(mp_event_wait(&table->half_way, -1), "event");
    for (int i = 0; i < 2; i++) {
        waiters[i] = start(looks, NULL);
        wait_until_blocked(waiters[i], "futex");
    }
    terminate(holder);
    printf("%s lock: its holder was terminated\n", flags == MP_ROBUST ? "a robust" : "a plain");
}

int main(void)
{
    struct mp_process *waiters[2];
    table = share(sizeof *table);

    holder_ends(0, waiters);
    for (int i = 0; i < 2; i++) {
        printf("  waiter %d waits for ever; ps shows: %s\n", i, wait_until_blocked(waiters[i], "owner dead").reason);
    }
    printf("  acquire, for %d ms: %s\n", PATIENCE_MS, strerror(-mp_lock_acquire(&table->lock, PATIENCE_MS)));
    printf("  the purses hold %d\n", table->purses[0] + table->purses[1]);
    terminate(waiters[0]);
    terminate(waiters[1]);

    holder_ends(MP_ROBUST, waiters);
    int repairs = 0;
    for (int i = 0; i < 2; i++) {
        must(mp_process_join(waiters[i], -1), "join");
        repairs += mp_process_exit_code(waiters[i]);
        mp_process_close(waiters[i]);
    }
    printf("  one waiter got it with \"%s\" and repaired, the other as usual: %s\n", strerror(EOWNERDEAD),
           repairs == 1 ? "yes" : "NO");
    printf("  the purses hold %d\n", table->purses[0] + table->purses[1]);
    return repairs == 1 && table->purses[0] + table->purses[1] == COINS ? 0 : 1;
}

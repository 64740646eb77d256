/*
 * Textbook: deadlock; the dining philosophers (Silberschatz 7.1.3, 8.3, 8.5.4; Three Easy Pieces 31.6, 32.3). Five
 * sit at a round table with one fork between each two. If all take the left fork first, each has one and waits for
 * ever for his neighbour: a circle. The barrier makes certain what would else be bad luck. If instead everybody takes
 * the fork with the lower number first, there can be no circle, and all eat.
 */
#include "demo/demo.h"

#define PHILOSOPHERS 5
#define MEALS 100
#define PATIENCE_MS 100

static struct {
    struct mp_lock forks[PHILOSOPHERS];
    struct mp_barrier all_have_one;
    int meals[PHILOSOPHERS];
} *table;

static void eat(long me, int first, int second, int wait_in_between)
{
    must(mp_lock_acquire(&table->forks[first], -1), "first fork");
    if (wait_in_between) {
        must(mp_barrier_wait(&table->all_have_one, -1), "barrier");
    }
    must(mp_lock_acquire(&table->forks[second], -1), "second fork");
    table->meals[me]++;
    must(mp_lock_release(&table->forks[second]), "second fork");
    must(mp_lock_release(&table->forks[first]), "first fork");
}

static int left_first(void *number)
{
    long me = (long)number;
    eat(me, (int)me, (int)(me + 1) % PHILOSOPHERS, 1);
    return 0;
}

static int lower_first(void *number)
{
    long me = (long)number;
    int left = (int)me, right = (int)(me + 1) % PHILOSOPHERS;
    for (int i = 0; i < MEALS; i++) {
        eat(me, left < right ? left : right, left < right ? right : left, 0);
    }
    return 0;
}

/* The number of the philosopher with this pid. */
static int whose(int pid, struct mp_process *const guests[])
{
    int i = 0;
    while (i < PHILOSOPHERS && mp_process_pid(guests[i]) != pid) {
        i++;
    }
    return i;
}

int main(void)
{
    struct mp_process *guests[PHILOSOPHERS];
    table = share(sizeof *table); /* locks full of zeroes are free */
    must(mp_barrier_init(&table->all_have_one, PHILOSOPHERS), "barrier");

    printf("all take the left fork first\n");
    for (long i = 0; i < PHILOSOPHERS; i++) {
        guests[i] = start(left_first, (void *)i);
    }
    int circle = 0;
    for (int i = 0; i < PHILOSOPHERS; i++) {
        int joined = mp_process_join(guests[i], PATIENCE_MS);
        int holder = whose(wait_until_blocked(guests[i], "futex").waits_for, guests);
        printf("philosopher %d: join says \"%s\", waits for philosopher %d\n", i, strerror(-joined), holder);
        circle += joined == -ETIMEDOUT && holder == (i + 1) % PHILOSOPHERS;
    }
    printf("deadlock: %s; meals: %d\n", circle == PHILOSOPHERS ? "each waits for the next, in a circle" : "NO",
           table->meals[0]);
    for (int i = 0; i < PHILOSOPHERS; i++) {
        terminate(guests[i]);
        must(mp_lock_init(&table->forks[i], 0), "fork"); /* the dead one still holds it */
    }

    printf("all take the fork with the lower number first\n");
    for (long i = 0; i < PHILOSOPHERS; i++) {
        guests[i] = start(lower_first, (void *)i);
    }
    for (int i = 0; i < PHILOSOPHERS; i++) {
        join(guests[i]);
        printf("philosopher %d: %d meals\n", i, table->meals[i]);
    }
    return circle == PHILOSOPHERS ? 0 : 1;
}

/*
 * Stress: locks, semaphores, conditions and barriers of lib/mp, whose users are killed, wait for a while only, and take
 * pages away under one another.
 */
#include "stress.h"

#include <mp/mp.h>

#define WORKERS 5

static struct {
    struct mp_lock lock;
    struct mp_rlock rlock;
    struct mp_semaphore semaphore, full;
    struct mp_condition condition;
    struct mp_barrier barrier;
    struct mp_event event;
    volatile uint64_t inside, count, items, given, taken;
    volatile uint64_t done[WORKERS * 8];
} *s;
static struct mp_shared *memory;

static void share(void)
{
    CHECK_EQUAL(mp_shared_create(sizeof *s, &memory), 0);
    s = mp_shared_alloc(memory, sizeof *s);
    CHECK(s != NULL);
}

static int some_time(void)
{
    return one_in(3) ? -1 : (int)below(4);
}

/* --- a robust lock, whose users are killed --- */

static void uses_lock(int me)
{
    while (time_left()) {
        int result = mp_lock_acquire(&s->lock, some_time());
        if (result == -ETIMEDOUT)
            continue;
        CHECK(result == 0 || result == -EOWNERDEAD);
        CHECK(result == -EOWNERDEAD || s->inside == 0);
        s->inside = (uint64_t)getpid();
        s->done[me * 8]++;
        if (one_in(64))
            yield();
        CHECK_EQUAL(s->inside, getpid());
        s->inside = 0;
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    }
}

static void robust_lock_and_kills(void)
{
    begin();
    while (time_left()) {
        int pids[WORKERS];
        uint64_t end = stress_until;
        share();
        CHECK_EQUAL(mp_lock_init(&s->lock, MP_ROBUST), 0);
        stress_until = clock_ns() + (below(30) + 1) * MS;
        for (int i = 0; i < WORKERS; i++)
            pids[i] = start(uses_lock, i);
        unsigned kills = below(WORKERS);
        for (unsigned i = 0; i < kills; i++) {
            sleep_at_most(10);
            kill_child(pids[i]);
        }
        for (int i = 0; i < WORKERS; i++)
            ended_or_killed(pids[i], 0);
        int last = mp_lock_acquire(&s->lock, 0);
        CHECK(last == 0 || last == -EOWNERDEAD);
        mp_shared_close(memory);
        stress_until = end;
    }
}

/* --- a plain lock: waiters are killed, holders are not; so nobody ever waits for a dead one --- */

static void waits_for_lock(int me)
{
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    __atomic_fetch_add(&s->count, 1, __ATOMIC_SEQ_CST);
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
}

static void plain_lock_and_kills_of_waiters(void)
{
    begin();
    while (time_left()) {
        int pids[WORKERS];
        share();
        CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
        for (int i = 0; i < WORKERS; i++)
            pids[i] = start(waits_for_lock, i);
        sleep_at_most(2);
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
        int victim = (int)below(WORKERS);
        kill_child(pids[victim]);
        ended_or_killed(pids[victim], 0);
        if (mp_lock_owner(&s->lock) == pids[victim])
            CHECK_EQUAL(mp_lock_release(&s->lock), 0);
        for (int i = 0; i < WORKERS; i++)
            if (i != victim)
                CHECK_EQUAL(ending_of(pids[i]), 0);
        CHECK(s->count >= WORKERS - 1);
        CHECK_EQUAL(mp_lock_owner(&s->lock), 0);
        mp_shared_close(memory);
    }
}

/* --- producers and consumers, by semaphores and by a condition --- */

static void produces(int me)
{
    while (time_left()) {
        CHECK_EQUAL(mp_semaphore_acquire(&s->semaphore, -1), 0);
        __atomic_fetch_add(&s->given, 1, __ATOMIC_SEQ_CST);
        CHECK_EQUAL(mp_semaphore_release(&s->full), 0);
        if (one_in(100))
            sleep_at_most(1);
    }
}

static void consumes(int me)
{
    for (;;) {
        int result = mp_semaphore_acquire(&s->full, some_time());
        if (result == 0) {
            __atomic_fetch_add(&s->taken, 1, __ATOMIC_SEQ_CST);
            CHECK_EQUAL(mp_semaphore_release(&s->semaphore), 0);
        } else {
            CHECK_EQUAL(result, -ETIMEDOUT);
        }
        if (s->items)
            return;
    }
}

static void semaphores_lose_nothing(void)
{
    begin();
    while (time_left()) {
        int pids[4];
        uint64_t end = stress_until;
        share();
        CHECK_EQUAL(mp_semaphore_init(&s->semaphore, 3), 0);
        CHECK_EQUAL(mp_semaphore_init(&s->full, 0), 0);
        stress_until = clock_ns() + (below(30) + 1) * MS;
        for (int i = 0; i < 4; i++)
            pids[i] = start(i < 2 ? produces : consumes, i);
        CHECK_EQUAL(ending_of(pids[0]), 0);
        CHECK_EQUAL(ending_of(pids[1]), 0);
        s->items = 1;
        CHECK_EQUAL(mp_semaphore_release(&s->full), 0); /* a consumer that waits for ever */
        CHECK_EQUAL(mp_semaphore_release(&s->full), 0);
        CHECK_EQUAL(ending_of(pids[2]), 0);
        CHECK_EQUAL(ending_of(pids[3]), 0);
        CHECK_EQUAL(s->given + 2, s->taken + mp_semaphore_value(&s->full));
        mp_shared_close(memory);
        stress_until = end;
    }
}

static void waits_for_news(int me)
{
    CHECK_EQUAL(mp_condition_acquire(&s->condition, -1), 0);
    int result = mp_condition_wait(&s->condition, -1);
    CHECK_EQUAL(result, 0);
    s->taken++;
    CHECK_EQUAL(mp_condition_release(&s->condition), 0);
}

/* What notify says it has woken is what goes on, but for one that is killed meanwhile. */
static void notify_counts_right(void)
{
    begin();
    while (time_left()) {
        int pids[WORKERS];
        uint64_t notified = 0, killed = 0;
        bool tried = false, all = false;
        share();
        for (int i = 0; i < WORKERS; i++)
            pids[i] = start(waits_for_news, i);
        while (!all) {
            sleep_at_most(1);
            CHECK_EQUAL(mp_condition_acquire(&s->condition, -1), 0);
            if (!tried && one_in(4)) {
                tried = true;
                kill_child(pids[0]);
                killed = ended_or_killed(pids[0], 0);
            }
            int n = (int)below(3), woken = mp_condition_notify(&s->condition, (unsigned)n);
            CHECK(woken >= 0 && woken <= n);
            notified += (uint64_t)woken;
            all = s->taken + killed == WORKERS;
            CHECK(s->taken <= notified && s->taken + killed <= WORKERS);
            CHECK_EQUAL(mp_condition_release(&s->condition), 0);
        }
        for (int i = tried; i < WORKERS; i++)
            CHECK_EQUAL(ending_of(pids[i]), 0);
        CHECK(notified - s->taken <= killed);
        mp_shared_close(memory);
    }
}

/* --- barriers that break and are reset, events --- */

static void meets(int me)
{
    while (time_left()) {
        int result = mp_barrier_wait(&s->barrier, one_in(8) ? (int)below(2) : 100);
        CHECK((result >= 0 && result < 3) || result == -ETIMEDOUT || result == -ECANCELED);
        if (result < 0)
            mp_barrier_reset(&s->barrier);
        if (one_in(4))
            mp_event_set(&s->event);
        else if (one_in(4))
            mp_event_clear(&s->event);
        result = mp_event_wait(&s->event, (int)below(2));
        CHECK(result == 0 || result == -ETIMEDOUT);
    }
}

static void barriers_break_and_are_repaired(void)
{
    begin();
    share();
    int pids[3];
    CHECK_EQUAL(mp_barrier_init(&s->barrier, 3), 0);
    for (int i = 0; i < 3; i++)
        pids[i] = start(meets, i);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

/* --- pages come and go under those who wait --- */

static volatile uint32_t *word;

static void waits_on_pages(int me)
{
    while (time_left()) {
        int result = one_in(3) ? futex_wake((void *)word, below(4)) :
                     one_in(2) ? futex_change((void *)word, 0, 0, below(4)) :
                                 futex_wait((void *)word, 0, (int64_t)below(2000000), 1, FUTEX_ROBUST, NULL);
        CHECK(result >= 0 || result == -EFAULT || result == -ETIMEDOUT || result == -EAGAIN);
    }
}

static void pages_go_under_waiters(void)
{
    begin();
    int pids[3], handle = memory_create(4096);
    CHECK(handle >= 0);
    word = map(handle, 0, 4096, MAP_READ | MAP_WRITE);
    CHECK(word != NULL);
    for (int i = 0; i < 3; i++)
        pids[i] = start(waits_on_pages, i);
    while (time_left()) {
        CHECK_EQUAL(memory_commit(handle, 0, 4096), 0);
        sleep_at_most(1);
        CHECK_EQUAL(memory_decommit(handle, 0, 4096), 0);
        if (one_in(20)) {
            int victim = (int)below(3);
            kill_child(pids[victim]);
            ended_or_killed(pids[victim], 0);
            pids[victim] = start(waits_on_pages, victim);
        }
    }
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

int main(int argc, char **argv)
{
    stress_start(argc, argv);
    RUN(robust_lock_and_kills);
    RUN(plain_lock_and_kills_of_waiters);
    RUN(semaphores_lose_nothing);
    RUN(notify_counts_right);
    RUN(barriers_break_and_are_repaired);
    RUN(pages_go_under_waiters);
    return check_end();
}

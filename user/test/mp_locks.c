/*
 * lib/mp's locks, one promise of their headers after the other: Lock, RLock, the Semaphores, robust ones. The other
 * primitives are in mp_waits.c, shared memory in mp_shared.c.
 */
#include "mp_tools.h"

#define ROUNDS 10000
#define WORKERS 4

static struct {
    struct mp_lock lock, second;
    struct mp_rlock rlock;
    struct mp_semaphore semaphore;
    volatile uint64_t count, inside, worst, other;
} *s;

/* ---- Lock ---- */

static void holds_until_told(int ms)
{
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    s->inside = 1;
    while (!s->other)
        sleep_ns(MS / 4);
    sleep_ns((uint64_t)ms * MS);
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
}

static void lock_is_for_one(void)
{
    s = share(sizeof *s);
    int pid = start_child(holds_until_told, 20);
    while (!s->inside)
        yield();
    CHECK_EQUAL(mp_lock_owner(&s->lock), pid);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 0), -ETIMEDOUT);
    CHECK_TIMES_OUT(mp_lock_acquire(&s->lock, 3), 3);
    s->other = 1;
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    CHECK_EQUAL(mp_lock_owner(&s->lock), getpid());
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    CHECK_EQUAL(mp_lock_owner(&s->lock), 0);
    CHECK_EQUAL(mp_lock_init(&s->lock, 2), -EINVAL);
}

static void lock_is_not_recursive(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 0), -ETIMEDOUT);
    CHECK_TIMES_OUT(mp_lock_acquire(&s->lock, 5), 5);
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 0), 0);
}

static void releases(int unused)
{
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
}

static void lock_is_released_by_another(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_lock_release(&s->lock), -EPERM);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    CHECK_EQUAL(ending_of(start_child(releases, 0)), 0);
    CHECK_EQUAL(mp_lock_release(&s->lock), -EPERM);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    int pid = start_child(releases, 0);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0); /* for itself, until the other lets go */
    CHECK_EQUAL(ending_of(pid), 0);
}

static void acquires(int unused)
{
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
}

/* Takes the lock, and then waits for another one: asleep while it holds the first. */
static void holds_for_ever(int unused)
{
    int error = mp_lock_acquire(&s->lock, -1);
    if (error == -EOWNERDEAD)
        _exit(9);
    CHECK_EQUAL(error, 0);
    mp_lock_acquire(&s->second, -1);
}

/* Two who wait, one behind the other; the holder lets go, and lives. Gives the one that has the lock then, and the
 * one that still waits, for the new holder. */
static void hand_over_to_one_of_two(int *holds, int *waits)
{
    struct proc_info info;
    CHECK_EQUAL(mp_lock_acquire(&s->second, -1), 0);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    int one = start_waiter(holds_for_ever, 0), two = start_waiter(holds_for_ever, 0);
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    while (mp_lock_owner(&s->lock) != one && mp_lock_owner(&s->lock) != two)
        sleep_ns(MS / 10);
    *holds = mp_lock_owner(&s->lock);
    *waits = one + two - *holds;
    do { /* until it sleeps on the other lock, which is ours */
        sleep_ns(MS / 10);
        CHECK_EQUAL(process_list(*holds, &info, 1), 1);
    } while (info.state != PROC_BLOCKED || info.waits_for != getpid());
}

static void the_next_waiter_hears_of_the_end_of_the_last_ones_successor(void)
{
    int holds, waits;
    s = share(sizeof *s);
    CHECK_EQUAL(mp_lock_init(&s->lock, MP_ROBUST), 0);
    hand_over_to_one_of_two(&holds, &waits);
    kill_and_wait(holds);
    CHECK_EQUAL(ending_of(waits), 9);
}

static void ps_names_who_holds_the_lock_now(void)
{
    struct proc_info info;
    int holds, waits;
    s = share(sizeof *s);
    hand_over_to_one_of_two(&holds, &waits);
    wait_until_blocked(waits, "futex");
    CHECK_EQUAL(process_list(waits, &info, 1), 1);
    CHECK_EQUAL(info.waits_for, holds);
    kill_and_wait(holds);
    wait_until_blocked(waits, "owner dead");
    kill_and_wait(waits);
}

static void passes_the_lock_on(int unused)
{
    for (;;) {
        CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
        yield();
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
        s->count++;
    }
}

/* Two who sleep on nothing but a lock that the other has: in ps they never sleep on a futex without a holder, nor for
 * themselves, however often they are looked at. */
static void what_ps_says_of_a_wait_is_of_one_moment(void)
{
    struct proc_info info;
    int pids[2], asleep = 0;
    s = share(sizeof *s);
    for (int i = 0; i < 2; i++)
        pids[i] = start_child(passes_the_lock_on, 0);
    for (int i = 0; i < 20 * ROUNDS; i++) {
        CHECK_EQUAL(process_list(pids[i % 2], &info, 1), 1);
        CHECK_EQUAL(info.pid, pids[i % 2]);
        if (info.state == PROC_BLOCKED && strcmp(info.reason, "futex") == 0) {
            CHECK_EQUAL(info.waits_for, pids[(i + 1) % 2]);
            asleep++;
        } else if (info.state != PROC_BLOCKED) {
            CHECK_EQUAL(info.waits_for, 0);
            CHECK_EQUAL(info.reason[0], '\0');
        }
    }
    CHECK(asleep > 100);
    for (int i = 0; i < 2; i++)
        kill_and_wait(pids[i]);
}

static void lock_of_the_dead_stays_held(void)
{
    struct proc_info info;
    s = share(sizeof *s);
    int dead = start_child(acquires, 0);
    CHECK_EQUAL(ending_of(dead), 0);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 5), -ETIMEDOUT);
    int pid = start_child(acquires, 0);
    wait_until_blocked(pid, "owner dead");
    CHECK_EQUAL(process_list(pid, &info, 1), 1);
    CHECK_EQUAL(info.waits_for, dead);
    CHECK_EQUAL(mp_lock_release(&s->lock), 0); /* anybody may */
    CHECK_EQUAL(ending_of(pid), 0);
}

static void waiter_names_the_holder(void)
{
    struct proc_info info;
    s = share(sizeof *s);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    int pid = start_waiter(acquires, 0);
    CHECK_EQUAL(process_list(pid, &info, 1), 1);
    CHECK_EQUAL(info.waits_for, getpid());
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    CHECK_EQUAL(ending_of(pid), 0);
}

static void counts_with_lock(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
        CHECK_EQUAL(s->inside, 0);
        s->inside = (uint64_t)getpid();
        s->count++;
        s->inside = 0;
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
        if (i % 64 == 0)
            yield();
    }
}

static void together(void (*f)(int), int rounds)
{
    int pids[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        pids[i] = start_child(f, rounds);
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

static void lock_stress(void)
{
    s = share(sizeof *s);
    together(counts_with_lock, ROUNDS);
    CHECK_EQUAL(s->count, WORKERS * ROUNDS);
    CHECK_EQUAL(mp_lock_owner(&s->lock), 0);
}

/* ---- robust ---- */

static void robust_lock_tells_the_next(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_lock_init(&s->lock, MP_ROBUST), 0);
    CHECK_EQUAL(ending_of(start_child(acquires, 0)), 0);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 0), -EOWNERDEAD);
    CHECK_EQUAL(mp_lock_owner(&s->lock), getpid());
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 3), -ETIMEDOUT);
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 0), 0);
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
}

static void acquires_robust(int unused)
{
    int result = mp_lock_acquire(&s->lock, -1);
    if (result == -EOWNERDEAD)
        s->count++;
    else
        CHECK_EQUAL(result, 0);
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
}

static void acquires_and_sleeps(int unused)
{
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    s->inside = 1;
    for (;;)
        sleep_ns(1000 * MS);
}

static void robust_lock_tells_one_of_many(void)
{
    int pids[WORKERS];
    s = share(sizeof *s);
    CHECK_EQUAL(mp_lock_init(&s->lock, MP_ROBUST), 0);
    int holder = start_child(acquires_and_sleeps, 0);
    while (!s->inside)
        yield();
    for (int i = 0; i < WORKERS; i++)
        pids[i] = start_waiter(acquires_robust, 0);
    kill_and_wait(holder);
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    CHECK_EQUAL(s->count, 1);
    CHECK_EQUAL(mp_lock_owner(&s->lock), 0);
}

/* A process that goes through a lock again and again is killed at this moment or that: whoever comes next gets the lock,
 * and is told if the other had it. */
static void goes_through(int robust)
{
    for (;;) {
        int result = mp_lock_acquire(&s->lock, -1);
        CHECK(result == 0 || (robust && result == -EOWNERDEAD));
        s->inside = (uint64_t)getpid();
        s->count++;
        s->inside = 0;
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    }
}

static void holder_is_killed_at_any_moment(void)
{
    uint64_t told = 0;
    s = share(sizeof *s);
    CHECK_EQUAL(mp_lock_init(&s->lock, MP_ROBUST), 0);
    for (int i = 0; i < 150; i++) {
        int a = start_child(goes_through, 1), b = start_child(goes_through, 1);
        sleep_ns((uint64_t)(i * 7919) % (3 * MS));
        kill_and_wait(a);
        uint64_t count = s->count, until = clock_ns() + 5000 * MS;
        while (s->count == count) { /* b goes on */
            CHECK(clock_ns() < until);
            sleep_ns(MS / 10);
        }
        kill_and_wait(b);
        int result = mp_lock_acquire(&s->lock, 1000);
        CHECK(result == 0 || result == -EOWNERDEAD);
        CHECK(result == -EOWNERDEAD || s->inside == 0);
        told += result != 0;
        s->inside = 0;
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    }
    printf("  %lu of 150 were told\n", told);
}

/* One that waits, or was just woken, is killed: the others go on. The lock is plain, so holders are let live. */
static void waiters_are_killed_at_any_moment(void)
{
    s = share(sizeof *s);
    for (int i = 0; i < 300; i++) {
        CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
        int a = start_child(acquires_robust, 0), b = start_child(acquires_robust, 0);
        if (i % 2) {
            wait_until_blocked(a, "futex");
            wait_until_blocked(b, "futex");
        }
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
        for (int spin = 0; spin < i % 32; spin++)
            clock_ns();
        kill(a, SIGKILL);
        int how = ending_of(a);
        CHECK(how == 0 || how == -SIGKILL);
        if (mp_lock_owner(&s->lock) == a)
            CHECK_EQUAL(mp_lock_release(&s->lock), 0);
        CHECK_EQUAL(ending_of(b), 0);
        CHECK_EQUAL(mp_lock_owner(&s->lock), 0);
    }
}

/* ---- RLock ---- */

static void rlock_of_another(int unused)
{
    CHECK_EQUAL(mp_rlock_release(&s->rlock), -EPERM);
    CHECK_EQUAL(mp_rlock_acquire(&s->rlock, 0), -ETIMEDOUT);
    CHECK_TIMES_OUT(mp_rlock_acquire(&s->rlock, 3), 3);
}

static void rlock_counts(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_rlock_init(&s->rlock, 8), -EINVAL);
    CHECK_EQUAL(mp_rlock_init(&s->rlock, 0), 0);
    CHECK_EQUAL(mp_rlock_release(&s->rlock), -EPERM);
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(mp_rlock_acquire(&s->rlock, 0), 0);
    for (int i = 0; i < 5; i++) {
        CHECK_EQUAL(ending_of(start_child(rlock_of_another, 0)), 0);
        CHECK_EQUAL(mp_rlock_release(&s->rlock), 0);
    }
    CHECK_EQUAL(mp_rlock_release(&s->rlock), -EPERM);
    s->rlock.count = UINT32_MAX;
    CHECK_EQUAL(mp_rlock_acquire(&s->rlock, 0), 0);
    CHECK_EQUAL(s->rlock.count, 1);
    s->rlock.count = UINT32_MAX;
    CHECK_EQUAL(mp_rlock_acquire(&s->rlock, 0), -EOVERFLOW);
}

static void acquires_rlock_twice(int unused)
{
    CHECK_EQUAL(mp_rlock_acquire(&s->rlock, -1), 0);
    CHECK_EQUAL(mp_rlock_acquire(&s->rlock, -1), 0);
}

static void robust_rlock(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_rlock_init(&s->rlock, MP_ROBUST), 0);
    CHECK_EQUAL(ending_of(start_child(acquires_rlock_twice, 0)), 0);
    CHECK_EQUAL(mp_rlock_acquire(&s->rlock, -1), -EOWNERDEAD);
    CHECK_EQUAL(mp_rlock_acquire(&s->rlock, -1), 0);
    CHECK_EQUAL(mp_rlock_release(&s->rlock), 0);
    CHECK_EQUAL(mp_rlock_release(&s->rlock), 0);
    CHECK_EQUAL(mp_rlock_release(&s->rlock), -EPERM);
}

static void counts_with_rlock(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        int depth = i % 3 + 1;
        for (int d = 0; d < depth; d++)
            CHECK_EQUAL(mp_rlock_acquire(&s->rlock, -1), 0);
        CHECK_EQUAL(s->inside, 0);
        s->inside = 1;
        s->count++;
        s->inside = 0;
        for (int d = 0; d < depth; d++)
            CHECK_EQUAL(mp_rlock_release(&s->rlock), 0);
    }
}

static void rlock_stress(void)
{
    s = share(sizeof *s);
    together(counts_with_rlock, ROUNDS);
    CHECK_EQUAL(s->count, WORKERS * ROUNDS);
}

/* ---- Semaphore ---- */

static void takes_a_permit(int unused)
{
    CHECK_EQUAL(mp_semaphore_acquire(&s->semaphore, -1), 0);
    __atomic_fetch_add(&s->count, 1, __ATOMIC_RELAXED);
}

static void semaphore_counts(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_semaphore_init(&s->semaphore, MP_SEMAPHORE_MAX + 1), -EINVAL);
    CHECK_EQUAL(mp_semaphore_init(&s->semaphore, 3), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(mp_semaphore_acquire(&s->semaphore, i == 1 ? 0 : -1), 0);
    CHECK_EQUAL(mp_semaphore_value(&s->semaphore), 0);
    CHECK_EQUAL(mp_semaphore_acquire(&s->semaphore, 0), -ETIMEDOUT);
    CHECK_TIMES_OUT(mp_semaphore_acquire(&s->semaphore, 4), 4);
    int pids[3];
    for (int i = 0; i < 3; i++)
        pids[i] = start_waiter(takes_a_permit, 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(mp_semaphore_release(&s->semaphore), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    CHECK_EQUAL(s->count, 3);
    CHECK_EQUAL(mp_semaphore_value(&s->semaphore), 1);
    CHECK_EQUAL(mp_semaphore_init(&s->semaphore, MP_SEMAPHORE_MAX), 0);
    CHECK_EQUAL(mp_semaphore_release(&s->semaphore), -EOVERFLOW);
}

static void bounded_semaphore_is_bounded(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_bounded_semaphore_init(&s->semaphore, MP_SEMAPHORE_MAX + 1), -EINVAL);
    CHECK_EQUAL(mp_bounded_semaphore_init(&s->semaphore, 2), 0);
    CHECK_EQUAL(mp_semaphore_release(&s->semaphore), -EOVERFLOW);
    CHECK_EQUAL(mp_semaphore_acquire(&s->semaphore, 0), 0);
    CHECK_EQUAL(mp_semaphore_release(&s->semaphore), 0);
    CHECK_EQUAL(mp_semaphore_release(&s->semaphore), -EOVERFLOW);
    CHECK_EQUAL(mp_semaphore_value(&s->semaphore), 2);
    CHECK_EQUAL(mp_bounded_semaphore_init(&s->semaphore, 0), 0);
    CHECK_EQUAL(mp_semaphore_acquire(&s->semaphore, 0), -ETIMEDOUT);
    CHECK_EQUAL(mp_semaphore_release(&s->semaphore), -EOVERFLOW);
}

static void killed_waiters_take_no_permits(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_semaphore_init(&s->semaphore, 0), 0);
    for (int i = 0; i < 100; i++) {
        int a = start_waiter(takes_a_permit, 0), b = start_waiter(takes_a_permit, 0);
        CHECK_EQUAL(mp_semaphore_release(&s->semaphore), 0);
        kill(a, SIGKILL);
        if (ending_of(a) == 0)
            CHECK_EQUAL(mp_semaphore_release(&s->semaphore), 0);
        /* One killed with the permit in its hand has taken it with it: that shows in nobody's count. */
        if (mp_semaphore_acquire(&s->semaphore, 20) == 0)
            CHECK_EQUAL(mp_semaphore_release(&s->semaphore), 0);
        CHECK_EQUAL(mp_semaphore_release(&s->semaphore), 0);
        CHECK_EQUAL(ending_of(b), 0);
        CHECK_EQUAL(mp_semaphore_init(&s->semaphore, 0), 0);
    }
}

static void goes_with_two(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        CHECK_EQUAL(mp_semaphore_acquire(&s->semaphore, -1), 0);
        CHECK(__atomic_add_fetch(&s->inside, 1, __ATOMIC_SEQ_CST) <= 2);
        __atomic_fetch_add(&s->count, 1, __ATOMIC_SEQ_CST);
        if (i % 64 == 0)
            yield();
        __atomic_sub_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);
        CHECK_EQUAL(mp_semaphore_release(&s->semaphore), 0);
    }
}

static void semaphore_stress(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_bounded_semaphore_init(&s->semaphore, 2), 0);
    together(goes_with_two, ROUNDS);
    CHECK_EQUAL(s->count, WORKERS * ROUNDS);
    CHECK_EQUAL(mp_semaphore_value(&s->semaphore), 2);
    CHECK_EQUAL(mp_semaphore_init(&s->semaphore, 2), 0);
    together(goes_with_two, ROUNDS / 2);
    CHECK_EQUAL(s->count, WORKERS * ROUNDS * 3 / 2);
    CHECK_EQUAL(mp_semaphore_value(&s->semaphore), 2);
}

/* Between the two getppid calls there must be no system call: tests/test_mp_locks.py looks at the trace. */
static void free_locks_enter_no_kernel(void)
{
    s = share(sizeof *s);
    mp_semaphore_init(&s->semaphore, 1);
    mp_self();
    getppid();
    for (int i = 0; i < 1000; i++) {
        mp_lock_acquire(&s->lock, -1);
        mp_lock_release(&s->lock);
        mp_lock_acquire(&s->second, 1000);
        mp_lock_release(&s->second);
        mp_rlock_acquire(&s->rlock, 0);
        mp_rlock_acquire(&s->rlock, -1);
        mp_rlock_release(&s->rlock);
        mp_rlock_release(&s->rlock);
        mp_semaphore_acquire(&s->semaphore, -1);
        mp_semaphore_release(&s->semaphore);
    }
    getppid();
    CHECK_EQUAL(mp_lock_owner(&s->lock), 0);
}

int main(int argc, char **argv)
{
    exact_time = argc > 2;
    check_start(argc > 1 && strcmp(argv[1], "all") == 0 ? 1 : argc, argv);
    RUN(lock_is_for_one);
    RUN(lock_is_not_recursive);
    RUN(lock_is_released_by_another);
    RUN(lock_of_the_dead_stays_held);
    RUN(the_next_waiter_hears_of_the_end_of_the_last_ones_successor);
    RUN(ps_names_who_holds_the_lock_now);
    RUN(what_ps_says_of_a_wait_is_of_one_moment);
    RUN(waiter_names_the_holder);
    RUN(lock_stress);
    RUN(robust_lock_tells_the_next);
    RUN(robust_lock_tells_one_of_many);
    RUN(holder_is_killed_at_any_moment);
    RUN(waiters_are_killed_at_any_moment);
    RUN(rlock_counts);
    RUN(robust_rlock);
    RUN(rlock_stress);
    RUN(semaphore_counts);
    RUN(bounded_semaphore_is_bounded);
    RUN(killed_waiters_take_no_permits);
    RUN(semaphore_stress);
    RUN(free_locks_enter_no_kernel);
    return check_end();
}

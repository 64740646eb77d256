/*
 * Barrier (mp/barrier.h). Those who wait sleep on `turn`, and find in `failures` how theirs ended, without the lock and
 * even if they come to look only some turns later. The lock is robust: one that ends while it changes these breaks it.
 */
#include "internal.h"
#include <mp/barrier.h>

#define BIT(turn) (1u << ((turn) % 32))

int mp_barrier_init(struct mp_barrier *barrier, unsigned parties)
{
    if (parties == 0 || parties > INT32_MAX)
        return -EINVAL;
    barrier->parties = parties;
    barrier->waiting = barrier->broken = 0;
    atomic_store(&barrier->failures, 0);
    atomic_store(&barrier->turn, 0);
    return mp_lock_init(&barrier->lock, MP_ROBUST);
}

/* The lock is held: the turn of those who wait is over. Nobody who is killed in between leaves them asleep: the change
 * wakes them. */
static void end_turn(struct mp_barrier *barrier, bool failed)
{
    uint32_t bit = BIT(atomic_load(&barrier->turn));
    if (failed)
        atomic_fetch_or(&barrier->failures, bit);
    else
        atomic_fetch_and(&barrier->failures, ~bit);
    barrier->waiting = 0;
    for (;;) {
        uint32_t seen = atomic_load(&barrier->turn);
        if (mp_change(&barrier->turn, seen, VALUE(seen + 1), UINT32_MAX, NULL))
            return;
    }
}

static void take(struct mp_barrier *barrier)
{
    if (mp_lock_acquire(&barrier->lock, -1) == -EOWNERDEAD) {
        barrier->broken = 1;
        end_turn(barrier, true);
    }
}

/* 0: the turn is over; -ETIMEDOUT, and it goes on. */
static int sleep_for_turn(struct mp_barrier *barrier, uint32_t turn, int64_t deadline)
{
    for (;;) {
        uint32_t seen = atomic_load(&barrier->turn);
        if (VALUE(seen) != turn)
            return 0;
        if (!mp_will_wait(&barrier->turn, &seen))
            continue;
        int result = futex_wait(&barrier->turn, seen, mp_left(deadline), 0, 0, NULL);
        if (result && result != -EAGAIN)
            return result;
    }
}

/* The turn of one whose time was up breaks, unless it is over by now. */
static bool break_turn(struct mp_barrier *barrier, uint32_t turn)
{
    take(barrier);
    bool goes_on = VALUE(atomic_load(&barrier->turn)) == turn;
    if (goes_on) {
        barrier->broken = 1;
        end_turn(barrier, true);
    }
    mp_lock_release(&barrier->lock);
    return goes_on;
}

int mp_barrier_wait_action(struct mp_barrier *barrier, int (*action)(void *argument), void *argument, int timeout_ms)
{
    int64_t deadline = mp_deadline(timeout_ms);
    take(barrier);
    uint32_t number = barrier->waiting, turn = VALUE(atomic_load(&barrier->turn));
    bool broken = barrier->broken, last = !broken && number + 1 == barrier->parties;
    int failed = broken ? -ECANCELED : last && action ? action(argument) : 0;
    if (last) {
        barrier->broken = failed < 0;
        end_turn(barrier, failed < 0);
    } else if (!broken) {
        barrier->waiting++;
    }
    mp_lock_release(&barrier->lock);
    if (broken || last)
        return failed < 0 ? failed : (int)number;

    int result = sleep_for_turn(barrier, turn, deadline);
    if (result && break_turn(barrier, turn))
        return result;
    return atomic_load(&barrier->failures) & BIT(turn) ? -ECANCELED : (int)number;
}

int mp_barrier_wait(struct mp_barrier *barrier, int timeout_ms)
{
    return mp_barrier_wait_action(barrier, NULL, NULL, timeout_ms);
}

void mp_barrier_reset(struct mp_barrier *barrier)
{
    take(barrier);
    if (barrier->waiting)
        end_turn(barrier, true);
    barrier->broken = 0;
    mp_lock_release(&barrier->lock);
}

void mp_barrier_abort(struct mp_barrier *barrier)
{
    take(barrier);
    barrier->broken = 1;
    end_turn(barrier, true);
    mp_lock_release(&barrier->lock);
}

unsigned mp_barrier_waiting(const struct mp_barrier *barrier)
{
    return __atomic_load_n(&barrier->waiting, __ATOMIC_RELAXED);
}

int mp_barrier_is_broken(const struct mp_barrier *barrier)
{
    return (int)__atomic_load_n(&barrier->broken, __ATOMIC_RELAXED);
}

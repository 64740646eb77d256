/*
 * Barrier (mp/barrier.h). Those who wait sleep on `turn`, and find in `failures` how their turn ended, even if they come
 * to look only some turns later. The lock is robust: one that ends while it changes these breaks the barrier.
 */
#include "internal.h"
#include <mp/barrier.h>

#define TURNS_KNOWN 32

int mp_barrier_init(struct mp_barrier *barrier, unsigned parties)
{
    if (parties == 0 || parties > INT32_MAX)
        return -EINVAL;
    barrier->parties = parties;
    barrier->waiting = barrier->broken = barrier->failures = 0;
    atomic_store(&barrier->turn, 0);
    return mp_lock_init(&barrier->lock, MP_ROBUST);
}

/* The lock is held: the turn of those who wait is over. Nobody who is killed in between leaves them asleep: the change
 * wakes them. */
static void end_turn(struct mp_barrier *barrier, bool failed)
{
    barrier->failures = barrier->failures << 1 | failed;
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

/* The lock is held: how the turn ended. */
static bool has_failed(const struct mp_barrier *barrier, uint32_t turn)
{
    uint32_t since = VALUE(VALUE(atomic_load(&barrier->turn)) - turn) - 1;
    return since < TURNS_KNOWN && (barrier->failures >> since & 1);
}

/* The lock is held, and let go of meanwhile. 0; -ETIMEDOUT, and the turn goes on. */
static int sleep_for_turn(struct mp_barrier *barrier, uint32_t turn, int64_t deadline)
{
    int result = 0;
    mp_lock_release(&barrier->lock);
    while (!result) {
        uint32_t seen = atomic_load(&barrier->turn);
        if (VALUE(seen) != turn)
            break;
        if (!mp_will_wait(&barrier->turn, &seen))
            continue;
        result = futex_wait(&barrier->turn, seen, mp_left(deadline), 0, 0, NULL);
        if (result == -EAGAIN)
            result = 0;
    }
    take(barrier);
    return VALUE(atomic_load(&barrier->turn)) == turn ? result : 0;
}

int mp_barrier_wait(struct mp_barrier *barrier, int timeout_ms)
{
    int64_t deadline = mp_deadline(timeout_ms);
    take(barrier);
    int result = (int)barrier->waiting;
    uint32_t turn = VALUE(atomic_load(&barrier->turn));
    if (barrier->broken) {
        result = -ECANCELED;
    } else if (++barrier->waiting == barrier->parties) {
        end_turn(barrier, false);
    } else {
        int slept = sleep_for_turn(barrier, turn, deadline);
        if (slept) {
            barrier->broken = 1;
            end_turn(barrier, true);
            result = slept;
        } else if (has_failed(barrier, turn)) {
            result = -ECANCELED;
        }
    }
    mp_lock_release(&barrier->lock);
    return result;
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

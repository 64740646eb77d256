/*
 * Semaphore and BoundedSemaphore (mp/semaphore.h). The word is the number of permits.
 */
#include "internal.h"
#include <mp/semaphore.h>

static int init(struct mp_semaphore *semaphore, unsigned value, unsigned max)
{
    if (value > MP_SEMAPHORE_MAX)
        return -EINVAL;
    semaphore->max = max;
    atomic_store(&semaphore->word, value);
    return 0;
}

int mp_semaphore_init(struct mp_semaphore *semaphore, unsigned value)
{
    return init(semaphore, value, MP_SEMAPHORE_MAX);
}

int mp_bounded_semaphore_init(struct mp_semaphore *semaphore, unsigned value)
{
    return init(semaphore, value, value);
}

int mp_semaphore_acquire(struct mp_semaphore *semaphore, int timeout_ms)
{
    int64_t deadline = 0;
    bool waited = false;
    for (;;) {
        uint32_t seen = atomic_load_explicit(&semaphore->word, memory_order_relaxed);
        if (VALUE(seen)) {
            if (atomic_compare_exchange_strong(&semaphore->word, &seen, seen - 1))
                return 0;
            continue;
        }
        if (timeout_ms == 0)
            return -ETIMEDOUT;
        if (!waited)
            deadline = mp_deadline(timeout_ms);
        waited = true;
        if (!mp_will_wait(&semaphore->word, &seen))
            continue;
        int result = futex_wait(&semaphore->word, seen, mp_left(deadline), 0, FUTEX_HAND_ON, NULL);
        if (result && result != -EAGAIN)
            return result;
    }
}

int mp_semaphore_release(struct mp_semaphore *semaphore)
{
    for (;;) {
        uint32_t seen = atomic_load_explicit(&semaphore->word, memory_order_relaxed);
        if (VALUE(seen) >= semaphore->max)
            return -EOVERFLOW;
        if (mp_change(&semaphore->word, seen, VALUE(seen) + 1, 1, NULL))
            return 0;
    }
}

unsigned mp_semaphore_value(const struct mp_semaphore *semaphore)
{
    return VALUE(atomic_load_explicit(&semaphore->word, memory_order_relaxed));
}

/*
 * The commitments (frame.h): one number, the frames that are promised to nobody. Charging is the only
 * place where memory runs out; what was charged can be had.
 */
#include <kinglet/errno.h>
#include "mem/frame.h"

static uint64_t available; /* atomic; frame_init releases the first frames into it */

int commit_charge(uint64_t frames)
{
    uint64_t old = __atomic_load_n(&available, __ATOMIC_RELAXED);

    do {
        if (frames > old)
            return -ENOMEM;
    } while (!__atomic_compare_exchange_n(&available, &old, old - frames, true, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return 0;
}

/* Release, as acquire above: whoever is promised these frames next finds them put. */
void commit_release(uint64_t frames)
{
    __atomic_fetch_add(&available, frames, __ATOMIC_RELEASE);
}

uint64_t frames_available(void)
{
    return __atomic_load_n(&available, __ATOMIC_RELAXED);
}

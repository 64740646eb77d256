/*
 * Event (mp/event.h). The word counts how often it was set, so that one who waited sees that it was although it is not.
 */
#include "internal.h"
#include <mp/event.h>

#define IS_SET 1u
#define ONE_MORE 2u

void mp_event_init(struct mp_event *event)
{
    atomic_store(&event->word, 0);
}

void mp_event_set(struct mp_event *event)
{
    for (;;) {
        uint32_t seen = atomic_load(&event->word);
        if (seen & IS_SET || mp_change(&event->word, seen, VALUE((seen + ONE_MORE) | IS_SET), UINT32_MAX, NULL))
            return;
    }
}

void mp_event_clear(struct mp_event *event)
{
    atomic_fetch_and(&event->word, ~IS_SET);
}

int mp_event_is_set(const struct mp_event *event)
{
    return atomic_load(&event->word) & IS_SET;
}

int mp_event_wait(struct mp_event *event, int timeout_ms)
{
    uint32_t seen = atomic_load(&event->word), first = VALUE(seen);
    if (seen & IS_SET)
        return 0;
    if (timeout_ms == 0)
        return -ETIMEDOUT;
    int64_t deadline = mp_deadline(timeout_ms);
    for (;; seen = atomic_load(&event->word)) {
        if (VALUE(seen) != first)
            return 0;
        if (!mp_will_wait(&event->word, &seen))
            continue;
        int result = futex_wait(&event->word, seen, mp_left(deadline), 0, 0, NULL);
        if (result && result != -EAGAIN)
            return result;
    }
}

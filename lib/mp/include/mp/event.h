/*
 * Event: a flag that processes wait for. Like multiprocessing.Event. Memory and timeouts: <mp/lock.h>.
 */
#ifndef MP_EVENT_H
#define MP_EVENT_H

#include <mp/lock.h>

/* Full of zeroes it is an event that is not set. */
struct mp_event {
    mp_word word; /* bit 0: set; above: how often it has been */
};

/* Not set; nobody may be using it. Does not block. */
void mp_event_init(struct mp_event *event);

/* Sets it and wakes all who wait, even if it is cleared at once. Does not block; enters the kernel if somebody waits. */
void mp_event_set(struct mp_event *event);
/* Not set any more: from now on they wait. Does not block. */
void mp_event_clear(struct mp_event *event);
/* 1: it is set; 0. Does not block. */
int mp_event_is_set(const struct mp_event *event);

/* Blocks until it is set, at most so long. 0: it is, or was in between; -ETIMEDOUT. */
int mp_event_wait(struct mp_event *event, int timeout_ms);

#endif

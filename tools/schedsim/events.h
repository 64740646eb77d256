/*
 * The jobs that are blocked, in a heap: the first to return on top, of those that return together the first of
 * the list. (lib/common's heap does not keep the order of equal keys.)
 */
#ifndef SCHEDSIM_EVENTS_H
#define SCHEDSIM_EVENTS_H

#include "schedsim.h"

struct events {
    struct job **heap;
    size_t count, room;
};

static inline struct job *events_first(const struct events *e)
{
    return e->heap[0];
}

void events_add(struct events *e, struct job *job);
struct job *events_take(struct events *e); /* there is one */
void events_free(struct events *e);

#endif

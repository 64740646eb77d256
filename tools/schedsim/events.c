/*
 * A binary heap in an array: see events.h. The jobs are in an array, too, so that their addresses are in order of
 * the list.
 */
#include "events.h"

#include <stdlib.h>

static bool before(const struct job *a, const struct job *b)
{
    return a->returns != b->returns ? a->returns < b->returns : a < b;
}

void events_add(struct events *e, struct job *job)
{
    e->heap = grow(e->heap, &e->room, e->count + 1, sizeof *e->heap);
    size_t at = e->count++;
    for (; at > 0 && before(job, e->heap[(at - 1) / 2]); at = (at - 1) / 2)
        e->heap[at] = e->heap[(at - 1) / 2];
    e->heap[at] = job;
}

struct job *events_take(struct events *e)
{
    struct job *first = e->heap[0], *last = e->heap[--e->count];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < e->count) {
        if (child + 1 < e->count && before(e->heap[child + 1], e->heap[child]))
            child++;
        if (!before(e->heap[child], last))
            break;
        e->heap[at] = e->heap[child];
        at = child;
    }
    e->heap[at] = last;
    return first;
}

void events_free(struct events *e)
{
    free(e->heap);
}

/*
 * Numbers for things: a slot's index, and in the upper half which of all that the table has ever had it is, so that a
 * number that a client has kept too long names nothing instead of something else. An empty table has no slots.
 */
#include "server.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 16
#define NO_SLOT UINT32_MAX
#define SERIALS (1u << (TABLE_NUMBER_BITS - 32))

struct table_slot {
    void *what; /* NULL: free */
    uint32_t serial;
    uint32_t next_free;
};

static void free_slots(struct table *t)
{
    if (t->counted)
        server_free(t->slot);
    else
        free(t->slot);
}

static bool grow(struct table *t)
{
    uint32_t n = t->slots ? 2 * t->slots : FIRST_SLOTS;
    size_t bytes = n * sizeof *t->slot;
    struct table_slot *slot = n < t->slots ? NULL : t->counted ? server_alloc(bytes) : malloc(bytes);
    if (!slot)
        return false;
    if (t->slots)
        memcpy(slot, t->slot, t->slots * sizeof *slot);
    free_slots(t);
    for (uint32_t i = t->slots; i < n; i++)
        slot[i] = (struct table_slot){.next_free = i + 1 < n ? i + 1 : NO_SLOT};
    t->free = t->slots;
    t->slot = slot;
    t->slots = n;
    return true;
}

uint64_t table_add(struct table *t, void *what)
{
    if (t->free == NO_SLOT && !grow(t))
        return 0;
    uint32_t i = t->free;
    struct table_slot *s = &t->slot[i];
    t->free = s->next_free;
    s->what = what;
    s->serial = t->serial++ % SERIALS;
    t->used++;
    return (uint64_t)s->serial << 32 | (i + 1);
}

static struct table_slot *slot_of(const struct table *t, uint64_t number)
{
    uint32_t i = (uint32_t)number - 1; /* 0 becomes too large */
    if (i >= t->slots || t->slot[i].serial != number >> 32 || !t->slot[i].what)
        return NULL;
    return &t->slot[i];
}

void *table_find(const struct table *t, uint64_t number)
{
    const struct table_slot *s = slot_of(t, number);
    return s ? s->what : NULL;
}

void table_remove(struct table *t, uint64_t number)
{
    struct table_slot *s = slot_of(t, number);
    if (!s)
        return;
    s->what = NULL;
    s->next_free = t->free;
    t->free = (uint32_t)(s - t->slot);
    if (--t->used > 0)
        return;
    free_slots(t);
    t->slot = NULL;
    t->slots = 0;
    t->free = NO_SLOT;
}

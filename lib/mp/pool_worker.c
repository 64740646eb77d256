/*
 * What runs in the workers of a pool: take a task, do it, answer. See pool_internal.h.
 */
#include "pool_internal.h"

#include <stdlib.h>
#include <unistd.h>

void mp_pool_ring(struct table *table, unsigned n)
{
    uint32_t seen;
    do
        seen = atomic_load(&table->posted);
    while (!mp_change(&table->posted, seen, VALUE(seen + 1), n, NULL));
}

static struct slot *oldest_ready(struct table *table)
{
    struct slot *oldest = NULL;
    for (uint32_t i = 0; i < table->slots; i++) {
        struct slot *s = &table->slot[i];
        if (atomic_load(&s->state) == SLOT_READY &&
            (!oldest || atomic_load(&s->number) < atomic_load(&oldest->number)))
            oldest = s;
    }
    return oldest;
}

/* Waits for a task and takes it; NULL: there will be no more. No task stays behind while a worker sleeps: whoever
 * sleeps has found no slot READY after it read `posted`, and every slot that became READY since has changed that, and
 * woken one that slept. Should that one be killed before it gets here, the kernel wakes the next (FUTEX_HAND_ON). */
static struct slot *take(struct table *table, unsigned me)
{
    for (;;) {
        uint32_t seen = atomic_load(&table->posted), ready = SLOT_READY;
        if (atomic_load(&table->stop))
            return NULL;
        struct slot *s = oldest_ready(table);
        if (s && atomic_compare_exchange_strong(&s->state, &ready, SLOT_TAKEN + me))
            return s;
        if (!s && mp_will_wait(&table->posted, &seen))
            futex_wait(&table->posted, seen, NEVER, 0, FUTEX_HAND_ON, NULL);
    }
}

/* Memory for an answer, kept from task to task. NULL: there is not so much. */
static struct answer *answer_of(size_t bytes)
{
    static struct answer *answer;
    static size_t have;
    if (bytes > have) {
        free(answer);
        answer = malloc(bytes);
        have = answer ? bytes : 0;
    }
    return answer;
}

/* Does the task and sends its answer. The slot is the creator's again as soon as that is sent. */
static int perform(struct mp_pool *pool, struct slot *s)
{
    uint32_t index = (uint32_t)(s - pool->table->slot);
    size_t head = answer_head(s->count), end = head, stride = s->result_bytes;
    const char *items = pool->table->data + (size_t)index * SLOT_BYTES;
    struct answer error = {.slot = index, .error = -ENOMEM}, *answer = answer_of(head + s->count * stride);
    int sender = pool->answers[1];
    if (answer) {
        char *results = (char *)answer + head;
        for (size_t i = 0; i < s->count; i++) {
            int status = s->function(items + i * s->item_bytes, s->item_bytes, results + i * stride, stride);
            answer->status[i] = status > 0 && (size_t)status > stride ? -EMSGSIZE : status;
            if (answer->status[i] > 0)
                end = head + i * stride + (size_t)status;
        }
        answer->slot = index; /* only now: a task that writes before its result hits nobody but itself */
        answer->error = 0;
        error.error = message_send(sender, answer, end, NULL, 0, NEVER);
    }
    /* It may be that the kernel has memory for a message without results. Else the worker's end is the answer. */
    return error.error ? message_send(sender, &error, sizeof error, NULL, 0, NEVER) : 0;
}

int mp_pool_work(void *argument)
{
    struct worker *me = argument;
    struct mp_pool *pool = me->pool;
    struct table *table = pool->table;
    struct slot *s;
    for (unsigned i = 0; i < pool->workers; i++)
        if (i != me->index && pool->worker[i].process)
            mp_process_close(pool->worker[i].process); /* a copy of the creator's */
    close(pool->answers[0]);
    close(pool->memory);
    int error = pool->initializer ? pool->initializer(pool->argument) : 0;
    if (error)
        return error;
    atomic_store(&table->initialized[me->index], true);
    for (unsigned done = 1; (s = take(table, me->index)) != NULL; done++) {
        uint32_t max = atomic_load(&table->max_tasks);
        error = perform(pool, s);
        if (error || (max && done >= max))
            break;
    }
    return error;
}

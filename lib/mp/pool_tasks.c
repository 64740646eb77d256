/*
 * Pool's tasks, on the creator's side: how they are handed in and handed out, and what becomes of their answers.
 * See <mp/pool.h> and pool_internal.h.
 */
#include "pool_internal.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 4096ul

/* ---- results come about, chunk by chunk ---- */

static size_t chunk_start(const struct mp_result *r, size_t chunk)
{
    return chunk * r->map.chunksize;
}

static size_t chunk_count(const struct mp_result *r, size_t chunk)
{
    size_t left = r->map.count - chunk_start(r, chunk);
    return left < r->map.chunksize ? left : r->map.chunksize;
}

static void set_status(struct mp_result *r, size_t item, int status, int exit_code)
{
    if (r->map.statuses)
        r->map.statuses[item] = status;
    if (status < 0 && (!r->error || item < r->error_at)) {
        r->error = status;
        r->error_at = item;
        r->exit_code = exit_code;
    }
}

/* All its items have their status. With the last chunk the result is ready, and its memory perhaps gone. */
static void chunk_done(struct mp_result *r, size_t chunk)
{
    r->order[r->done++] = (uint32_t)chunk;
    if (r->done < r->chunks)
        return;
    r->pool->unfinished--;
    r->pool = NULL;
    if (r->unwanted)
        free(r);
}

static void fail_chunk(struct mp_result *r, size_t chunk, int error, int exit_code)
{
    size_t start = chunk_start(r, chunk), count = chunk_count(r, chunk);
    for (size_t i = 0; i < count; i++)
        set_status(r, start + i, error, exit_code);
    chunk_done(r, chunk);
}

static void take_results(struct mp_result *r, size_t chunk, const struct answer *answer)
{
    size_t start = chunk_start(r, chunk), count = chunk_count(r, chunk), stride = r->map.result_bytes;
    const char *from = (const char *)answer + answer_head(count);
    char *to = (char *)r->map.results + start * stride;
    for (size_t i = 0; i < count; i++) {
        if (answer->status[i] > 0)
            memcpy(to + i * stride, from + i * stride, (size_t)answer->status[i]);
        set_status(r, start + i, answer->status[i], MP_NO_EXIT_CODE);
    }
    chunk_done(r, chunk);
}

/* ---- slots ---- */

static void free_slot(struct mp_pool *pool, unsigned i)
{
    pool->assignment[i].result = NULL;
    pool->free[pool->free_count++] = i;
    atomic_store(&pool->table->slot[i].state, SLOT_FREE);
}

/* Puts a chunk into a free slot. 0; -ENOMEM, and the slot is still free. */
static int fill_slot(struct mp_pool *pool, unsigned i, struct mp_result *r, size_t chunk)
{
    struct assignment *a = &pool->assignment[i];
    struct slot *s = &pool->table->slot[i];
    size_t count = chunk_count(r, chunk), bytes = count * r->map.item_bytes;
    char *data = pool->table->data + (size_t)i * SLOT_BYTES;
    if (bytes > a->committed) {
        size_t pages = (bytes + PAGE - 1) & ~(PAGE - 1);
        int error = memory_commit(pool->memory, (uint64_t)(data - (char *)pool->table), pages);
        if (error)
            return error;
        a->committed = pages;
    }
    memcpy(data, (const char *)r->map.items + chunk_start(r, chunk) * r->map.item_bytes, bytes);
    a->result = r;
    a->chunk = chunk;
    s->count = (uint32_t)count;
    s->function = r->map.function;
    s->item_bytes = (uint32_t)r->map.item_bytes;
    s->result_bytes = (uint32_t)r->map.result_bytes;
    atomic_store(&s->number, ++pool->numbers);
    atomic_store(&s->state, SLOT_READY);
    mp_pool_ring(pool->table, 1);
    return 0;
}

/* The next chunk of the first result that has one; true if there is any. With its last one the result leaves the
 * list. */
static bool next_chunk(struct mp_pool *pool, struct mp_result **r, size_t *chunk)
{
    *r = pool->first;
    if (!*r)
        return false;
    *chunk = (*r)->handed_out++;
    if ((*r)->handed_out == (*r)->chunks)
        pool->first = (*r)->next;
    return true;
}

void mp_pool_hand_out(struct mp_pool *pool)
{
    struct mp_result *r;
    size_t chunk;
    while (pool->free_count && next_chunk(pool, &r, &chunk)) {
        unsigned i = pool->free[--pool->free_count];
        int error = fill_slot(pool, i, r, chunk);
        if (error) {
            pool->free_count++;
            fail_chunk(r, chunk, error, MP_NO_EXIT_CODE);
        }
    }
}

/* Is it one with results, for this chunk? A task may have written over what its worker sends. */
static bool makes_sense(const struct answer *answer, size_t bytes, const struct mp_result *r, size_t chunk)
{
    size_t count = chunk_count(r, chunk), stride = r->map.result_bytes, head = answer_head(count);
    if (bytes < head)
        return false;
    for (size_t i = 0; i < count; i++)
        if (answer->status[i] > 0 &&
            ((size_t)answer->status[i] > stride || head + i * stride + (size_t)answer->status[i] > bytes))
            return false;
    return true;
}

void mp_pool_fetch_answers(struct mp_pool *pool)
{
    struct answer *answer = (struct answer *)pool->message;
    int64_t bytes;
    while ((bytes = message_receive(pool->answers[0], answer, MESSAGE_BYTES_MAX, NULL, 0, AT_ONCE)) >= 0) {
        if ((size_t)bytes < sizeof *answer || answer->slot >= pool->table->slots)
            continue;
        struct assignment a = pool->assignment[answer->slot];
        if (!a.result)
            continue; /* terminated meanwhile */
        free_slot(pool, answer->slot);
        if (answer->error < 0)
            fail_chunk(a.result, a.chunk, answer->error, MP_NO_EXIT_CODE);
        else if (makes_sense(answer, (size_t)bytes, a.result, a.chunk))
            take_results(a.result, a.chunk, answer);
        else
            fail_chunk(a.result, a.chunk, -EIO, MP_NO_EXIT_CODE);
    }
}

void mp_pool_fail_tasks_of(struct mp_pool *pool, unsigned worker, int exit_code)
{
    for (unsigned i = 0; i < pool->table->slots; i++) {
        struct assignment a = pool->assignment[i];
        if (!a.result || atomic_load(&pool->table->slot[i].state) != SLOT_TAKEN + worker)
            continue;
        free_slot(pool, i);
        fail_chunk(a.result, a.chunk, -EOWNERDEAD, exit_code);
    }
}

void mp_pool_fail_all(struct mp_pool *pool, int error)
{
    struct mp_result *r;
    size_t chunk;
    for (unsigned i = 0; i < pool->table->slots; i++) {
        struct assignment a = pool->assignment[i];
        if (!a.result)
            continue;
        free_slot(pool, i);
        fail_chunk(a.result, a.chunk, error, MP_NO_EXIT_CODE);
    }
    while (next_chunk(pool, &r, &chunk))
        fail_chunk(r, chunk, error, MP_NO_EXIT_CODE);
}

/* ---- handing in ---- */

static int may_hand_in(const struct mp_pool *pool, const struct mp_map *map)
{
    if (pool->creator != self_pid())
        return -EPERM;
    if (pool->state != POOL_OPEN)
        return -ECANCELED;
    if (map->item_bytes > MP_POOL_BYTES_MAX || map->result_bytes > MP_POOL_BYTES_MAX)
        return -EMSGSIZE;
    return map->function && map->count <= UINT32_MAX ? 0 : -EINVAL;
}

static struct mp_result *new_result(struct mp_pool *pool, const struct mp_map *map, size_t own)
{
    struct mp_result *r = malloc(sizeof *r + own);
    if (!r)
        return NULL;
    memset(r, 0, sizeof *r);
    r->creator = pool->creator;
    r->map = *map;
    r->exit_code = MP_NO_EXIT_CODE;
    return r;
}

static void hand_in(struct mp_pool *pool, struct mp_result *r)
{
    if (r->chunks == 0)
        return; /* ready */
    if (pool->live == 0)
        pool->failed_starts = 0; /* a new try */
    r->pool = pool;
    pool->unfinished++;
    if (pool->first)
        pool->last->next = r;
    else
        pool->first = r;
    pool->last = r;
    if (pool->free_count)
        mp_pool_tend(pool);
    else
        mp_pool_progress(pool); /* all slots are taken, but perhaps by what is done */
}

int mp_pool_apply_async(struct mp_pool *pool, mp_pool_function *function, const void *argument, size_t bytes,
                        size_t room, struct mp_result **result)
{
    struct mp_map map = {function, argument, 1, bytes, NULL, room, NULL, 1};
    int error = may_hand_in(pool, &map);
    if (error)
        return error;
    struct mp_result *r = new_result(pool, &map, sizeof(uint32_t) + bytes + room);
    if (!r)
        return -ENOMEM;
    r->chunks = 1;
    r->order = (uint32_t *)r->own;
    r->map.items = r->own + sizeof(uint32_t);
    r->map.results = r->own + sizeof(uint32_t) + bytes;
    r->map.statuses = &r->status;
    memcpy(r->own + sizeof(uint32_t), argument, bytes);
    r->unwanted = !result;
    if (result)
        *result = r;
    hand_in(pool, r);
    return 0;
}

int mp_pool_apply(struct mp_pool *pool, mp_pool_function *function, const void *argument, size_t bytes, void *result,
                  size_t room)
{
    struct mp_result *r;
    int status = mp_pool_apply_async(pool, function, argument, bytes, room, &r);
    if (status)
        return status;
    status = mp_result_get(r, result, room, -1);
    mp_result_free(r);
    return status;
}

/* As many items as their creator wishes, but what is sent there and back has to fit. */
static size_t chunksize_of(const struct mp_pool *pool, const struct mp_map *map)
{
    size_t usual = (map->count + pool->workers * 4 - 1) / (pool->workers * 4);
    size_t chunk = map->chunksize ? map->chunksize : usual ? usual : 1;
    size_t there = map->item_bytes ? MP_POOL_BYTES_MAX / map->item_bytes : chunk;
    size_t back = (MESSAGE_BYTES_MAX - answer_head(0) - 15) / (sizeof(int32_t) + map->result_bytes);
    chunk = chunk < there ? chunk : there;
    return chunk < back ? chunk : back ? back : 1;
}

int mp_pool_map_async(struct mp_pool *pool, const struct mp_map *map, struct mp_result **result)
{
    int error = may_hand_in(pool, map);
    if (error)
        return error;
    size_t chunksize = chunksize_of(pool, map), chunks = (map->count + chunksize - 1) / chunksize;
    struct mp_result *r = new_result(pool, map, chunks * sizeof(uint32_t));
    if (!r)
        return -ENOMEM;
    r->map.chunksize = chunksize;
    r->chunks = chunks;
    r->order = (uint32_t *)r->own;
    r->is_map = true;
    *result = r;
    hand_in(pool, r);
    return 0;
}

int mp_pool_map(struct mp_pool *pool, const struct mp_map *map)
{
    struct mp_result *r;
    int error = mp_pool_map_async(pool, map, &r);
    if (error)
        return error;
    error = mp_result_get(r, NULL, 0, -1);
    mp_result_free(r);
    return error;
}

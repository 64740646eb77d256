/*
 * Pool: see <mp/pool.h> and pool_internal.h. Here are its life and that of its workers.
 */
#include "pool_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096ul
#define NS_PER_MS 1000000
#define FAILED_STARTS_MAX 16 /* and one for each worker: so many may be killed in the initializer by chance */

static bool is_creator(const struct mp_pool *pool)
{
    return pool->creator == self_pid();
}

/* ---- workers ---- */

/* It has ended, and all that it answered was fetched since: what it had begun fails. */
static void remove_worker(struct mp_pool *pool, struct worker *w)
{
    int exit_code = mp_process_exit_code(w->process);
    mp_process_close(w->process);
    w->process = NULL;
    pool->live--;
    mp_pool_fail_tasks_of(pool, w->index, exit_code);
}

static int start_worker(struct mp_pool *pool, struct worker *w)
{
    char name[MP_NAME_MAX];
    int error = mp_process_create(&w->process, mp_pool_work, w);
    if (error) {
        w->process = NULL;
        return error;
    }
    snprintf(name, sizeof name, "PoolWorker-%u", ++pool->named);
    mp_process_set_name(w->process, name);
    mp_process_set_daemon(w->process, 1);
    atomic_store(&pool->table->initialized[w->index], false);
    error = mp_process_start(w->process);
    if (error) {
        mp_process_close(w->process);
        w->process = NULL;
        return error;
    }
    pool->live++;
    int sentinel = mp_process_sentinel(w->process);
    if (sentinel >= 0)
        return 0;
    mp_process_kill(w->process); /* nobody would hear of its end; but it may have begun to work */
    mp_process_join(w->process, -1);
    mp_pool_fetch_answers(pool);
    remove_worker(pool, w);
    return sentinel;
}

/* Starts those that are missing. 0, or why not all are there. */
static int start_missing(struct mp_pool *pool)
{
    for (unsigned i = 0; i < pool->workers && pool->live < pool->workers; i++) {
        if (pool->worker[i].process)
            continue;
        if (pool->failed_starts > FAILED_STARTS_MAX + pool->workers)
            return -ECHILD;
        int error = start_worker(pool, &pool->worker[i]);
        if (error)
            return error;
    }
    return 0;
}

/* ---- going on ---- */

int mp_pool_handles(struct mp_pool *pool, struct pollfd *fds, int n)
{
    int count = 0;
    if (!is_creator(pool))
        return -EPERM;
    if (count++ < n)
        fds[0] = (struct pollfd){.fd = pool->answers[0], .events = POLLIN};
    for (unsigned i = 0; i < pool->workers; i++)
        if (pool->worker[i].process && count++ < n)
            fds[count - 1] = (struct pollfd){.fd = mp_process_sentinel(pool->worker[i].process), .events = POLLIN};
    return count;
}

void mp_pool_tend(struct mp_pool *pool)
{
    if (pool->state == POOL_CLOSED && pool->unfinished == 0) {
        pool->state = POOL_STOPPED;
        atomic_store(&pool->table->stop, 1);
        mp_pool_ring(pool->table, UINT32_MAX);
    }
    if (pool->state >= POOL_STOPPED)
        return;
    int error = start_missing(pool);
    if (pool->live == 0)
        mp_pool_fail_all(pool, error);
    mp_pool_hand_out(pool);
}

/* Waits until something has happened, at most so long, and sees what it was. The order matters: when a sentinel says
 * that a worker has ended, all that it answered is there; so answers are fetched before its tasks are looked for. */
static void look(struct mp_pool *pool, int timeout_ms)
{
    int n = mp_pool_handles(pool, pool->fds, (int)pool->workers + 1);
    if (poll(pool->fds, (unsigned)n, timeout_ms) <= 0)
        return;
    mp_pool_fetch_answers(pool);
    for (unsigned i = 0, k = 1; i < pool->workers; i++) {
        struct worker *w = &pool->worker[i];
        if (!w->process || !pool->fds[k++].revents || mp_process_join(w->process, 0) == -ETIMEDOUT)
            continue;
        pool->failed_starts = atomic_load(&pool->table->initialized[i]) ? 0 : pool->failed_starts + 1;
        remove_worker(pool, w);
    }
    mp_pool_tend(pool);
}

int mp_pool_go_on_until(struct mp_pool *pool, bool (*over)(const void *what), const void *what, int64_t deadline)
{
    mp_pool_tend(pool);
    for (;;) {
        if (over(what))
            return 0;
        int64_t left = mp_left(deadline), ms = (left + NS_PER_MS - 1) / NS_PER_MS;
        look(pool, left < 0 ? -1 : (int)ms);
        if (left == 0)
            return over(what) ? 0 : -ETIMEDOUT;
    }
}

static bool at_once(const void *pool)
{
    return false;
}

int mp_pool_progress(struct mp_pool *pool)
{
    if (!is_creator(pool))
        return -EPERM;
    mp_pool_go_on_until(pool, at_once, pool, AT_ONCE);
    return (int)pool->unfinished;
}

/* ---- its life ---- */

static void end_workers(struct mp_pool *pool)
{
    for (unsigned i = 0; i < pool->workers; i++)
        if (pool->worker[i].process)
            mp_process_terminate(pool->worker[i].process);
}

/* All that this process has of it. Its workers have ended, or are not this process's. */
static void give_back(struct mp_pool *pool)
{
    for (unsigned i = 0; i < pool->workers; i++)
        if (pool->worker[i].process)
            mp_process_close(pool->worker[i].process);
    if (pool->table)
        unmap(pool->table, pool->table_bytes);
    if (pool->memory >= 0)
        close(pool->memory);
    for (int i = 0; i < 2; i++)
        if (pool->answers[i] >= 0)
            close(pool->answers[i]);
    free(pool->message);
    free(pool->assignment);
    free(pool->free);
    free(pool->fds);
    free(pool);
}

/* The table and its slots. Only the table has memory yet: a slot's data get theirs when there are some. */
static int make_table(struct mp_pool *pool, unsigned slots)
{
    size_t head = (sizeof(struct table) + slots * sizeof(struct slot) + PAGE - 1) & ~(PAGE - 1);
    size_t bytes = head + (size_t)slots * SLOT_BYTES;
    pool->memory = memory_create(bytes);
    int error = pool->memory < 0 ? pool->memory : memory_commit(pool->memory, 0, head);
    if (error)
        return error;
    pool->table = map(pool->memory, 0, bytes, MAP_READ | MAP_WRITE);
    if (!pool->table)
        return -errno;
    pool->table_bytes = bytes;
    pool->table->slots = slots;
    pool->table->data = (char *)pool->table + head;
    return 0;
}

static int make(struct mp_pool *pool)
{
    unsigned slots = pool->workers * SLOTS_EACH;
    slots = slots < SLOTS_LEAST ? SLOTS_LEAST : slots;
    pool->message = malloc(MESSAGE_BYTES_MAX);
    pool->assignment = calloc(slots, sizeof *pool->assignment);
    pool->free = calloc(slots, sizeof *pool->free);
    pool->fds = calloc(pool->workers + 1, sizeof *pool->fds);
    if (!pool->message || !pool->assignment || !pool->free || !pool->fds)
        return -ENOMEM;
    for (; pool->free_count < slots; pool->free_count++)
        pool->free[pool->free_count] = slots - 1 - pool->free_count;
    int error = message_pipe(pool->answers, MESSAGE_PIPE_BYTES, slots, 0);
    if (!error)
        error = make_table(pool, slots);
    for (unsigned i = 0; i < pool->workers; i++)
        pool->worker[i] = (struct worker){.pool = pool, .index = i};
    return error ? error : start_missing(pool);
}

int mp_pool_create(struct mp_pool **pool, unsigned workers, int (*initializer)(void *argument), void *argument)
{
    struct system_info info;
    if (mp_process_daemon(mp_current_process()))
        return -EDAEMON;
    if (workers == 0) {
        system_info(&info);
        workers = (unsigned)info.harts;
    }
    if (workers > MP_POOL_WORKERS_MAX)
        return -EINVAL;
    struct mp_pool *p = calloc(1, sizeof *p + workers * sizeof p->worker[0]);
    if (!p)
        return -ENOMEM;
    p->creator = self_pid();
    p->initializer = initializer;
    p->argument = argument;
    p->workers = workers;
    p->memory = p->answers[0] = p->answers[1] = -1;
    *pool = p; /* before there are workers: theirs is not a wild pointer, but one that gives -EPERM */
    int error = make(p);
    if (error) {
        mp_pool_free(p);
        *pool = NULL;
    }
    return error;
}

int mp_pool_set_max_tasks(struct mp_pool *pool, unsigned tasks)
{
    if (!is_creator(pool))
        return -EPERM;
    atomic_store(&pool->table->max_tasks, tasks);
    return 0;
}

int mp_pool_close(struct mp_pool *pool)
{
    if (!is_creator(pool))
        return -EPERM;
    if (pool->state == POOL_OPEN)
        pool->state = POOL_CLOSED;
    mp_pool_tend(pool);
    return 0;
}

int mp_pool_terminate(struct mp_pool *pool)
{
    if (!is_creator(pool))
        return -EPERM;
    if (pool->state == POOL_TERMINATED)
        return 0;
    pool->state = POOL_TERMINATED;
    end_workers(pool);
    mp_pool_fetch_answers(pool); /* what is done is done */
    mp_pool_fail_all(pool, -ECANCELED);
    return 0;
}

static bool have_ended(const void *pool)
{
    return ((const struct mp_pool *)pool)->live == 0;
}

int mp_pool_join(struct mp_pool *pool, int timeout_ms)
{
    if (!is_creator(pool))
        return -EPERM;
    if (pool->state == POOL_OPEN)
        return -EBUSY;
    return mp_pool_go_on_until(pool, have_ended, pool, mp_deadline(timeout_ms));
}

int mp_pool_free(struct mp_pool *pool)
{
    if (is_creator(pool)) {
        if (pool->table)
            mp_pool_terminate(pool);
        for (unsigned i = 0; i < pool->workers; i++)
            if (pool->worker[i].process)
                mp_process_join(pool->worker[i].process, -1);
    }
    give_back(pool);
    return 0;
}

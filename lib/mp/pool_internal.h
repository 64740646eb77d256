/*
 * What the files of Pool share: pool.c (workers are started, replaced, ended), pool_tasks.c (tasks go out, answers
 * come in), pool_result.c (what became of them), pool_worker.c (what runs in the workers).
 *
 * Tasks lie in slots of memory that all share. The creator fills a slot and makes it READY; a worker takes it by
 * changing READY into its own number, in one step; its answer is a message; the creator frees the slot when it gets
 * that. So when a worker has ended, and all answers have been fetched that it can have sent, the slots with its
 * number are what it had begun and did not finish: one, or none. A worker that is killed between two tasks has none;
 * one killed after its answer has none, since a message is there or not; and a READY task is no single worker's, so
 * none is lost.
 */
#ifndef MP_POOL_INTERNAL_H
#define MP_POOL_INTERNAL_H

#include "internal.h"

#include <mp/pool.h>
#include <mp/process.h>
#include <poll.h>

/* slot.state */
#define SLOT_FREE 0u
#define SLOT_READY 1u
#define SLOT_TAKEN 2u /* + the worker's index */

#define SLOT_BYTES MESSAGE_BYTES_MAX
#define SLOTS_EACH 4  /* for each worker: tasks that it can go on with by itself */
#define SLOTS_LEAST 16

struct slot {
    _Atomic uint32_t state;
    uint32_t count;           /* items */
    _Atomic uint64_t number;  /* rises from task to task */
    mp_pool_function *function;
    uint32_t item_bytes, result_bytes;
};

struct table {
    mp_word posted; /* how many slots were made READY; idle workers sleep on it */
    _Atomic uint32_t stop, max_tasks;
    uint32_t slots;
    char *data; /* SLOT_BYTES for each slot; workers have it at the same address */
    _Atomic bool initialized[MP_POOL_WORKERS_MAX]; /* the worker is past its initializer */
    struct slot slot[];
};

/* What a worker sends: this, the status of each item, and the results, each item's with result_bytes, as far as there
 * are any. With an error, which is that of all items, just this. */
struct answer {
    uint32_t slot;
    int32_t error;
    int32_t status[];
};

static inline size_t answer_head(size_t count)
{
    return (sizeof(struct answer) + count * sizeof(int32_t) + 15) & ~(size_t)15;
}
_Static_assert(MP_POOL_BYTES_MAX == MESSAGE_BYTES_MAX - ((sizeof(struct answer) + sizeof(int32_t) + 15) & ~15ul),
               "a result fits in a message");

/* What the creator alone knows of a slot. */
struct assignment {
    struct mp_result *result; /* NULL: the slot is free */
    size_t chunk;
    size_t committed;         /* bytes of the slot's data that have memory */
};

struct worker {
    struct mp_pool *pool;
    unsigned index;
    struct mp_process *process; /* NULL: it has ended, or could not be started */
};

enum pool_state { POOL_OPEN, POOL_CLOSED, POOL_STOPPED, POOL_TERMINATED };

struct mp_pool {
    int creator; /* pid */
    enum pool_state state;
    int (*initializer)(void *argument);
    void *argument;
    struct table *table;
    size_t table_bytes; /* of the mapping: with the slots' data */
    int memory;         /* handle of it */
    int answers[2];     /* message pipe: [0] is the creator's, [1] the workers' */
    char *message;      /* MESSAGE_BYTES_MAX of them, for an answer */
    struct assignment *assignment; /* for each slot */
    unsigned *free, free_count;    /* indices of free slots */
    uint64_t numbers;              /* of tasks */
    struct mp_result *first, *last; /* those with chunks that were not handed out yet */
    size_t unfinished;              /* results that are not ready */
    unsigned workers, live, named;
    unsigned failed_starts; /* workers that ended in the initializer, since one did not */
    struct pollfd *fds;     /* place for 1 + workers */
    struct worker worker[];
};

/* A map, and apply as a map with one item. */
struct mp_result {
    struct mp_result *next;
    struct mp_pool *pool;   /* NULL: it is ready */
    int creator;
    struct mp_map map;      /* chunksize is never 0 */
    int status;             /* map.statuses of an apply */
    bool is_map, unwanted;
    size_t chunks, handed_out, done;
    uint32_t *order;        /* chunks, in the order in which they were done */
    size_t next_chunk, next_item; /* for mp_result_next: index into order, and item of that chunk */
    size_t error_at;        /* the first item with an error */
    int error, exit_code;
    _Alignas(16) char own[]; /* an apply's argument and result, a map's order */
};

/* pool_worker.c: a worker's life, which is a struct worker of the creator's. Its exit code. */
int mp_pool_work(void *worker);
/* Something has changed: wakes n workers, if so many are idle. */
void mp_pool_ring(struct table *table, unsigned n);

/* pool_tasks.c; none of these blocks. */
void mp_pool_hand_out(struct mp_pool *pool);
void mp_pool_fetch_answers(struct mp_pool *pool);
/* The worker has ended, and all its answers were fetched. */
void mp_pool_fail_tasks_of(struct mp_pool *pool, unsigned worker, int exit_code);
/* No worker will do any of what there is. */
void mp_pool_fail_all(struct mp_pool *pool, int error);

/* pool.c: does what can be done without waiting for anybody. */
void mp_pool_tend(struct mp_pool *pool);
/* Goes on until over(what), at most until the deadline (mp_deadline). 0 or -ETIMEDOUT. */
int mp_pool_go_on_until(struct mp_pool *pool, bool (*over)(const void *what), const void *what, int64_t deadline);

#endif

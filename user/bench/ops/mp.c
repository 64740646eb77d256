/*
 * Operations of lib/mp, and of threads. What lies in shared memory is set up before the helpers are forked.
 */
#include "ops.h"

#include <kinglet/system.h>
#include <kinglet/thread.h>
#include <mp/mp.h>
#include <string.h>

#define ITEM 64

static struct {
    struct mp_lock lock, here, there;
} *shared;
static struct mp_queue to, from;
static char item[ITEM];

static void share(void)
{
    struct mp_shared *memory;
    MUST(mp_shared_create(sizeof *shared, &memory) == 0);
    shared = mp_shared_alloc(memory, sizeof *shared);
    MUST(shared);
}

static inline void take_and_give(struct mp_lock *lock)
{
    MUST(mp_lock_acquire(lock, -1) == 0);
    MUST(mp_lock_release(lock) == 0);
}

/* Several times, since the way into a round and out again is half as long as what is to be measured. */
static void lock_round(void)
{
    struct mp_lock *lock = &shared->lock;
    take_and_give(lock);
    take_and_give(lock);
    take_and_give(lock);
    take_and_give(lock);
}

/* Each of the two locks is released to somebody who sleeps in front of it, by the other process. */
static void hands_back(void)
{
    for (;;) {
        MUST(mp_lock_acquire(&shared->there, -1) == 0);
        MUST(mp_lock_release(&shared->here) == 0);
    }
}

static void handover_start(void)
{
    share();
    MUST(mp_lock_acquire(&shared->here, 0) == 0);
    MUST(mp_lock_acquire(&shared->there, 0) == 0);
    helper(hands_back);
}

static void handover_round(void)
{
    MUST(mp_lock_release(&shared->there) == 0);
    MUST(mp_lock_acquire(&shared->here, -1) == 0);
}

static void puts_back(void)
{
    for (;;) {
        MUST(mp_queue_get(&to, item, ITEM, -1) == ITEM);
        MUST(mp_queue_put(&from, item, ITEM, -1) == 0);
    }
}

static void queue_start(void)
{
    MUST(mp_queue_create(&to, 16, ITEM) == 0 && mp_queue_create(&from, 16, ITEM) == 0);
    helper(puts_back);
}

static void queue_round(void)
{
    MUST(mp_queue_put(&to, item, ITEM, -1) == 0);
    MUST(mp_queue_get(&from, item, ITEM, -1) == ITEM);
}

static int target(void *code)
{
    return (int)(long)code;
}

static void process_round(void)
{
    struct mp_process *p;
    MUST(mp_process_create(&p, target, (void *)42) == 0);
    MUST(mp_process_start(p) == 0);
    MUST(mp_process_join(p, -1) == 0);
    MUST(mp_process_exit_code(p) == 42);
    MUST(mp_process_close(p) == 0);
}

static void *gives_back(void *argument)
{
    return argument;
}

static void thread_round(void)
{
    void *value;
    int tid = thread_create(gives_back, item);
    MUST(tid > 0);
    MUST(thread_join(tid, &value) == 0);
    MUST(value == item);
}

const struct op mp_ops[] = {
    {"lock", lock_round, share, 200, 4},
    {"lock_handover", handover_round, handover_start, 100, 2},
    {"queue", queue_round, queue_start, 100, 2},
    {"process", process_round, NULL, 10, 1},
    {"thread", thread_round, NULL, 20, 1},
    OPS_END,
};

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
    struct mp_lock lock;
    struct mp_semaphore mine, other;
} *shared;

static void share(void)
{
    struct mp_shared *memory;
    MUST(mp_shared_create(sizeof *shared, &memory) == 0);
    shared = mp_shared_alloc(memory, sizeof *shared);
    MUST(shared);
    MUST(mp_semaphore_init(&shared->mine, 0) == 0 && mp_semaphore_init(&shared->other, 0) == 0);
}

static void lock_round(void)
{
    MUST(mp_lock_acquire(&shared->lock, -1) == 0);
    MUST(mp_lock_release(&shared->lock) == 0);
}

/* It goes on to the lock at once again, so it always waits while the other has it. */
static void contend_for_ever(void)
{
    for (;;) {
        lock_round();
        yield();
    }
}

/* Takes the lock, lets the other come and wait for it, gives it up, and waits for it in turn. */
static void handover_round(void)
{
    MUST(mp_lock_acquire(&shared->lock, -1) == 0);
    yield();
    MUST(mp_lock_release(&shared->lock) == 0);
    yield();
}

/*
 * Futexes: see futex.h. Called by their system calls, and by hooks.c when a process ends. Holds on to no user memory
 * while anybody sleeps, so it may be unmapped, decommitted and given back as if nobody waited.
 *
 * Why no wake-up is lost. Who changes a word wakes afterwards, and for that takes the bucket's lock. Who waits compares
 * with that lock held, and is on the queue before it is free. So either the waker came first; then the compare sees
 * the changed word (word_hold: in the very page that writers write to). Or it comes later, and finds the waiter.
 *
 * A waiter lies on its kernel stack. Those of one word are on one queue, which is that of any one of them, the leader;
 * only leaders are in the bucket. So waking is O(1) for each one woken, however many wait for other words.
 */
#include "ipc/futex.h"

#include "riscv/clock.h"
#include "sched/sched.h"

#include <kinglet/errno.h>
#include <kinglet/futex.h>

#define BUCKETS 256 /* a power of two */
#define BATCH FUTEX_RELEASED /* woken under one hold of the lock */

#define CACHE_LINE 64

static struct bucket {
    _Alignas(CACHE_LINE) struct spinlock lock; /* else harts at work on neighbours would wait for one another */
    struct list leaders;
    uint64_t arrivals; /* so far: wakers leave out those who come while they are at work */
} buckets[BUCKETS];

struct futex_waiter {
    struct waiter waiter; /* on the leader's queue; the leader is, too */
    struct word_key key;
    uint64_t arrival;
    bool chosen; /* woken by a waker, and not by its time limit, a kill, or its owner's end */
    struct list_node in_bucket; /* a leader's */
    struct wait_queue queue;    /* a leader's */
};

void futexes_init(void)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        spin_init(&buckets[i].lock, "futexes", LOCK_FUTEX);
        list_init(&buckets[i].leaders);
    }
}

static struct bucket *bucket_of(const struct word_key *key)
{
    /* The multiplier of Fibonacci hashing: Knuth, The Art of Computer Programming 3, 6.4. */
    uint64_t mixed = (key->object * 31 + key->offset / sizeof(uint32_t)) * 0x9e3779b97f4a7c15u;
    return &buckets[mixed >> 32 & (BUCKETS - 1)];
}

/* ---- the queues; the bucket's lock is held ---- */

static struct futex_waiter *leader_of(struct bucket *b, const struct word_key *key)
{
    struct list_node *node;
    list_for_each(node, &b->leaders) {
        struct futex_waiter *leader = list_entry(node, struct futex_waiter, in_bucket);
        if (word_same(&leader->key, key))
            return leader;
    }
    return NULL;
}

static struct futex_waiter *first_of(struct futex_waiter *leader)
{
    struct list_node *first = list_first(&leader->queue.waiters);
    return first ? list_entry(first, struct futex_waiter, waiter.node) : NULL;
}

static void join(struct bucket *b, struct futex_waiter *w)
{
    struct futex_waiter *leader = leader_of(b, &w->key);
    wait_queue_init(&w->queue, WAIT_FOR_futex);
    list_node_init(&w->in_bucket);
    w->arrival = b->arrivals++;
    w->chosen = false;
    if (!leader) {
        list_push_back(&b->leaders, &w->in_bucket);
        leader = w;
    }
    wait_enter(&leader->queue, &w->waiter);
}

/* Some have left the leader's queue: if the leader is among them, another one is it now. NULL: nobody is left. It is
 * still in its own call, since it cannot go on without the bucket's lock. */
static struct futex_waiter *still_led(struct futex_waiter *leader)
{
    if (list_linked(&leader->waiter.node))
        return leader;
    struct futex_waiter *next = first_of(leader);
    if (next) {
        list_splice_back(&next->queue.waiters, &leader->queue.waiters);
        list_insert_before(&leader->in_bucket, &next->in_bucket);
    }
    list_remove(&leader->in_bucket);
    return next;
}

/* Whether somebody has woken it, and has not only taken it off. */
static bool leave(struct bucket *b, struct futex_waiter *w)
{
    if (list_linked(&w->waiter.node)) {
        struct futex_waiter *leader = leader_of(b, &w->key);
        list_remove(&w->waiter.node);
        still_led(leader);
    }
    return w->chosen;
}

/* Up to n of those who came before `until`. *left: whether somebody waits still. */
static unsigned wake_some(struct bucket *b, const struct word_key *key, uint64_t n, uint64_t until, bool *left)
{
    struct futex_waiter *leader = leader_of(b, key);
    unsigned woken = 0;
    while (leader && woken < n && first_of(leader)->arrival < until) {
        struct futex_waiter *first = first_of(leader);
        list_remove(&first->waiter.node);
        first->chosen = sched_wake(first->waiter.task);
        woken += first->chosen;
        leader = still_led(leader);
    }
    *left = leader != NULL;
    return woken;
}

/* ---- waking; no lock is held ---- */

static int64_t wake_from(struct bucket *b, const struct word_key *key, uint64_t n, uint64_t woken, uint64_t until)
{
    bool left = true;
    while (left && woken < n) {
        uint64_t part = n - woken < BATCH ? n - woken : BATCH;
        spin_lock(&b->lock);
        unsigned got = wake_some(b, key, part, until, &left);
        spin_unlock(&b->lock);
        woken += got;
        if (got < part)
            break;
        sched_breathe();
    }
    return (int64_t)woken;
}

static int64_t wake_key(const struct word_key *key, uint64_t n)
{
    struct bucket *b = bucket_of(key);
    return wake_from(b, key, n, 0, __atomic_load_n(&b->arrivals, __ATOMIC_ACQUIRE));
}

int64_t futex_wake(user_addr address, uint64_t n)
{
    struct word_key key;
    int error = word_find(this_proc()->space, address, &key);
    return error ? error : wake_key(&key, n);
}

/* The word changes only if it is `old`, or, with `any`, whatever it is. */
static int64_t change(user_addr address, bool any, uint32_t old, uint32_t new, uint64_t n)
{
    struct space *space = this_proc()->space;
    struct word_key key;
    uint32_t *word;
    int error = word_hold(space, address, REGION_WRITE, &word, &key);
    if (error)
        return error;
    struct bucket *b = bucket_of(&key);
    spin_lock(&b->lock);
    uint32_t waiters = leader_of(b, &key) ? FUTEX_WAITERS : 0;
    bool changed, left = false;
    new = (new & ~FUTEX_WAITERS) | waiters;
    if (any) {
        __atomic_exchange_n(word, new, __ATOMIC_SEQ_CST); /* in one go, however often others change it meanwhile */
        changed = true;
    } else {
        changed = __atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_SEQ_CST,
                                              __ATOMIC_SEQ_CST); /* GCC 12 goes by the weaker one: it must release */
    }
    uint64_t until = b->arrivals, woken = 0;
    if (changed)
        woken = wake_some(b, &key, n < BATCH ? n : BATCH, until, &left);
    /* One that has set the bit by now and is not on the queue yet will compare in vain and set it again. */
    if (changed && waiters && !left)
        __atomic_fetch_and(word, ~FUTEX_WAITERS, __ATOMIC_RELEASE);
    spin_unlock(&b->lock);
    word_let_go(space);
    if (!changed)
        return -EAGAIN;
    return left && woken < n ? wake_from(b, &key, n, woken, until) : (int64_t)woken;
}

int64_t futex_change(user_addr address, uint32_t old, uint32_t new, uint64_t n)
{
    return change(address, false, old, new, n);
}

/* ---- waiting ---- */

/* Compare, and be on the queue and BLOCKED: 0. Else an error, and nothing has happened. */
static int begin(const struct futex_wait *wait, struct futex_waiter *w, struct bucket **bucket)
{
    struct space *space = this_proc()->space;
    uint32_t *word;
    int error = word_hold(space, wait->address, REGION_READ, &word, &w->key);
    if (error)
        return error;
    struct bucket *b = *bucket = bucket_of(&w->key);
    spin_lock(&b->lock);
    bool same = __atomic_load_n(word, __ATOMIC_ACQUIRE) == wait->expected;
    if (same)
        join(b, w);
    spin_unlock(&b->lock);
    word_let_go(space);
    return same ? 0 : -EAGAIN;
}

/* The owner of a robust lock, a thread: its end wakes whoever waits for that. The process may live on, so this is not
 * the queue of poll on a process handle; and it is under the lock that the ends of threads are under anyway. */
struct watch {
    struct proc *owner; /* with a reference, or NULL: there is none with this tid */
    struct waiter waiter;
};

/* False: it has ended. */
static bool watch_begin(struct watch *watch)
{
    if (!watch->owner)
        return false;
    struct proc *leader = watch->owner->leader;
    spin_lock(&leader->lock);
    bool alive = !watch->owner->thread_ended;
    if (alive)
        wait_join(&watch->owner->watchers, &watch->waiter);
    spin_unlock(&leader->lock);
    return alive;
}

/* The same. */
static bool watch_end(struct watch *watch)
{
    if (!watch->owner)
        return false;
    struct proc *leader = watch->owner->leader;
    spin_lock(&leader->lock);
    bool alive = thread_watched(watch->owner, &watch->waiter);
    spin_unlock(&leader->lock);
    proc_put(watch->owner);
    return alive;
}

/* On the queue and BLOCKED; is there a reason not to sleep? */
static int before_sleep(const struct futex_wait *wait, bool robust, struct watch *watch)
{
    if (robust && !watch_begin(watch))
        return -EOWNERDEAD;
    if (wait->release.v) {
        /* No more than a batch: we are BLOCKED, so there is no breath to be taken. */
        int64_t released = change(wait->release, true, 0, 0, wait->flags & FUTEX_RELEASE_ALL ? BATCH : 1);
        if (released < 0)
            return (int)released;
    }
    return clock_ticks() < wait->when ? 0 : -ETIMEDOUT;
}

int futex_wait(const struct futex_wait *wait)
{
    struct proc *me = this_proc();
    struct futex_waiter w;
    struct watch watch = {.owner = NULL};
    struct bucket *b;
    bool robust = wait->flags & FUTEX_ROBUST && wait->owner;
    if (wait->release.v) { /* what can be wrong with it is wrong before we queue */
        struct word_key key;
        uint32_t *word;
        int error = word_hold(me->space, wait->release, REGION_WRITE, &word, &key);
        if (error)
            return error;
        word_let_go(me->space);
    }
    me->task.waits_for = wait->owner;
    me->lock_word = (wait->expected & ~FUTEX_WAITERS) == (uint32_t)wait->owner ? wait->address.v : 0;
    int result = begin(wait, &w, &b);
    if (result) {
        me->task.waits_for = 0;
        return result;
    }
    me->handed_on = (struct word_key){0}; /* it waits again, so it has used what it was woken for */
    if (robust)
        watch.owner = proc_find_thread(wait->owner);
    result = before_sleep(wait, robust, &watch);
    if (result) {
        wait_unblock();
        me->task.waits_for = 0;
    } else {
        result = wait_switch_until(wait->when); /* which clears it, too */
    }

    spin_lock(&b->lock);
    bool chosen = leave(b, &w);
    spin_unlock(&b->lock);
    if (robust && !watch_end(&watch) && !result)
        result = -EOWNERDEAD;
    if (!chosen)
        return result;
    if (atomic_load(&me->task.killed))
        wake_key(&w.key, 1);
    else if (wait->flags & FUTEX_HAND_ON)
        me->handed_on = w.key; /* killed from here on: futex_hand_on */
    return 0;
}

void futex_hand_on(struct proc *p)
{
    struct word_key key = p->handed_on;
    p->handed_on = (struct word_key){0};
    if (key.object || key.offset)
        wake_key(&key, 1);
}

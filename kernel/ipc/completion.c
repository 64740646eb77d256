/*
 * Completion queues: see completion.h. Each submitted call is made by a thread of its own, its carrier (proc/thread.c).
 *
 * No result is lost: the memory for the record is there before the call begins, and each call that was begun leaves
 * one, however its carrier ends.
 *
 * Nothing goes on that nobody can ask about: a carrier has no reference on the queue's object, so when the last handle
 * is closed the calls under way are told to end. They still need the queue's memory, so that is counted apart
 * (`users`).
 *
 * A carrier neither reads nor polls a queue: it would hold it open and wait for itself.
 */
#include "ipc/completion.h"

#include "mem/cache.h"
#include "proc/job.h"
#include "proc/proc.h"
#include "sched/sched.h"

#define CALLS_PER_PAGE 16 /* calls that a page of the job's pays for: no more than it holds */
#define CANCEL_BATCH 64   /* calls looked at under one hold of the lock */
#define READ_BATCH 16     /* records copied at one go */

struct completion_queue {
    struct object object;
    struct job *job; /* constant: pays for `pages` */

    struct spinlock lock; /* LOCK_COMPLETION; protects all below */
    uint64_t users;             /* the object, and each call under way: the last one frees the queue */
    bool closed;                /* no handle on it is left */
    struct list under_way;      /* calls, and the cursors of those who walk along them */
    struct list finished;       /* in the order in which they ended */
    uint64_t calls, pages;      /* whose records nobody has got yet, those in a reader's hand included; what they cost */
    struct wait_queue readers;  /* woken one at a time, but all when nothing will come any more */
    struct wait_queue pollers;
};

struct submitted {
    struct carried carried;
    struct list_node node;         /* the queue's lock */
    struct completion_queue *queue; /* NULL: a cursor. Constant, as are the next four */
    uint64_t tag, number;
    uint64_t a[7];
    int64_t (*call)(uint64_t number, const uint64_t a[7]);
    struct proc *carrier; /* the queue's lock; NULL: it does not run yet */
    bool told;            /* the queue's lock: to end */
    int64_t result;       /* the carrier's, until it has ended */
};
_Static_assert(CALLS_PER_PAGE * sizeof(struct submitted) <= PAGE_SIZE - CACHE_SLAB_HEADER, "a page pays for them");

static struct cache queue_cache = CACHE("completion queue", struct completion_queue);
static struct cache submitted_cache = CACHE("submitted call", struct submitted);

uint64_t completions_live(void)
{
    return cache_live(&queue_cache) + cache_live(&submitted_cache);
}

static struct completion_queue *queue_of(struct object *o)
{
    return container_of(o, struct completion_queue, object);
}

static struct submitted *submitted_of(struct list_node *node)
{
    return list_entry(node, struct submitted, node);
}

struct object *completion_create(void)
{
    struct completion_queue *q = cache_alloc(&queue_cache);
    if (!q)
        return NULL;
    q->pages = 1;
    q->job = job_pay(q->pages);
    if (!q->job) {
        cache_free(&queue_cache, q);
        return NULL;
    }
    object_init(&q->object, &completion_ops);
    spin_init(&q->lock, "completion queue", LOCK_COMPLETION);
    q->users = 1;
    list_init(&q->under_way);
    list_init(&q->finished);
    wait_queue_init(&q->readers, WAIT_FOR_completion);
    wait_queue_init(&q->pollers, WAIT_FOR_poll);
    return &q->object;
}

/* ---- what the calls cost; no lock held ---- */

static void repay_calls(struct completion_queue *q, uint64_t n)
{
    spin_lock(&q->lock);
    q->calls -= n;
    if (!q->calls)
        wake_all(&q->readers); /* the end of file */
    uint64_t enough = 1 + q->calls / CALLS_PER_PAGE;
    uint64_t extra = q->pages > enough ? q->pages - enough : 0;
    q->pages -= extra;
    spin_unlock(&q->lock);
    if (extra)
        job_adjust(q->job, -(int64_t)extra);
}

/* One more call. -ENOMEM: the job's limit of pages. */
static int pay_for_call(struct completion_queue *q)
{
    spin_lock(&q->lock);
    bool full = q->calls >= q->pages * CALLS_PER_PAGE;
    bool too_many = q->calls >= COMPLETION_CALLS_MAX; /* its maker pays, and somebody else may be submitting */
    q->calls += !too_many;
    spin_unlock(&q->lock);
    if (!full || too_many)
        return too_many ? -EAGAIN : 0;
    int error = job_adjust(q->job, 1);
    spin_lock(&q->lock);
    q->pages += !error;
    spin_unlock(&q->lock);
    if (error)
        repay_calls(q, 1);
    return error;
}

/* ---- a call's life ---- */

/* On the carrier. */
static void run(struct carried *carried)
{
    struct submitted *s = container_of(carried, struct submitted, carried);
    struct proc *me = this_proc();
    spin_lock(&s->queue->lock);
    s->carrier = me; /* from here on it can be told by its thread... */
    bool told = s->told; /* ...and before, so */
    spin_unlock(&s->queue->lock);
    s->result = told || atomic_load(&me->task.killed) ? -ECANCELED : s->call(s->number, s->a);
}

/* The carrier has ended, its process's threads are locked. */
static void ended(struct carried *carried)
{
    struct submitted *s = container_of(carried, struct submitted, carried);
    struct completion_queue *q = s->queue;
    spin_lock(&q->lock);
    list_remove(&s->node);
    bool closed = q->closed, last = --q->users == 0;
    if (!closed) {
        list_push_back(&q->finished, &s->node);
        wake_one(&q->readers);
        wake_all(&q->pollers);
    }
    spin_unlock(&q->lock);
    if (closed)
        cache_free(&submitted_cache, s);
    if (last)
        cache_free(&queue_cache, q);
}

/* Its carrier could not be made. */
static void take_back(struct completion_queue *q, struct submitted *s)
{
    spin_lock(&q->lock);
    list_remove(&s->node);
    q->users--; /* not the last: we have a reference on the object */
    spin_unlock(&q->lock);
    cache_free(&submitted_cache, s);
    repay_calls(q, 1);
}

int completion_submit(struct object *o, const struct submission *what, const char *name,
                      int64_t (*call)(uint64_t number, const uint64_t a[7]))
{
    struct completion_queue *q = queue_of(o);
    struct submitted *s = cache_alloc(&submitted_cache);
    if (!s)
        return -ENOMEM;
    int error = pay_for_call(q);
    if (error) {
        cache_free(&submitted_cache, s);
        return error;
    }
    s->carried = (struct carried){.run = run, .ended = ended};
    s->queue = q;
    s->tag = what->tag;
    s->number = what->number;
    for (unsigned i = 0; i < sizeof what->argument / sizeof what->argument[0]; i++)
        s->a[i] = what->argument[i];
    s->call = call;
    spin_lock(&q->lock);
    list_push_back(&q->under_way, &s->node);
    q->users++;
    spin_unlock(&q->lock);
    error = proc_carry(&s->carried, name);
    if (error)
        take_back(q, s);
    return error; /* if there is none, s may be gone */
}

/* Tells calls under way to end: those with this tag, or all. In pieces: a cursor keeps the place. -> how many did not
 * know yet; -ENOENT: there are none. */
static int64_t tell_to_end(struct completion_queue *q, const uint64_t *tag)
{
    struct submitted cursor = {.queue = NULL};
    int64_t told = 0;
    bool any = false;
    list_node_init(&cursor.node);
    spin_lock(&q->lock);
    list_push_front(&q->under_way, &cursor.node);
    for (unsigned n = 1; cursor.node.next != &q->under_way.head; n++) {
        struct submitted *s = submitted_of(cursor.node.next);
        list_remove(&cursor.node);
        list_insert_before(s->node.next, &cursor.node);
        if (s->queue && (!tag || s->tag == *tag)) {
            any = true;
            if (!s->told) {
                s->told = true;
                told++;
                if (s->carrier)
                    proc_end(s->carrier, SIGKILL);
            }
        }
        if (n % CANCEL_BATCH == 0) {
            spin_unlock(&q->lock);
            sched_breathe();
            spin_lock(&q->lock);
        }
    }
    list_remove(&cursor.node);
    spin_unlock(&q->lock);
    return any ? told : -ENOENT;
}

int64_t completion_cancel(struct object *o, uint64_t tag)
{
    return tell_to_end(queue_of(o), &tag);
}

/* ---- reading ---- */

/* Waits until a record is there or none will come: another reader may have the last ones in hand, and put them back. The
 * lock is held before and after. */
static int wait_for_record(struct completion_queue *q)
{
    int error = 0;
    while (!error && list_empty(&q->finished) && q->calls)
        error = object_nonblocking(&q->object) ? -EAGAIN : wait_on(&q->readers, &q->lock);
    if (error)
        wake_one(&q->readers); /* what we may have been woken for is for the next */
    return error;
}

/* Takes up to n calls that have ended. The lock is held. */
static unsigned take_finished(struct completion_queue *q, struct submitted **calls, uint64_t n)
{
    unsigned got = 0;
    struct list_node *node;
    while (got < n && got < READ_BATCH && (node = list_pop_front(&q->finished)) != NULL)
        calls[got++] = submitted_of(node);
    /* Whoever else was woken for these, or for one that is left, looks again. */
    if (!list_empty(&q->finished))
        wake_one(&q->readers);
    return got;
}

static void put_back(struct completion_queue *q, struct submitted **calls, unsigned n)
{
    spin_lock(&q->lock);
    while (n > 0)
        list_push_front(&q->finished, &calls[--n]->node);
    wake_one(&q->readers);
    wake_all(&q->pollers);
    spin_unlock(&q->lock);
}

static int64_t completion_read(struct object *o, user_addr buffer, uint64_t n)
{
    struct completion_queue *q = queue_of(o);
    struct submitted *calls[READ_BATCH];
    struct completion records[READ_BATCH];
    uint64_t room = n / sizeof records[0], done = 0;
    int error = 0;
    if (!room)
        return -EINVAL;
    if (this_proc()->carries)
        return -EDEADLK;
    while (!error && done < room) {
        spin_lock(&q->lock);
        if (!done)
            error = wait_for_record(q);
        unsigned got = error ? 0 : take_finished(q, calls, room - done);
        spin_unlock(&q->lock);
        if (!got)
            break;
        for (unsigned i = 0; i < got; i++)
            records[i] = (struct completion){.tag = calls[i]->tag, .result = calls[i]->result};
        error = copy_out(this_proc()->space, user_plus(buffer, done * sizeof records[0]), records,
                         got * sizeof records[0]);
        if (error) {
            put_back(q, calls, got);
            break;
        }
        for (unsigned i = 0; i < got; i++)
            cache_free(&submitted_cache, calls[i]);
        done += got;
        sched_breathe();
    }
    repay_calls(q, done);
    proc_reap_threads();
    return done ? (int64_t)(done * sizeof records[0]) : error;
}

static int completion_poll(struct object *o, struct waiter *w)
{
    struct completion_queue *q = queue_of(o);
    if (this_proc()->carries)
        return POLLERR;
    spin_lock(&q->lock);
    if (w)
        wait_join(&q->pollers, w);
    int bits = list_empty(&q->finished) ? 0 : POLLIN;
    spin_unlock(&q->lock);
    return bits;
}

static void completion_unpoll(struct object *o, struct waiter *w)
{
    struct completion_queue *q = queue_of(o);
    spin_lock(&q->lock);
    wait_leave(w);
    spin_unlock(&q->lock);
}

static void completion_release(struct object *o)
{
    struct completion_queue *q = queue_of(o);
    struct list_node *node;
    struct list finished;
    list_init(&finished);
    spin_lock(&q->lock);
    q->closed = true;
    list_splice_back(&finished, &q->finished);
    spin_unlock(&q->lock);
    while ((node = list_pop_front(&finished)) != NULL) {
        cache_free(&submitted_cache, submitted_of(node));
        sched_breathe();
    }
    tell_to_end(q, NULL);
    job_repay(q->job, q->pages);
    spin_lock(&q->lock);
    bool last = --q->users == 0;
    spin_unlock(&q->lock);
    if (last)
        cache_free(&queue_cache, q);
}

const struct object_ops completion_ops = {
    .name = "completion queue",
    .release = completion_release,
    .read = completion_read,
    .poll = completion_poll,
    .unpoll = completion_unpoll,
};

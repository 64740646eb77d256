/*
 * The server's locks. A lock is held by a connection. Who has to wait is put aside with his token, in the lock's
 * list and in his connection's, and with a time limit in a heap for the channel's timer. He is answered when the
 * lock is his, his time is up; if he has died in the meantime, that shows when he is answered, or by MSG_CANCEL,
 * whichever comes first. When the server ends, the kernel answers those who wait.
 */
#include "server.h"

#include <errno.h>
#include <kinglet/system.h>

#define DEPTH_MAX (1u << 31)
#define NS_PER_MS 1000000u

struct lock {
    struct object object;
    bool recursive;
    bool owner_died; /* and nobody has been told yet */
    uint32_t depth;
    struct connection *owner; /* NULL: free */
    struct list_node held;    /* in the owner's */
    struct list waiters;      /* the longest waiting first */
};

struct waiter {
    struct list_node in_lock, in_connection;
    struct heap_node deadline; /* key: ns since boot; in no heap: for ever */
    struct lock *lock;
    struct connection *connection;
    uint64_t token;
};

static struct heap deadlines;
static uint64_t armed; /* for when the timer is set; 0: it is not */
static uint64_t waiting;

uint64_t locks_waiting(void)
{
    return waiting;
}

/* ---- waiters ---- */

/* The timer rings when the first time limit is over. One that is too early does no harm. */
static void arm(uint64_t now)
{
    const struct heap_node *first = heap_first(&deadlines);
    if (!first || (armed && armed <= first->key))
        return;
    armed = first->key;
    channel_timer(server_channel, NOTIFY_TIMER, first->key > now ? first->key - now : 1);
}

static void waiter_free(struct waiter *w)
{
    list_remove(&w->in_lock);
    list_remove(&w->in_connection);
    if (heap_linked(&w->deadline))
        heap_remove(&deadlines, &w->deadline);
    waiting--;
    server_free(w);
}

/* Answers one that waits, and forgets him. False: he has died. */
static bool waiter_answer(struct waiter *w, int64_t status)
{
    const struct reply answer = {.token = w->token, .status = status};
    waiter_free(w);
    return reply(server_channel, &answer) == 0;
}

static int64_t put_aside(struct lock *lock, struct call *call)
{
    struct waiter *w = server_alloc(sizeof *w);
    if (!w)
        return -ENOMEM;
    w->lock = lock;
    w->connection = call->connection;
    w->token = call->token;
    list_push_back(&lock->waiters, &w->in_lock);
    list_push_back(&call->connection->waiting, &w->in_connection);
    waiting++;
    call->later = true;
    if (call->a > 0) {
        uint64_t now = clock_ns();
        w->deadline.key = now + (uint64_t)call->a * NS_PER_MS;
        heap_insert(&deadlines, &w->deadline);
        arm(now);
    }
    return 0;
}

void locks_time(void)
{
    uint64_t now = clock_ns();
    struct heap_node *first;
    armed = 0;
    while ((first = heap_first(&deadlines)) != NULL && first->key <= now)
        waiter_answer(container_of(first, struct waiter, deadline), -ETIMEDOUT);
    arm(now);
}

void lock_forget_waiter(struct connection *c, uint64_t token)
{
    struct list_node *node, *next;
    list_for_each_safe(node, next, &c->waiting) {
        struct waiter *w = list_entry(node, struct waiter, in_connection);
        if (w->token == token) {
            waiter_free(w);
            return;
        }
    }
}

/* ---- taking and giving ---- */

static void take(struct lock *lock, struct connection *c)
{
    lock->owner = c;
    lock->depth = 1;
    list_push_back(&c->held, &lock->held);
}

/* Nobody holds it any more: the next one that is alive does. */
static void hand_over(struct lock *lock)
{
    struct list_node *node;
    list_remove(&lock->held);
    lock->owner = NULL;
    while (!lock->owner && (node = list_first(&lock->waiters)) != NULL) {
        struct waiter *w = list_entry(node, struct waiter, in_lock);
        struct connection *c = w->connection;
        if (waiter_answer(w, lock->owner_died ? -EOWNERDEAD : 0)) {
            take(lock, c);
            lock->owner_died = false;
        }
    }
}

static int64_t acquire(struct lock *lock, struct call *call)
{
    if (call->a > INT32_MAX)
        return -EINVAL;
    if (lock->owner == call->connection && lock->recursive) {
        if (lock->depth == DEPTH_MAX)
            return -EOVERFLOW;
        lock->depth++;
        return 0;
    }
    if (lock->owner)
        return call->a == 0 ? -ETIMEDOUT : put_aside(lock, call);
    bool died = lock->owner_died;
    take(lock, call->connection);
    lock->owner_died = false; /* should the caller not live to hear it, its own end says it again */
    return died ? -EOWNERDEAD : 0;
}

static int64_t release(struct lock *lock, struct call *call)
{
    if (!lock->owner || (lock->recursive && lock->owner != call->connection))
        return -EPERM;
    if (--lock->depth == 0)
        hand_over(lock);
    return 0;
}

void locks_release(struct connection *c)
{
    struct list_node *node;
    /* First those it waits for, so that it gets nothing any more. */
    while ((node = list_first(&c->waiting)) != NULL)
        waiter_answer(list_entry(node, struct waiter, in_connection), -ECANCELED);
    while ((node = list_first(&c->held)) != NULL) {
        struct lock *lock = list_entry(node, struct lock, held);
        lock->owner_died = true;
        hand_over(lock);
    }
}

/* ---- the kind ---- */

static int64_t lock_init(struct object *object, struct call *call)
{
    struct lock *lock = container_of(object, struct lock, object);
    if (call->b & ~(int64_t)MANAGER_RECURSIVE)
        return -EINVAL;
    lock->recursive = call->b & MANAGER_RECURSIVE;
    list_init(&lock->waiters);
    list_node_init(&lock->held);
    return 0;
}

static int64_t lock_operate(struct object *object, struct call *call)
{
    struct lock *lock = container_of(object, struct lock, object);
    return call->op == LOCK_ACQUIRE ? acquire(lock, call) : release(lock, call);
}

static void lock_destroy(struct object *object)
{
    struct lock *lock = container_of(object, struct lock, object);
    struct list_node *node;
    while ((node = list_first(&lock->waiters)) != NULL)
        waiter_answer(list_entry(node, struct waiter, in_lock), -ESTALE);
    list_remove(&lock->held);
}

const struct kind kind_lock = {
    .bytes = sizeof(struct lock),
    .first_op = LOCK_ACQUIRE,
    .end_op = LOCK_RELEASE + 1,
    .init = lock_init,
    .operate = lock_operate,
    .destroy = lock_destroy,
};

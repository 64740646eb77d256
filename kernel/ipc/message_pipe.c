/*
 * Message pipes: see message_pipe.h. Room, order, and who waits; the messages themselves are pipe_message.c's. What is
 * promised, and why it holds:
 *
 * Whole or not at all. A sender first gets room, then copies its message into memory that nobody else knows of,
 * with no lock held, then publishes it by putting it on the list. If it faults or is killed in between, the room goes
 * back, and nothing has happened. A receiver takes a message off the list, copies it out with no lock held, and
 * puts it back where it was if that fails.
 *
 * In order. Senders get room in the order in which they came: whoever makes room gives it to the first that waits
 * (admit). Messages of one sender are received in the order in which it sent them.
 *
 * Nothing leaks. A message holds references on the objects that travel with it. A receiving end lies only in pipes with
 * lower numbers than its own: so what lies in pipes always leads from lower ones to higher ones, never round in a circle
 * that keeps itself alive. A pipe in which no receiving end lies can have a higher number whenever it needs one: nothing
 * leads on from it. Any other has to stay where it is (-ELOOP). Sending ends keep no messages alive and may go anywhere.
 */
#include "ipc/message_pipe.h"

#include "ipc/pipe_message.h"
#include "mem/cache.h"
#include "proc/job.h"
#include "proc/proc.h"
#include "sched/sched.h"

struct message_pipe {
    struct object receiver, sender;
    struct job *job;      /* constant: pays for `pages`, whether they are in use or not */
    uint64_t pages;       /* constant, as are the next two */
    uint64_t max_bytes;
    uint32_t max_messages;

    /* travel_lock */
    uint64_t number;      /* that of no other pipe */
    uint64_t loaded;      /* receiving ends in its messages, and in those being copied in or out */

    struct spinlock lock; /* LOCK_PIPE; protects all below */
    bool no_receivers, no_senders;
    struct list messages;        /* those that can be received, by rising number */
    struct pipe_message *spare;  /* memory of the last small one, for the next, or NULL: it has been paid for */
    uint64_t next_number;        /* of messages */
    uint32_t count;              /* of those messages... */
    uint64_t bytes;              /* ...and their bytes */
    uint32_t used_messages;      /* these, those being copied in, and those being copied out */
    uint64_t used_bytes;
    struct wait_queue receivers; /* blocked ones; woken one at a time */
    struct wait_queue senders;   /* blocked ones, each a struct waiting_sender, in the order they came */
    struct wait_queue receive_pollers, send_pollers;
};

struct waiting_sender {
    struct waiter waiter;
    uint64_t bytes;
    bool admitted; /* it has its room */
};

static struct cache message_pipe_cache = CACHE("message pipe", struct message_pipe);
static _Atomic uint64_t last_number;
static struct spinlock travel_lock = SPINLOCK_INIT("travelling pipes", LOCK_PIPE);

uint64_t message_pipes_live(void)
{
    return cache_live(&message_pipe_cache);
}

static struct message_pipe *of_receiver(struct object *o)
{
    return container_of(o, struct message_pipe, receiver);
}

static struct message_pipe *of_sender(struct object *o)
{
    return container_of(o, struct message_pipe, sender);
}

static uint64_t new_number(void)
{
    return atomic_fetch_add(&last_number, 1) + 1;
}

int message_pipe_load(struct message_pipe *pipe, struct object *o)
{
    if (o->ops != &message_receiver_ops)
        return 0;
    struct message_pipe *what = of_receiver(o);
    spin_lock(&travel_lock);
    bool may = what->number > pipe->number;
    if (!may && what != pipe && !what->loaded) {
        what->number = new_number();
        may = true;
    }
    pipe->loaded += may;
    spin_unlock(&travel_lock);
    return may ? 1 : -ELOOP;
}

void message_pipe_unload(struct message_pipe *pipe, uint32_t receivers)
{
    if (!receivers)
        return;
    spin_lock(&travel_lock);
    pipe->loaded -= receivers;
    spin_unlock(&travel_lock);
}

int message_pipe_create(uint64_t bytes, uint64_t messages, struct object **receiver, struct object **sender)
{
    if (bytes > MESSAGE_PIPE_BYTES_MAX || messages > MESSAGE_PIPE_MESSAGES_MAX)
        return -EINVAL;
    bytes = bytes ? bytes : MESSAGE_PIPE_BYTES;
    messages = messages ? messages : (bytes + MESSAGE_PIPE_BYTES_EACH - 1) / MESSAGE_PIPE_BYTES_EACH;
    struct message_pipe *p = cache_alloc(&message_pipe_cache);
    if (!p)
        return -ENOMEM;
    /* The allocator may round up to twice the size. */
    p->pages = (2 * (bytes + messages * PIPE_MESSAGE_OVERHEAD) + PAGE_SIZE - 1) / PAGE_SIZE;
    p->job = job_pay(p->pages);
    if (!p->job) {
        cache_free(&message_pipe_cache, p);
        return -ENOMEM;
    }
    p->number = new_number();
    p->max_bytes = bytes;
    p->max_messages = (uint32_t)messages;
    object_init(&p->receiver, &message_receiver_ops);
    object_init(&p->sender, &message_sender_ops);
    spin_init(&p->lock, "message pipe", LOCK_PIPE);
    list_init(&p->messages);
    wait_queue_init(&p->receivers, WAIT_FOR_pipe_read);
    wait_queue_init(&p->senders, WAIT_FOR_pipe_write);
    wait_queue_init(&p->receive_pollers, WAIT_FOR_poll);
    wait_queue_init(&p->send_pollers, WAIT_FOR_poll);
    *receiver = &p->receiver;
    *sender = &p->sender;
    return 0;
}

/* ---- room; the lock is held ---- */

static bool fits(const struct message_pipe *p, uint64_t bytes)
{
    return p->used_messages < p->max_messages && p->used_bytes + bytes <= p->max_bytes;
}

static uint64_t largest_message(const struct message_pipe *p)
{
    return p->max_bytes < MESSAGE_BYTES_MAX ? p->max_bytes : MESSAGE_BYTES_MAX;
}

/* How large a message could go in without waiting; -1: none. */
static int64_t room(const struct message_pipe *p)
{
    if (!wait_queue_empty(&p->senders) || !fits(p, 0))
        return -1;
    uint64_t left = p->max_bytes - p->used_bytes, largest = largest_message(p);
    return (int64_t)(left < largest ? left : largest);
}

static void take_room(struct message_pipe *p, uint64_t bytes)
{
    p->used_messages++;
    p->used_bytes += bytes;
}

/* Gives what room there is to those who wait for it, first come, first served. One that is passed over for want of
 * room holds up those behind it: else small messages could keep out a large one for ever. */
static void admit(struct message_pipe *p)
{
    struct list_node *node;
    while ((node = list_first(&p->senders.waiters)) != NULL) {
        struct waiting_sender *s = container_of(node, struct waiting_sender, waiter.node);
        if (!fits(p, s->bytes))
            break;
        take_room(p, s->bytes);
        s->admitted = true;
        list_remove(node);
        sched_wake(s->waiter.task); /* if it is killed or its time is over, it is awake, and sees what it has */
    }
    wake_all(&p->send_pollers);
}

/* There is no message, and there will be none: no sender either, nor a receiver that has one in hand and may yet put it
 * back, since it faults, or is killed. */
static bool at_end(const struct message_pipe *p)
{
    return p->no_senders && !p->used_messages;
}

static void give_room_back(struct message_pipe *p, uint64_t bytes)
{
    p->used_messages--;
    p->used_bytes -= bytes;
    admit(p);
    if (at_end(p)) {
        wake_all(&p->receivers);
        wake_all(&p->receive_pollers);
    }
}

/* ---- sending ---- */

/* Waits for room and takes it: 0, or an error and none taken. The lock is held before and after. */
static int wait_for_room(struct message_pipe *p, uint64_t bytes, uint64_t when)
{
    struct waiting_sender me = {.bytes = bytes};
    if (p->no_receivers)
        return -EPIPE;
    if (wait_queue_empty(&p->senders) && fits(p, bytes)) {
        take_room(p, bytes);
        return 0;
    }
    if (!when)
        return -EAGAIN;
    int result = 0;
    while (!me.admitted && !result && !p->no_receivers) {
        wait_enter(&p->senders, &me.waiter);
        spin_unlock(&p->lock);
        result = wait_switch_until(when);
        spin_lock(&p->lock);
        wait_leave(&me.waiter);
    }
    if (me.admitted && result != -EINTR)
        return 0;
    if (me.admitted)
        give_room_back(p, bytes);
    else
        admit(p); /* those behind it may have been held up by it alone */
    return result ? result : -EPIPE;
}

/* Puts it before `at`. The lock is held. */
static void publish(struct message_pipe *p, struct pipe_message *m, struct list_node *at)
{
    list_insert_before(at, &m->node);
    p->count++;
    p->bytes += m->bytes;
    wake_one(&p->receivers);
    wake_all(&p->receive_pollers);
}

int64_t message_send(struct object *o, const struct message_parts *parts, uint64_t when)
{
    struct message_pipe *p = of_sender(o);
    struct pipe_message *m;
    if (parts->count > MESSAGE_HANDLES_MAX)
        return -EINVAL;
    if (parts->bytes > largest_message(p))
        return -EMSGSIZE;
    spin_lock(&p->lock);
    int error = wait_for_room(p, parts->bytes, object_nonblocking(o) ? 0 : when);
    struct pipe_message *spare = error ? NULL : p->spare;
    if (spare)
        p->spare = NULL;
    spin_unlock(&p->lock);
    if (error)
        return error;
    error = pipe_message_in(p, parts, spare, &m);
    bool copied = !error;
    spin_lock(&p->lock);
    if (copied && p->no_receivers)
        error = -EPIPE;
    if (error) {
        give_room_back(p, parts->bytes);
    } else {
        m->number = p->next_number++;
        publish(p, m, &p->messages.head);
    }
    spin_unlock(&p->lock);
    if (copied && error)
        pipe_message_free(m);
    return error;
}

/* ---- receiving ---- */

/* The next message, off the list; its room is not free yet. The lock is held. */
static int take_message(struct message_pipe *p, const struct message_parts *parts, struct pipe_message **out)
{
    struct list_node *first = list_first(&p->messages);
    if (!first)
        return at_end(p) ? -ENODATA : -EAGAIN;
    struct pipe_message *m = pipe_message_of(first);
    if (m->bytes > parts->bytes || m->count > parts->count) {
        wake_one(&p->receivers); /* it may be that we were woken for it */
        return -EMSGSIZE;
    }
    list_remove(first);
    p->count--;
    p->bytes -= m->bytes;
    if (p->count)
        wake_one(&p->receivers); /* what is left is for the next one */
    *out = m;
    return 0;
}

/* Takes a message, and waits for one if need be. The lock is held before and after. */
static int wait_for_message(struct message_pipe *p, const struct message_parts *parts, uint64_t when,
                            struct pipe_message **out)
{
    struct waiter w;
    int result = 0;
    for (;;) {
        int error = take_message(p, parts, out);
        if (error != -EAGAIN || !when)
            return error;
        if (result == -ETIMEDOUT)
            return result;
        wait_enter(&p->receivers, &w);
        spin_unlock(&p->lock);
        result = wait_switch_until(when);
        spin_lock(&p->lock);
        if (list_linked(&w.node))
            list_remove(&w.node);
        else if (result == -EINTR)
            wake_one(&p->receivers); /* chosen, but will not take it */
        if (result == -EINTR)
            return result;
    }
}

/* Where it was: before all that were sent after it. The lock is held. */
static void put_back(struct message_pipe *p, struct pipe_message *m)
{
    struct list_node *at = p->messages.head.next;
    while (at != &p->messages.head && pipe_message_of(at)->number < m->number)
        at = at->next; /* others that were put back meanwhile */
    publish(p, m, at);
}

int64_t message_receive(struct object *o, const struct message_parts *parts, uint64_t when)
{
    struct message_pipe *p = of_receiver(o);
    struct pipe_message *m;
    if (parts->count > MESSAGE_HANDLES_MAX)
        return -EINVAL;
    spin_lock(&p->lock);
    int error = wait_for_message(p, parts, object_nonblocking(o) ? 0 : when, &m);
    spin_unlock(&p->lock);
    if (error)
        return error;
    int64_t bytes = (int64_t)m->bytes;
    error = pipe_message_out(m, parts);
    if (!error)
        message_pipe_unload(p, m->receivers);
    spin_lock(&p->lock);
    bool keep = !error && !p->spare && pipe_message_is_spare(m);
    if (error)
        put_back(p, m);
    else
        give_room_back(p, m->bytes);
    if (keep)
        p->spare = m;
    spin_unlock(&p->lock);
    if (!error && !keep)
        pipe_message_free(m);
    return error ? error : bytes;
}

int message_pipe_state(struct object *o, struct message_state *state)
{
    if (o->ops != &message_receiver_ops && o->ops != &message_sender_ops)
        return -EBADF;
    struct message_pipe *p = o->ops == &message_receiver_ops ? of_receiver(o) : of_sender(o);
    *state = (struct message_state){.max_messages = p->max_messages, .max_bytes = p->max_bytes};
    spin_lock(&p->lock);
    struct list_node *first = list_first(&p->messages);
    state->messages = p->count;
    state->bytes = p->bytes;
    state->room = room(p);
    state->next_bytes = first ? pipe_message_of(first)->bytes : 0;
    state->next_handles = first ? pipe_message_of(first)->count : 0;
    spin_unlock(&p->lock);
    return 0;
}

/* ---- read, write, poll, and the end ---- */

static int64_t receiver_read(struct object *o, user_addr buffer, uint64_t n)
{
    const struct message_parts parts = {.data = buffer, .bytes = n};
    int64_t result = message_receive(o, &parts, SCHED_NEVER);
    return result == -ENODATA ? 0 : result;
}

static int64_t sender_write(struct object *o, user_addr buffer, uint64_t n)
{
    const struct message_parts parts = {.data = buffer, .bytes = n};
    int64_t error = message_send(o, &parts, SCHED_NEVER);
    return error ? error : (int64_t)n;
}

static int receiver_poll(struct object *o, struct waiter *w)
{
    struct message_pipe *p = of_receiver(o);
    spin_lock(&p->lock);
    if (w)
        wait_join(&p->receive_pollers, w);
    int bits = (p->count ? POLLIN : 0) | (p->no_senders && (p->count || at_end(p)) ? POLLHUP : 0);
    spin_unlock(&p->lock);
    return bits;
}

static int sender_poll(struct object *o, struct waiter *w)
{
    struct message_pipe *p = of_sender(o);
    spin_lock(&p->lock);
    if (w)
        wait_join(&p->send_pollers, w);
    /* As for a pipe: PIPE_BUF bytes, or the largest message if that is less, would go in without waiting. */
    uint64_t enough = largest_message(p) < PIPE_BUF ? largest_message(p) : PIPE_BUF;
    int bits = p->no_receivers ? POLLERR : room(p) >= (int64_t)enough ? POLLOUT : 0;
    spin_unlock(&p->lock);
    return bits;
}

static void leave(struct message_pipe *p, struct waiter *w)
{
    spin_lock(&p->lock);
    wait_leave(w);
    spin_unlock(&p->lock);
}

static void receiver_unpoll(struct object *o, struct waiter *w)
{
    leave(of_receiver(o), w);
}

static void sender_unpoll(struct object *o, struct waiter *w)
{
    leave(of_sender(o), w);
}

/* One end has no handles left: the other end is told. The lock is held, and dropped; the last of the two frees the
 * pipe. */
static void end_closed(struct message_pipe *p, bool last)
{
    wake_all(&p->receivers);
    wake_all(&p->senders);
    wake_all(&p->receive_pollers);
    wake_all(&p->send_pollers);
    spin_unlock(&p->lock);
    if (!last)
        return;
    kfree(p->spare);
    job_repay(p->job, p->pages);
    cache_free(&message_pipe_cache, p);
}

static void receiver_release(struct object *o)
{
    struct message_pipe *p = of_receiver(o);
    struct list dead;
    list_init(&dead);
    spin_lock(&p->lock);
    p->no_receivers = true;
    list_splice_back(&dead, &p->messages);
    p->count = 0;
    p->bytes = 0;
    end_closed(p, p->no_senders);
    pipe_messages_drop(&dead);
}

static void sender_release(struct object *o)
{
    struct message_pipe *p = of_sender(o);
    spin_lock(&p->lock);
    p->no_senders = true;
    end_closed(p, p->no_receivers);
}

const struct object_ops message_receiver_ops = {
    .name = "message receiver",
    .release = receiver_release,
    .read = receiver_read,
    .poll = receiver_poll,
    .unpoll = receiver_unpoll,
};

const struct object_ops message_sender_ops = {
    .name = "message sender",
    .release = sender_release,
    .write = sender_write,
    .poll = sender_poll,
    .unpoll = sender_unpoll,
};

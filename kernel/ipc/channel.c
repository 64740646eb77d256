/*
 * Channels: making and closing one, notifications, and the slots behind tokens.
 * Called by the system calls, by interrupts and timers (notify), and by the other files of this room.
 */
#include "ipc/channel.h"

#include "mem/cache.h"
#include "sched/sched.h"

#include <common/string.h>

#define FIRST_SLOTS 8
#define CLOSE_BATCH 64 /* notes dealt with under one hold of the lock */

static struct cache channel_cache = CACHE("channel", struct channel);

uint64_t channels_live(void)
{
    return cache_live(&channel_cache);
}

static void timer_expired(struct timer *t)
{
    struct channel *ch = container_of(t, struct channel, timer);
    channel_notify(ch, ch->timer_bits);
}

struct channel *channel_create(int rank)
{
    struct channel *ch = cache_alloc(&channel_cache);
    if (!ch)
        return NULL;
    object_init(&ch->object, &channel_ops);
    atomic_store(&ch->uses, 1);
    ch->rank = rank;
    spin_init(&ch->lock, "channel", LOCK_CHANNEL);
    spin_init(&ch->timer_lock, "channel timer", LOCK_CHANNEL_TIMER);
    list_init(&ch->queue);
    list_init(&ch->in_service);
    list_init(&ch->kept);
    wait_queue_init(&ch->receivers, WAIT_FOR_receive);
    wait_queue_init(&ch->callers, WAIT_FOR_call);
    for (unsigned i = 0; i < COOKIE_BUCKETS; i++)
        list_init(&ch->sessions[i]);
    ch->free_slot = SLOT_NONE;
    timer_init(&ch->timer, timer_expired);
    return ch;
}

void channel_put(struct channel *ch)
{
    if (atomic_fetch_sub(&ch->uses, 1) != 1)
        return;
    kfree(ch->slot);
    cache_free(&channel_cache, ch);
}

/* One of those that wait, or that are being served: whoever held the last handle can no longer reply. NULL: there is
 * none. The lock is held. */
static struct list_node *any_note(struct channel *ch)
{
    struct list_node *node = list_first(&ch->queue);
    return node ? node : list_first(&ch->in_service);
}

/* The channel is closed: it ends for the one that this note is of. The lock is held. */
static void drop_note(struct channel *ch, struct list_node *node, struct list *dead_sessions)
{
    struct note *note = list_entry(node, struct note, node);
    struct request *r = container_of(note, struct request, note);
    if (note->kind == NOTE_CALL && r->state == REQUEST_SERVING) {
        request_finish(ch, r, -EIO); /* takes it off */
        sched_wake(&r->client->task);
        return;
    }
    list_remove(node);
    if (note->kind == NOTE_CALL) {
        ch->waiting_at[r->level]--;
        request_finish(ch, r, -EIO);
        sched_wake(&r->client->task);
    } else if (note->kind == NOTE_CLOSE) {
        list_remove(&container_of(note, struct session, close)->by_cookie);
        list_push_back(dead_sessions, node);
    }
}

/* The last handle on the channel is gone: nobody can receive any more. Nor can anybody call or close, so there are only
 * fewer notes each time. */
static void channel_release(struct object *o)
{
    struct channel *ch = container_of(o, struct channel, object);
    timer_cancel(&ch->timer);
    struct list dead_sessions;
    struct list_node *node;
    list_init(&dead_sessions);
    spin_lock(&ch->lock);
    ch->closed = true;
    for (unsigned n = 1; (node = any_note(ch)) != NULL; n++) {
        drop_note(ch, node, &dead_sessions);
        if (n % CLOSE_BATCH == 0) {
            spin_unlock(&ch->lock);
            sched_breathe();
            spin_lock(&ch->lock);
        }
    }
    request_inherit(ch); /* nobody waits any more */
    for (unsigned i = 0; i < COOKIE_BUCKETS; i++)
        list_for_each(node, &ch->sessions[i])
            wake_all(&list_entry(node, struct session, by_cookie)->pollers); /* they see POLLHUP now */
    spin_unlock(&ch->lock);
    while ((node = list_pop_front(&dead_sessions)) != NULL) {
        session_free_note(container_of(list_entry(node, struct note, node), struct session, close));
        sched_breathe();
    }
    kept_release(ch);
    channel_put(ch);
}

const struct object_ops channel_ops = {
    .name = "channel",
    .release = channel_release,
};

void channel_wake_server(struct channel *ch)
{
    wake_one(&ch->receivers);
}

void channel_notify(struct channel *ch, uint64_t bits)
{
    spin_lock(&ch->lock);
    ch->notifications |= bits;
    channel_wake_server(ch);
    spin_unlock(&ch->lock);
}

void channel_set_timer(struct channel *ch, uint64_t bits, uint64_t when)
{
    spin_lock(&ch->timer_lock); /* outside ch->lock, which the timer's end takes while we wait for it */
    timer_cancel(&ch->timer);
    if (bits && when != SCHED_NEVER) {
        ch->timer_bits = bits;
        timer_arm(&ch->timer, when);
    }
    spin_unlock(&ch->timer_lock);
}

/* ---- slots ---- */

static int more_slots(struct channel *ch)
{
    uint32_t n = ch->slots ? ch->slots * 2 : FIRST_SLOTS;
    struct slot *slot = kmalloc(n * sizeof *slot);
    if (!slot)
        return -ENOMEM;
    for (uint32_t i = 0; i < ch->slots; i++) {
        slot[i] = ch->slot[i];
        if (list_linked(&ch->slot[i].note.node)) { /* its neighbours in the queue must know it moved */
            list_insert_before(&ch->slot[i].note.node, &slot[i].note.node);
            list_remove(&ch->slot[i].note.node);
        } else {
            list_node_init(&slot[i].note.node);
        }
    }
    for (uint32_t i = ch->slots; i < n; i++) {
        list_node_init(&slot[i].note.node);
        slot[i].next_free = i + 1 < n ? i + 1 : SLOT_NONE;
    }
    ch->free_slot = ch->slots;
    kfree(ch->slot);
    ch->slot = slot;
    ch->slots = n;
    return 0;
}

int slot_take(struct channel *ch, struct request *r)
{
    if (ch->free_slot == SLOT_NONE && more_slots(ch))
        return -ENOMEM;
    struct slot *s = &ch->slot[ch->free_slot];
    r->slot = ch->free_slot;
    ch->free_slot = s->next_free;
    s->request = r;
    s->generation++;
    s->dead = false;
    s->cookie = r->session->cookie;
    return 0;
}

uint64_t slot_token(struct channel *ch, const struct slot *s)
{
    return (uint64_t)s->generation << 32 | (uint32_t)(s - ch->slot + 1);
}

struct slot *slot_of(struct channel *ch, uint64_t token)
{
    uint32_t number = (uint32_t)token;
    if (number == 0 || number > ch->slots)
        return NULL;
    struct slot *s = &ch->slot[number - 1];
    return s->generation == token >> 32 && (s->request || s->dead) ? s : NULL;
}

void slot_free(struct channel *ch, struct slot *s)
{
    s->request = NULL;
    s->dead = false;
    if (list_linked(&s->note.node))
        list_remove(&s->note.node);
    s->next_free = ch->free_slot;
    ch->free_slot = (uint32_t)(s - ch->slot);
}

void request_finish(struct channel *ch, struct request *r, int64_t status)
{
    if (r->state == REQUEST_SERVING)
        list_remove(&r->note.node);
    r->status = status;
    r->state = REQUEST_DONE;
    slot_free(ch, &ch->slot[r->slot]);
}

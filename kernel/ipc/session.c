/*
 * Sessions: a client's object on a channel. Made when a server's reply to open says so, or by whoever
 * holds the channel. The last close queues a note for the server, in order with what was called before.
 */
#include "ipc/channel.h"

#include "ipc/file.h"
#include "mem/cache.h"
#include "sched/sched.h"

#define COOKIES_AT_ONCE 32

static struct cache session_cache = CACHE("session", struct session);

uint64_t sessions_live(void)
{
    return cache_live(&session_cache);
}

static struct list *bucket(struct channel *ch, uint64_t cookie)
{
    return &ch->sessions[(cookie ^ cookie >> 32) % COOKIE_BUCKETS];
}

struct session *session_alloc(void)
{
    return cache_alloc(&session_cache);
}

void session_discard(struct session *s)
{
    cache_free(&session_cache, s);
}

void session_attach(struct session *s, struct channel *ch, uint64_t cookie, uint32_t mode, bool silent)
{
    object_init(&s->object, &session_ops);
    atomic_fetch_add(&ch->uses, 1);
    s->channel = ch;
    s->cookie = cookie;
    s->mode = mode & ((1u << SESSION_READY_SHIFT) - 1);
    s->silent = silent;
    s->ready = mode >> SESSION_READY_SHIFT;
    s->incarnation = ch->incarnation;
    s->close.kind = NOTE_CLOSE;
    list_node_init(&s->close.node);
    wait_queue_init(&s->pollers, WAIT_FOR_poll);
    spin_init(&s->lock, "session", LOCK_SESSION);
    wait_queue_init(&s->turn, WAIT_FOR_offset);
    list_push_back(bucket(ch, cookie), &s->by_cookie);
}

void session_free_note(struct session *s)
{
    struct channel *ch = s->channel;
    session_discard(s);
    channel_put(ch);
}

static void session_release(struct object *o)
{
    struct session *s = container_of(o, struct session, object);
    struct channel *ch = s->channel;
    spin_lock(&ch->lock);
    bool tell = !s->silent && !ch->closed;
    if (!tell)
        list_remove(&s->by_cookie);
    if (tell) {
        list_push_back(&ch->queue, &s->close.node);
        channel_wake_server(ch);
    }
    spin_unlock(&ch->lock);
    if (!tell)
        session_free_note(s);
}

int session_lock_offset(struct session *s)
{
    int error = 0;
    if (!(s->mode & SESSION_SEEKABLE))
        return 0;
    spin_lock(&s->lock);
    while (s->busy && !error)
        error = wait_on(&s->turn, &s->lock);
    if (!error)
        s->busy = true;
    spin_unlock(&s->lock);
    return error;
}

void session_unlock_offset(struct session *s)
{
    if (!(s->mode & SESSION_SEEKABLE))
        return;
    spin_lock(&s->lock);
    s->busy = false;
    wake_one(&s->turn);
    spin_unlock(&s->lock);
}

void session_set_ready(struct channel *ch, uint64_t cookie, uint32_t bits)
{
    struct list_node *node;
    spin_lock(&ch->lock);
    list_for_each(node, bucket(ch, cookie)) {
        struct session *s = list_entry(node, struct session, by_cookie);
        if (s->cookie == cookie && (s->ready != bits || s->incarnation != ch->incarnation)) {
            s->ready = bits;
            s->incarnation = ch->incarnation;
            wake_all(&s->pollers);
        }
    }
    spin_unlock(&ch->lock);
}

/* The cookies of up to COOKIES_AT_ONCE sessions that the server knows of, from behind the cursor, which moves
 * along. *end: there are no more. */
static unsigned some_cookies(struct channel *ch, unsigned b, struct session *cursor, uint64_t *cookies, bool *end)
{
    unsigned n = 0;
    spin_lock(&ch->lock);
    struct list_node *node = list_linked(&cursor->by_cookie) ? cursor->by_cookie.next : ch->sessions[b].head.next;
    for (unsigned looked = 0; node != &ch->sessions[b].head && looked < COOKIES_AT_ONCE; looked++) {
        struct session *s = list_entry(node, struct session, by_cookie);
        if (!s->silent)
            cookies[n++] = s->cookie;
        node = node->next;
    }
    if (list_linked(&cursor->by_cookie))
        list_remove(&cursor->by_cookie);
    *end = node == &ch->sessions[b].head;
    if (!*end)
        list_insert_before(node, &cursor->by_cookie);
    spin_unlock(&ch->lock);
    return n;
}

/* How many sessions there are that a server knows of, those included whose end it has not received yet; up to
 * n of their cookies go to `to`. For the server that is exact, although the lock is dropped now and then: each
 * comes by its own reply and goes by its own receive. */
int64_t session_cookies(struct channel *ch, struct space *space, user_addr to, uint64_t n)
{
    uint64_t cookies[COOKIES_AT_ONCE], count = 0;
    int error = 0;
    for (unsigned b = 0; b < COOKIE_BUCKETS; b++) {
        /* Keeps our place in the list. `silent` keeps others of its kind from counting it; its cookie belongs
         * to another bucket, so that nobody looks for it here. */
        struct session cursor = {.silent = true, .cookie = b + 1};
        for (bool end = false; !end;) {
            unsigned got = some_cookies(ch, b, &cursor, cookies, &end);
            uint64_t room = count < n ? n - count : 0;
            if (!error && room)
                error = copy_out(space, user_plus(to, count * sizeof cookies[0]), cookies,
                                 (got < room ? got : room) * sizeof cookies[0]);
            count += got;
            sched_breathe();
        }
    }
    return error ? error : (int64_t)count;
}

static int session_poll(struct object *o, struct waiter *w)
{
    struct session *s = container_of(o, struct session, object);
    spin_lock(&s->channel->lock);
    if (w)
        wait_join(&s->pollers, w);
    int bits = s->channel->closed ? POLLERR | POLLHUP
               : s->incarnation == s->channel->incarnation ? (int)s->ready : 0;
    spin_unlock(&s->channel->lock);
    return bits;
}

static void session_unpoll(struct object *o, struct waiter *w)
{
    struct session *s = container_of(o, struct session, object);
    spin_lock(&s->channel->lock);
    wait_leave(w);
    spin_unlock(&s->channel->lock);
}

const struct object_ops session_ops = {
    .name = "session",
    .release = session_release,
    .read = session_read,
    .write = session_write,
    .poll = session_poll,
    .unpoll = session_unpoll,
};

/*
 * The client's side of a call: send, give the processor to the server, wait for the answer.
 * Called by file.c and path.c for every operation on a session. Blocks, killable, holding no lock.
 */
#include "ipc/channel.h"

#include "riscv/trace_point.h"
#include "sched/sched.h"

#include <common/string.h>

void request_init(struct request *r, struct session *s, uint64_t op, uint64_t arg0, uint64_t arg1)
{
    uint32_t flags = atomic_load_explicit(&s->object.flags, memory_order_relaxed);
    *r = (struct request){
        .session = s,
        .op = op,
        .arg0 = arg0,
        .arg1 = arg1,
        .flags = this_proc()->rules->message_flags | (flags & O_NONBLOCK ? MSGF_NONBLOCK : 0) |
                 (flags & O_APPEND ? MSGF_APPEND : 0),
    };
}

void request_grant_user(struct request *r, user_addr buffer, uint64_t n, int direction)
{
    r->space = this_proc()->space;
    r->user = buffer;
    r->bytes = n;
    r->direction = (uint32_t)direction;
}

void request_grant_kernel(struct request *r, void *buffer, uint64_t n, int direction)
{
    r->space = NULL;
    r->kernel = buffer;
    r->bytes = n;
    r->direction = (uint32_t)direction;
}

static unsigned best_waiting(const struct channel *ch)
{
    unsigned level = 0;
    if (list_empty(&ch->queue))
        return SCHED_NO_LEVEL; /* mostly */
    while (level < SCHED_MAX_LEVELS && !ch->waiting_at[level])
        level++;
    return level; /* SCHED_NO_LEVEL when nobody waits */
}

void request_inherit(struct channel *ch)
{
    /* Only the system's own servers: a program could make a channel, let a process call it and wait, and
     * run at the top level for as long. */
    if (ch->server && ch->server->task.entity.keeps_top)
        sched_inherit(&ch->server->task, best_waiting(ch));
}

void request_dequeued(struct channel *ch, struct request *r)
{
    ch->waiting_at[r->level]--;
    request_inherit(ch);
}

void request_requeue(struct channel *ch, struct request *r)
{
    list_remove(&r->note.node);
    r->state = REQUEST_QUEUED;
    r->flags |= MSGF_RETRY;
    r->client->task.waits_for = 0;
    ch->waiting_at[r->level]++;
    list_push_front(&ch->queue, &r->note.node);
}

/* The client has been killed: take its request out of the server's reach. The lock is held. */
static void withdraw(struct channel *ch, struct request *r)
{
    struct slot *slot = &ch->slot[r->slot];
    bool queued = r->state == REQUEST_QUEUED;
    list_remove(&r->note.node);
    if (queued)
        request_dequeued(ch, r);
    if (queued && !(r->flags & MSGF_RETRY)) {
        slot_free(ch, slot);
    } else { /* a server knows of it; its successor may, if it wrote that down */
        slot->request = NULL;
        slot->dead = true;
        slot->note.kind = NOTE_CANCEL;
        list_push_back(&ch->queue, &slot->note.node);
        channel_wake_server(ch);
    }
}

int64_t request_call(struct request *r)
{
    struct channel *ch = r->session->channel;
    struct proc *me = this_proc();
    /* Ranks rise with every call, so a circle of waiting servers cannot close. */
    if (me->serving && me->serving->rank >= ch->rank)
        return -EDEADLK;
    unsigned level = sched_level_here();

    spin_lock(&ch->lock);
    int error = ch->closed ? -EIO : slot_take(ch, r);
    if (error) {
        spin_unlock(&ch->lock);
        return error;
    }
    r->client = me;
    r->state = REQUEST_QUEUED;
    r->level = (uint8_t)level;
    r->note.kind = NOTE_CALL;
    ch->waiting_at[level]++;
    list_push_back(&ch->queue, &r->note.node);
    me->task.waits_for = ch->server ? ch->server->tid : 0;
    TRACE(call, 0, me->tid, me->task.waits_for);
    wait_block(ch->callers.reason);

    struct list_node *receiver = list_pop_front(&ch->receivers.waiters);
    if (receiver && !atomic_load(&me->task.killed)) {
        /* The server waits: it runs now, on this hart and on our time. It holds a reference on whoever
         * pays, since that process may be killed and gone before the server has given up its time. */
        struct proc *server = ch->server;
        struct sched_entity *account = me->task.entity.account;
        server->payer = proc_of(container_of(account, struct task, entity));
        proc_get(server->payer);
        bool claimed = sched_claim(&server->task, account);
        spin_unlock(&ch->lock);
        if (claimed)
            sched_handoff(&server->task, false);
        else
            wait_switch();
        me->task.waits_for = 0;
    } else {
        if (receiver) {
            list_push_front(&ch->receivers.waiters, receiver);
            channel_wake_server(ch);
        } else {
            request_inherit(ch);
        }
        spin_unlock(&ch->lock);
        wait_switch();
    }
    spin_lock(&ch->lock);
    while (r->state != REQUEST_DONE) {
        if (atomic_load(&me->task.killed)) {
            withdraw(ch, r);
            spin_unlock(&ch->lock);
            return -EINTR;
        }
        me->task.waits_for = ch->server ? ch->server->tid : 0;
        wait_block(ch->callers.reason);
        spin_unlock(&ch->lock);
        wait_switch();
        spin_lock(&ch->lock);
    }
    spin_unlock(&ch->lock);
    return r->status;
}

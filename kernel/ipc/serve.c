/*
 * The server's side: receive, reply, and both in one. A message goes out in the server's registers.
 * While it works on a request a server runs on its client's account; what it does for nobody runs on
 * its own, at the top level (docs/architecture.md, "Whose time it is").
 */
#include "ipc/channel.h"

#include "proc/job.h"
#include "riscv/trace_point.h"
#include "sched/sched.h"

#include <common/string.h>

#define REQUEUE_BATCH 256

static struct sched_entity *account_of(struct proc *payer)
{
    return payer ? &payer->task.entity : &this_proc()->task.entity;
}

/* A client that has handed us the processor has seen to it already. */
static bool works_for(const struct proc *payer)
{
    const struct proc *me = this_proc();
    return payer == me->payer && me->task.entity.account == account_of(me->payer);
}

/* From now on this process works for `payer` (NULL: for nobody). */
static void work_for(struct proc *payer)
{
    struct proc *me = this_proc();
    struct proc *before = me->payer;
    if (works_for(payer))
        return;
    if (payer)
        proc_get(payer);
    me->payer = payer;
    sched_charge_to(account_of(payer));
    if (before)
        proc_put(before);
}

int channel_serve(struct channel *ch, uint64_t buffer, uint64_t bytes)
{
    struct proc *me = this_proc();
    if (me->serving && me->serving != ch) {
        spin_lock(&me->serving->lock);
        bool closed = me->serving->closed;
        spin_unlock(&me->serving->lock);
        if (!closed)
            return -EBUSY; /* one loop around one receive */
        serve_end(me);
    }
    spin_lock(&ch->lock);
    if (ch->server && ch->server != me) {
        spin_unlock(&ch->lock);
        return -EBUSY;
    }
    ch->server = me;
    spin_unlock(&ch->lock);
    if (!me->serving) {
        me->serving = ch;
        atomic_fetch_add(&ch->uses, 1);
        /* Only the system's own servers: anybody can make a channel, and must gain nothing by it. */
        if (job_is_system(me))
            sched_keep_top(&me->task, true);
        spin_lock(&ch->lock);
        request_inherit(ch); /* those who wait since the last server's end */
        spin_unlock(&ch->lock);
    }
    me->serve_buffer = buffer;
    me->serve_bytes = bytes;
    return 0;
}

/* ---- receive ---- */

/* Ends a request that could not be delivered. */
static void refuse(struct channel *ch, uint64_t token, int64_t status)
{
    spin_lock(&ch->lock);
    struct slot *slot = slot_of(ch, token);
    if (slot && slot->request) {
        struct request *r = slot->request;
        request_finish(ch, r, status);
        sched_wake(&r->client->task);
    } else if (slot) {
        slot_free(ch, slot);
    }
    spin_unlock(&ch->lock);
}

/* The request at the head of the queue becomes the message. The lock is held and is released. False:
 * it could not be delivered, and its client has been told. */
static bool deliver_call(struct channel *ch, struct request *r, struct trap_frame *frame)
{
    struct proc *me = this_proc();
    struct slot *slot = &ch->slot[r->slot];
    uint64_t token = slot_token(ch, slot);
    struct proc *payer = proc_of(container_of(r->client->task.entity.account, struct task, entity));
    struct path_text *path = r->path;
    uint32_t path_offset = r->path_offset;
    struct object *gift = r->gift;

    r->state = REQUEST_SERVING;
    request_dequeued(ch, r);
    list_push_back(&ch->in_service, &r->note.node);
    ch->in_hand = token;
    r->client->task.waits_for = me->tid;
    frame->a[0] = r->op;
    frame->a[1] = token;
    frame->a[2] = r->session->cookie;
    frame->a[3] = r->arg0;
    frame->a[4] = r->arg1;
    frame->a[5] = r->arg2;
    frame->a[6] = (uint64_t)(r->flags | (gift ? MSGF_HANDLE : 0)) << 32 | (uint32_t)r->client->pid;
    frame->a[7] = 0;
    /* Past the lock the client may die; what is still needed of it is held here. */
    bool paid = works_for(payer); /* which holds a reference */
    if (!paid)
        proc_get(payer);
    if (path)
        atomic_fetch_add(&path->refs, 1);
    if (gift)
        object_get(gift);
    spin_unlock(&ch->lock);
    if (!paid) {
        work_for(payer);
        proc_put(payer);
    }

    int64_t error = 0;
    if (path) {
        uint64_t bytes = path->bytes - path_offset;
        frame->a[7] = bytes;
        error = -EMSGSIZE;
        if (bytes <= me->serve_bytes)
            error = copy_out(me->space, user_at(me->serve_buffer), path->text + path_offset, bytes);
        path_text_put(path);
    }
    if (gift) {
        if (!error) {
            int n = handle_add(gift, 0);
            error = n < 0 ? n : 0;
            frame->a[4] = (uint64_t)n;
        } else {
            object_put(gift);
        }
    }
    if (error) {
        work_for(NULL); /* before it is woken: wake_client */
        refuse(ch, token, error);
    }
    return !error;
}

/* The lock is held; true: a message is in the frame and the lock has been released. */
static bool take_message(struct channel *ch, struct trap_frame *frame)
{
    struct list_node *node;
    if (ch->notifications) {
        frame->a[0] = MSG_NOTIFY;
        frame->a[1] = frame->a[2] = 0;
        frame->a[3] = ch->notifications;
        ch->notifications = 0;
        spin_unlock(&ch->lock);
        work_for(NULL);
        return true;
    }
    while ((node = list_pop_front(&ch->queue)) != NULL) {
        struct note *note = list_entry(node, struct note, node);
        switch (note->kind) {
        case NOTE_CALL:
            if (deliver_call(ch, container_of(note, struct request, note), frame))
                return true;
            sched_breathe();
            spin_lock(&ch->lock);
            break;
        case NOTE_CLOSE: {
            struct session *s = container_of(note, struct session, close);
            list_remove(&s->by_cookie);
            frame->a[0] = MSG_CLOSE;
            frame->a[1] = 0;
            frame->a[2] = s->cookie;
            spin_unlock(&ch->lock);
            session_free_note(s);
            work_for(NULL);
            return true;
        }
        case NOTE_CANCEL: {
            struct slot *slot = container_of(note, struct slot, note);
            frame->a[0] = MSG_CANCEL;
            frame->a[1] = slot_token(ch, slot);
            frame->a[2] = slot->cookie;
            slot_free(ch, slot);
            spin_unlock(&ch->lock);
            work_for(NULL);
            return true;
        }
        }
    }
    return false;
}

/* An account has one user at a time, and a client is charged for what was done for it before it is queued: its burst,
 * or its quantum, begins anew there. */
static void wake_client(struct proc *client)
{
    struct task *me = &this_proc()->task;
    if (me->entity.account == client->task.entity.account)
        sched_charge_to(&me->entity); /* me->payer is for the next one to put */
    sched_wake(&client->task);
    proc_put(client);
}

/* `client` (may be NULL): just replied to; it gets the processor if there is nothing else to do. */
static int receive(struct channel *ch, struct trap_frame *frame, struct proc *client)
{
    struct proc *me = this_proc();
    int error = 0;
    spin_lock(&ch->lock);
    if (ch->server != me) {
        spin_unlock(&ch->lock);
        error = -EPERM; /* channel_serve comes first */
    } else {
        ch->in_hand = 0; /* answered, or put aside: what happens to us from here on is not its doing */
    }
    while (!error) {
        if (client && (ch->notifications || !list_empty(&ch->queue))) {
            wake_client(client); /* the server goes on; the client waits its turn */
            client = NULL;
        }
        if (take_message(ch, frame))
            return 0;
        struct waiter w;
        struct proc *payer = me->payer; /* the next client sets it as soon as the lock is free */
        me->payer = NULL;
        /* One that is still leaving its hart could not be claimed, and would be woken with its account in use. */
        bool to_client =
            client && payer == client && !atomic_load_explicit(&client->task.on_hart, memory_order_acquire);
        if (!to_client)
            sched_charge_to(&me->task.entity); /* nobody's time any more */
        wait_enter(&ch->receivers, &w);
        spin_unlock(&ch->lock);
        /* No reference may stay with us while we sleep: it would keep a dead client's PCB. A claimed client
         * cannot be gone before it runs, and by then its account is no longer ours. */
        /* `killed` is looked at once we are BLOCKED, as in wait_switch: a kill before that does not wake us. */
        if (to_client && !atomic_load(&me->task.killed) && sched_claim(&client->task, NULL)) {
            proc_put(payer);
            proc_put(client);
            sched_handoff(&client->task, true);
        } else {
            if (to_client)
                sched_charge_to(&me->task.entity);
            if (payer)
                proc_put(payer);
            if (client) {
                sched_wake(&client->task);
                proc_put(client);
            }
            wait_switch();
        }
        client = NULL;
        if (atomic_load(&me->task.killed))
            error = -EINTR;
        spin_lock(&ch->lock);
        wait_leave(&w);
        if (error)
            spin_unlock(&ch->lock);
    }
    if (client)
        wake_client(client);
    return error;
}

int channel_receive(struct channel *ch, struct trap_frame *frame)
{
    return receive(ch, frame, NULL);
}

/* ---- reply ---- */

/* What a reply hands over: an object that the server has a handle on. */
static int reply_object(const struct reply *reply, struct object **object)
{
    int error = 0;
    *object = NULL;
    if (reply->flags & REPLY_REDIRECT) {
        *object = handle_get_kind((int)reply->extra, &session_ops, -EINVAL, &error);
    } else if (reply->flags & REPLY_HANDLE) {
        *object = handle_get((int)reply->extra);
        error = -EBADF;
    }
    return *object ? 0 : error;
}

/* Finishes the request; *client is its process, with a reference, to be woken by the caller. */
static int64_t finish(struct channel *ch, const struct reply *reply, struct proc **client)
{
    struct object *object;
    int64_t status = reply->status;
    uint64_t gives = reply->flags & (REPLY_SESSION | REPLY_REDIRECT | REPLY_HANDLE);
    *client = NULL;
    if (gives & (gives - 1))
        return -EINVAL; /* one object at most */
    if (reply->flags & REPLY_DATA) {
        int64_t copied = grant_copy(ch, reply->token, 0, user_at((uint64_t)reply->data), reply->length, true);
        if (copied == -EACCES || copied == -EINVAL || copied == -EINTR)
            return copied; /* not to be written, or not that much; or the server has been killed */
        if (copied < 0)
            status = copied; /* the client's buffer, which it hears of; or its death, which we come to below */
    }
    int error = reply_object(reply, &object);
    if (error)
        return error; /* the server's mistake: the client still waits for a proper answer */

    spin_lock(&ch->lock);
    struct slot *slot = ch->server == this_proc() ? slot_of(ch, reply->token) : NULL;
    struct request *r = slot ? slot->request : NULL;
    if (!r || r->state != REQUEST_SERVING) {
        if (slot && slot->dead)
            slot_free(ch, slot); /* so the server knows now: no need for the note */
        spin_unlock(&ch->lock);
        object_put(object);
        return -ESRCH;
    }
    if (reply->flags & REPLY_SESSION) {
        if (!r->spare) { /* the call was none that opens something */
            spin_unlock(&ch->lock);
            return -EINVAL;
        }
        session_attach(r->spare, ch, reply->extra, (uint32_t)reply->length, false);
        object = &r->spare->object;
        r->spare = NULL;
    }
    r->reply_flags = reply->flags;
    r->extra = reply->extra;
    r->length = reply->length;
    r->object = object;
    TRACE(reply, 0, this_proc()->tid, r->client->tid);
    *client = r->client;
    proc_get(*client);
    request_finish(ch, r, status);
    spin_unlock(&ch->lock);
    return 0;
}

int64_t channel_reply(struct channel *ch, const struct reply *reply)
{
    struct proc *client;
    int64_t result = finish(ch, reply, &client);
    if (client) {
        /* An account has one user at a time: the client's time is its own again, what we do now is for nobody. */
        if (this_proc()->task.entity.account == client->task.entity.account)
            work_for(NULL);
        sched_wake(&client->task);
        proc_put(client);
    }
    return result;
}

int64_t channel_reply_receive(struct channel *ch, const struct reply *reply, struct trap_frame *frame)
{
    struct proc *client = NULL;
    if (reply->token) {
        int64_t result = finish(ch, reply, &client);
        if (result && result != -ESRCH) /* a client that died is no reason not to go on */
            return result;
        if (result && (reply->flags & REPLY_SESSION) && this_proc()->serving == ch) {
            /* But what was opened for it has to be closed again. */
            frame->a[0] = MSG_CLOSE;
            frame->a[1] = 0;
            frame->a[2] = reply->extra;
            work_for(NULL);
            return 0;
        }
    }
    return receive(ch, frame, client);
}

/* Puts up to `budget` requests that were in service back at the front of the queue, the latest first. The lock
 * is held. False: there are more. */
static bool put_back(struct channel *ch, unsigned budget)
{
    while (budget-- && !list_empty(&ch->in_service)) {
        struct note *last = list_entry(ch->in_service.head.prev, struct note, node);
        struct request *r = container_of(last, struct request, note);
        bool at_work = ch->in_hand == slot_token(ch, &ch->slot[r->slot]);
        if (at_work && r->killed_one) {
            request_finish(ch, r, -EIO);
            sched_wake(&r->client->task);
        } else {
            r->killed_one |= at_work;
            request_requeue(ch, r);
        }
    }
    return list_empty(&ch->in_service);
}

void serve_end(struct proc *server)
{
    struct channel *ch = server->serving;
    work_for(NULL);
    if (!ch)
        return;
    spin_lock(&ch->lock);
    if (ch->server == server) {
        while (!put_back(ch, REQUEUE_BATCH)) { /* it stays the server, so that no other begins meanwhile */
            spin_unlock(&ch->lock);
            sched_breathe();
            spin_lock(&ch->lock);
        }
        sched_inherit(&server->task, SCHED_NO_LEVEL); /* those who wait, wait for the next server */
        ch->server = NULL;
        ch->in_hand = 0;
        ch->incarnation++; /* what it said of readiness is void: its successor says it anew */
    }
    spin_unlock(&ch->lock);
    server->serving = NULL;
    sched_keep_top(&server->task, false);
    channel_put(ch);
}

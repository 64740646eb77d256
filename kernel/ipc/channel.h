/*
 * Channels, sessions, requests (docs/messages.md). A channel is a port that one server receives on; a session
 * is a client's object on a channel; a request is one call on a session, from send to reply.
 *
 * A request lives on its client's kernel stack. Everybody else reaches it through the channel's slot
 * table, by token, under the channel's lock: so a client that is killed takes its request away and
 * leaves a dead token behind.
 */
#ifndef KERNEL_IPC_CHANNEL_H
#define KERNEL_IPC_CHANNEL_H

#include "ipc/handle.h"
#include "ipc/object.h"
#include "sched/timer.h"

#include <kinglet/message.h>

#define COOKIE_BUCKETS 32

/* What waits in a channel's queue for its server, in order of arrival. */
enum note_kind { NOTE_CALL, NOTE_CLOSE, NOTE_CANCEL };
struct note {
    struct list_node node;
    enum note_kind kind;
};

struct session;

/* A path on its way to a server, which may read it after the client has died. */
struct path_text {
    _Atomic uint32_t refs;
    uint32_t bytes;            /* with the NUL (both NULs when there are two) */
    char text[];
};

struct request {
    /* set by the client before it sends */
    struct session *session;
    uint64_t op, arg0, arg1, arg2;
    uint32_t flags;            /* MSGF_ */
    uint32_t direction;        /* CALL_SEND, CALL_RECEIVE: what the server may do with the grant */
    struct space *space;       /* the grant: `bytes` at `user` in `space`... */
    user_addr user;
    void *kernel;              /* ...or at `kernel`, when space is NULL */
    uint64_t bytes;
    bool force;                /* the loader's grant: into pages the user may only read */
    struct path_text *path;    /* inline data: path->text from path_offset on */
    uint32_t path_offset;
    struct object *gift;       /* object that goes along as a handle */
    struct session *spare;     /* memory for the session that the answer may make, or NULL */

    /* the channel's lock */
    struct note note;          /* on the channel's `queue`, or on `in_service` */
    struct proc *client;
    enum { REQUEST_QUEUED, REQUEST_SERVING, REQUEST_DONE } state;
    uint8_t level;             /* of the client, when it was queued */
    bool killed_one;           /* a server died at work on it */
    uint32_t slot;

    /* the answer, valid once DONE */
    int64_t status;
    uint64_t reply_flags;      /* REPLY_ */
    uint64_t extra;
    uint64_t length;
    struct object *object;     /* REPLY_SESSION, REPLY_REDIRECT, REPLY_HANDLE: with a reference */
};

struct slot {
    struct request *request;   /* NULL: free, or its client has died (`dead`) */
    uint32_t generation;
    uint32_t next_free;
    bool dead;                 /* the note tells the server; until then the slot is not free */
    uint64_t cookie;
    struct note note;
};

struct channel {
    struct object object;      /* the handles on it */
    _Atomic uint32_t uses;     /* memory: the handles together count one, each session one */
    int rank;                  /* constant */

    struct spinlock lock;      /* LOCK_CHANNEL; protects all below */
    bool closed;               /* nobody can ever serve it again: calls fail with -EIO */
    struct proc *server;       /* who serves it now, or NULL */
    struct list queue;         /* struct note */
    struct list in_service;    /* the notes of calls that were delivered and not answered, oldest first */
    uint64_t in_hand;          /* token of the one that the server works on: it has not received since; or 0 */
    uint32_t incarnation;      /* servers that have died */
    struct wait_queue receivers;
    struct wait_queue callers; /* has no one on it: the name that ps shows for a call */
    uint64_t notifications;
    struct slot *slot;
    uint32_t slots, free_slot; /* free_slot: SLOT_NONE when all are in use */
    uint32_t waiting_at[SCHED_MAX_LEVELS]; /* queued calls by level of their clients */
    struct list sessions[COOKIE_BUCKETS];
    struct list kept;          /* kept.c */
    unsigned kept_count;

    struct spinlock timer_lock; /* LOCK_CHANNEL_TIMER: who sets the timer */
    struct timer timer;
    uint64_t timer_bits;       /* read when it expires, and so changed only while it is not armed */
};
#define SLOT_NONE UINT32_MAX

struct session {
    struct object object;
    struct channel *channel;   /* constant, counted in its uses */
    uint64_t cookie;           /* constant */
    uint32_t mode;             /* constant: SESSION_ */
    bool silent;               /* made by channel_connect: the server does not hear of its end */

    /* channel's lock */
    struct list_node by_cookie; /* until the server has heard of its end */
    struct note close;         /* queued by the last close */
    uint32_t ready;            /* POLL bits, said by... */
    uint32_t incarnation;      /* ...this server; they count for nothing once it has died */
    struct wait_queue pollers;

    struct spinlock lock;      /* LOCK_SESSION; protects all below */
    bool busy;                 /* a request that uses the offset is under way */
    struct wait_queue turn;
    uint64_t offset;           /* changed by whoever made it busy */
};

extern const struct object_ops channel_ops, session_ops;

/* channel.c */
struct channel *channel_create(int rank); /* NULL: out of memory */
void channel_put(struct channel *ch);     /* one use less */
uint64_t channels_live(void);
void channel_notify(struct channel *ch, uint64_t bits); /* no lock of rank LOCK_CHANNEL or above held */
void channel_set_timer(struct channel *ch, uint64_t bits, uint64_t when);
void channel_wake_server(struct channel *ch);           /* lock held */
/* Slots; lock held. A token is never 0. */
int slot_take(struct channel *ch, struct request *r);
struct slot *slot_of(struct channel *ch, uint64_t token);
void slot_free(struct channel *ch, struct slot *s);
uint64_t slot_token(struct channel *ch, const struct slot *s);
/* Ends a request: its client may go on. Lock held. Does not wake. */
void request_finish(struct channel *ch, struct request *r, int64_t status);

/* session.c */
/* Memory for a session (NULL: none), which the client of an open brings along, so that a server's reply
 * cannot fail for want of it; attach makes it one (channel's lock held), discard gives it back. */
struct session *session_alloc(void);
void session_attach(struct session *s, struct channel *ch, uint64_t cookie, uint32_t mode, bool silent);
void session_discard(struct session *s);
uint64_t sessions_live(void);
void session_free_note(struct session *s);              /* the server has heard of its end */
int session_lock_offset(struct session *s);             /* 0, -EINTR */
void session_unlock_offset(struct session *s);
void session_set_ready(struct channel *ch, uint64_t cookie, uint32_t bits);
int64_t session_cookies(struct channel *ch, struct space *space, user_addr to, uint64_t n);

/* call.c: the client's side. Status of the reply, or -EIO, -EDEADLK, -EINTR, -ENOMEM. Blocks. */
int64_t request_call(struct request *r);
void request_init(struct request *r, struct session *s, uint64_t op, uint64_t arg0, uint64_t arg1);
void request_grant_user(struct request *r, user_addr buffer, uint64_t n, int direction);
void request_grant_kernel(struct request *r, void *buffer, uint64_t n, int direction);

/* The server runs at least at the best level of those who wait for it. Lock held. */
void request_inherit(struct channel *ch);
/* A request has left the queue; one in service is put back at its front, as a retry. Lock held. */
void request_dequeued(struct channel *ch, struct request *r);
void request_requeue(struct channel *ch, struct request *r);

/* serve.c: the server's side; the system calls put messages into the trap frame. */
int channel_serve(struct channel *ch, uint64_t buffer, uint64_t bytes);
int channel_receive(struct channel *ch, struct trap_frame *frame);
int64_t channel_reply(struct channel *ch, const struct reply *reply);
int64_t channel_reply_receive(struct channel *ch, const struct reply *reply, struct trap_frame *frame);
/* The server has ended, or runs another program: what it had in service waits for the next one, before all
 * that came later, but for a request that has now ended two servers: -EIO. */
void serve_end(struct proc *server);

/* kept.c: sessions that a server leaves to its successor. For the server alone: -EPERM. */
int channel_keep(struct channel *ch, uint64_t key, struct object *o); /* o NULL: no more; -ENOENT, -ENOMEM */
/* The one with the lowest key from `from` up, with a reference, or NULL: -ENOENT. */
struct object *channel_kept(struct channel *ch, uint64_t from, uint64_t *key, int *error);
void kept_release(struct channel *ch); /* the channel is closed: no lock needed, none held */
uint64_t kept_live(void);

void path_text_put(struct path_text *path);             /* path.c */

/* grant.c */
int64_t grant_copy(struct channel *ch, uint64_t token, uint64_t offset, user_addr buffer, uint64_t n, bool to_client);

#endif

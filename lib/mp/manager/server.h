/*
 * What the files of a manager's server share. It is one process with one thread, so its state is static. It never waits
 * but for the next message: who wants a lock that is held is put aside with his token.
 */
#ifndef MP_MANAGER_SERVER_H
#define MP_MANAGER_SERVER_H

#include "protocol.h"

#include <common/heap.h>
#include <common/list.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the process that starts the server tells it: where to send an int, 0 or an errno, and with 0 the door. */
struct server_start {
    int sender;
    size_t max_bytes;
};
int server_main(void *start); /* a struct server_start; does not return */

extern int server_channel;
/* REQUEST_MAX and ANSWER_MAX bytes. Made when the server starts: else each process that can start one would have them. */
extern char *server_request, *server_answer;

/* ---- memory for what clients keep here (server_memory.c) ---- */

void server_memory_limit(size_t max_bytes);
void *server_alloc(size_t bytes); /* zeroed; NULL: the limit, or none is left */
void server_free(void *p);        /* NULL is nothing */
uint64_t server_memory_used(void);
uint64_t server_memory_max(void);

/* ---- bytes that a client gave (server_bytes.c); `data` is a call's payload, or begins where that does ---- */

struct item {
    uint64_t bytes;
    _Alignas(8) char data[]; /* then zeroes to the end of the word */
};
struct item *item_new(const void *data, size_t bytes); /* `data` may be anywhere, or NULL: zeroes. NULL: no memory */
bool item_is(const struct item *item, const void *data, size_t bytes);
void server_hash_init(void);
uint64_t server_hash(const void *data, size_t bytes);

/* ---- numbers that name something (server_table.c); one that is used again is another number ---- */

struct table {
    struct table_slot *slot;
    uint32_t slots, free, used;
    uint32_t serial; /* of the next thing */
    bool counted;    /* its slots are of what clients keep here */
};
#define TABLE_EMPTY(is_counted) {.free = UINT32_MAX, .counted = is_counted}
#define TABLE_NUMBER_BITS 62

uint64_t table_add(struct table *t, void *what); /* 0: no memory */
void *table_find(const struct table *t, uint64_t number); /* NULL: it names nothing (any more) */
void table_remove(struct table *t, uint64_t number);

/* ---- who is connected (server_connection.c) ---- */

struct connection {
    uint64_t number;
    bool proved;
    struct manager_nonces nonces; /* until then */
    struct list_node newcomer;    /* until then: in the list of those who have proved nothing */
    struct list held;             /* struct lock */
    struct list waiting;          /* struct waiter */
};

void connections_init(const void *authkey);
/* The numbers of nonces go out by `hello`. *made: a new connection. 0, or an errno. */
int connection_hello(const uint8_t client_nonce[NONCE_BYTES], int pid, struct manager_hello *hello,
                     struct connection **made);
int connection_prove(struct connection *c, const uint8_t proof[SHA256_BYTES]);
struct connection *connection_find(uint64_t number); /* NULL: gone, or forgotten because it proved nothing */
void connection_end(struct connection *c);
uint64_t connections_proved(void);
uint64_t server_instance(void); /* a number of chance that this server goes by */

/* ---- objects ---- */

struct object {
    const struct kind *kind;
    uint64_t number;
    uint64_t references; /* sessions on it */
};

struct call {
    /* what was asked */
    struct connection *connection;
    uint64_t token;
    int op;
    int64_t a, b;
    const char *payload; /* on a word's boundary, and readable to the end of its last word */
    size_t bytes; /* of the payload */
    size_t room;  /* for the answer */
    /* the answer, besides the result */
    const void *data;
    size_t length;
    bool later; /* there is none now: the token was put aside */
};

/* Lets the answer be these bytes, which stay where they are until it is sent: how many, or -EMSGSIZE. */
int64_t call_give(struct call *call, const void *data, size_t bytes);
/* The same, but it has them when this returns: for what is to be taken away, when there is no error. */
int64_t call_give_now(struct call *call, const void *data, size_t bytes);

/* What one kind of object is. Its functions give a result for the client, and change nothing if it is an errno. */
struct kind {
    size_t bytes; /* of the struct that begins with a struct object */
    int first_op, end_op;
    int64_t (*init)(struct object *object, struct call *call); /* from zeroes */
    int64_t (*operate)(struct object *object, struct call *call);
    void (*destroy)(struct object *object); /* frees what it has, but not itself */
    uint32_t (*size)(const struct object *object); /* for struct manager_identity; may be NULL */
};
extern const struct kind kind_dict, kind_list, kind_value, kind_lock;

/* ---- locks (server_lock.c) ---- */

void locks_release(struct connection *c);                /* it ends */
void lock_forget_waiter(struct connection *c, uint64_t token); /* its client has died */
void locks_time(void);                                   /* the timer has come: it may be late, or for nothing */
uint64_t locks_waiting(void);
#define NOTIFY_TIMER 1 /* bit of the channel's timer */

#endif

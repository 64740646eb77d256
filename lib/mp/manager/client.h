/*
 * What the client's files share: one call on an object, and making and opening proxies.
 */
#ifndef MP_MANAGER_CLIENT_H
#define MP_MANAGER_CLIENT_H

#include "protocol.h"

#include <mp/process.h>
#include <stdbool.h>

/* Who fills it in: start.c. Who changes `connected`: call.c. */
struct mp_manager {
    int door;
    _Atomic uint64_t connected;  /* pid of the process whose connection it is << 32 | handle; 0: none */
    uint64_t instance;           /* which manager it is, said by the server when it had proved itself */
    struct mp_process *process;  /* the server, or NULL: somebody else has started it */
    int starter;                 /* pid */
    bool has_key;                /* false: the key is the process's */
    unsigned char authkey[MP_AUTHKEY_BYTES];
};

/* What a call takes along, one part behind the other, and where its answer goes. Any may be NULL with 0. */
struct parts {
    const void *first;
    size_t first_bytes;
    const void *second;
    size_t second_bytes;
    void *answer; /* changed when the call succeeds: as many bytes of it as the result says, or... */
    size_t room;
    bool whole;   /* ...all of the room, as the result says something else */
};

/* The handle of the calling process's connection, which is made if there is none. */
int manager_connection(struct mp_manager *m);

/* A call on a connection, and one for an object. The result is the server's, or an error of <mp/manager.h>. */
int64_t manager_call(struct mp_manager *m, int op, struct manager_request request, const struct parts *parts);
int64_t proxy_call(const struct mp_proxy *proxy, int op, int64_t a, int64_t b, const struct parts *parts);

/* A new object of this kind; and a proxy for the one behind a reference. */
int proxy_new(struct mp_manager *m, enum manager_kind kind, int64_t b, const struct parts *parts,
              struct mp_proxy *proxy);
int proxy_open(struct mp_manager *m, int reference, enum manager_kind kind, struct mp_proxy *proxy,
               struct manager_identity *identity);
void proxy_close(struct mp_proxy *proxy);

#endif

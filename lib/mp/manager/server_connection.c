/*
 * The server's side of connections: a challenge when one is made, and its end.
 */
#include "server.h"

#include <errno.h>
#include <mp/process.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* So many may have proved nothing yet: all who can be connected, coming at once; and of one process, for its threads.
 * Then the oldest is forgotten, so that they keep nobody else out; one who means ill forgets himself. */
#define NEWCOMERS_MAX MP_MANAGER_CONNECTIONS
#define NEWCOMERS_EACH 16

static struct table connections = TABLE_EMPTY(false);
static struct list newcomers;
static unsigned newcomer_count;
static uint64_t proved_count, instance;
static unsigned char authkey[MP_AUTHKEY_BYTES];

void connections_init(const void *key)
{
    list_init(&newcomers);
    memcpy(authkey, key, sizeof authkey);
    getrandom(&instance, sizeof instance, 0);
}

static void no_newcomer(struct connection *c)
{
    list_remove(&c->newcomer);
    newcomer_count--;
}

/* Makes room for one more of this process. */
static void forget_oldest(uint64_t pid)
{
    struct list_node *node;
    struct connection *oldest = NULL;
    unsigned n = 0;
    list_for_each(node, &newcomers) {
        struct connection *c = list_entry(node, struct connection, newcomer);
        if (c->nonces.pid == pid && n++ == 0)
            oldest = c;
    }
    if (n >= NEWCOMERS_EACH)
        connection_end(oldest);
    else if (newcomer_count >= NEWCOMERS_MAX)
        connection_end(list_entry(list_first(&newcomers), struct connection, newcomer));
}

int connection_hello(const uint8_t client_nonce[NONCE_BYTES], int pid, struct manager_hello *hello,
                     struct connection **made)
{
    if (proved_count >= MP_MANAGER_CONNECTIONS)
        return -EAGAIN;
    forget_oldest((uint64_t)pid);
    struct connection *c = calloc(1, sizeof *c);
    if (!c || !(c->number = table_add(&connections, c))) {
        free(c);
        return -ENOMEM;
    }
    list_init(&c->held);
    list_init(&c->waiting);
    list_push_back(&newcomers, &c->newcomer);
    newcomer_count++;
    memcpy(c->nonces.client, client_nonce, NONCE_BYTES);
    getrandom(c->nonces.server, NONCE_BYTES, 0);
    c->nonces.instance = instance;
    c->nonces.pid = (uint64_t)pid;
    memcpy(hello->nonce, c->nonces.server, NONCE_BYTES);
    hello->instance = instance;
    manager_proof(authkey, ROLE_SERVER, &c->nonces, hello->proof);
    *made = c;
    return 0;
}

/* One attempt: who fails has to begin anew, with other nonces. */
int connection_prove(struct connection *c, const uint8_t proof[SHA256_BYTES])
{
    uint8_t expected[SHA256_BYTES];
    if (c->proved)
        return -EALREADY;
    if (proved_count >= MP_MANAGER_CONNECTIONS)
        return -EAGAIN;
    manager_proof(authkey, ROLE_CLIENT, &c->nonces, expected);
    if (!secret_equal(expected, proof, sizeof expected)) {
        connection_end(c);
        return -EACCES;
    }
    no_newcomer(c);
    c->proved = true;
    proved_count++;
    return 0;
}

struct connection *connection_find(uint64_t number)
{
    return table_find(&connections, number);
}

void connection_end(struct connection *c)
{
    if (c->proved)
        proved_count--;
    else
        no_newcomer(c);
    locks_release(c);
    table_remove(&connections, c->number);
    free(c);
}

uint64_t connections_proved(void)
{
    return proved_count;
}

uint64_t server_instance(void)
{
    return instance;
}

/*
 * The client's side of all calls: the connection of the calling process, and what goes over it.
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <kinglet/system.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define SMALL 512 /* bytes of a call that need no malloc */
#define ATTEMPTS 100 /* at a handshake: the server forgets who was too slow while others came */

/* The kernel says -EIO when nobody will ever serve the channel again. */
static int64_t result_of(int64_t result)
{
    return result == -EIO ? -ESHUTDOWN : result;
}

/* ---- the connection ---- */

/* Is there no manager behind the door? One gives a connection, or one of these errors. */
static bool is_no_manager(int64_t result)
{
    static const int errors[] = {-ESHUTDOWN, -EAGAIN, -ENOMEM, -EMFILE, -EBADF, -EDEADLK};
    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (result == errors[i])
            return false;
    return result < 0;
}

/* The challenge: gives the handle of a connection that both sides have proved. -ETIMEDOUT: it was forgotten in between. */
static int shake_hands(struct mp_manager *m, uint64_t *instance)
{
    union {
        uint8_t nonce[NONCE_BYTES];
        struct manager_hello hello;
    } buffer;
    struct manager_nonces nonces;
    uint8_t proof[SHA256_BYTES];
    const void *key = m->has_key ? m->authkey : mp_process_authkey(mp_current_process());
    getrandom(nonces.client, sizeof nonces.client, 0);
    memset(&buffer, 0, sizeof buffer);
    memcpy(buffer.nonce, nonces.client, sizeof nonces.client);
    int64_t connection = result_of(call(m->door, MANAGER_HELLO, 0, 0, &buffer, sizeof buffer,
                                        CALL_SEND | CALL_RECEIVE | CALL_CLOFORK));
    if (connection < 0)
        return is_no_manager(connection) ? -EACCES : (int)connection;
    /* Whoever is behind the door may have answered with the number of any handle. Only one that was just made has this
     * flag and no other. */
    if (fcntl((int)connection, F_GETFD) != FD_CLOFORK || fcntl((int)connection, F_SETFD, FD_CLOEXEC | FD_CLOFORK) < 0)
        return -EACCES;
    memcpy(nonces.server, buffer.hello.nonce, sizeof nonces.server);
    nonces.instance = buffer.hello.instance;
    nonces.pid = (uint64_t)self_pid();
    manager_proof(key, ROLE_SERVER, &nonces, proof);
    int64_t result = -EACCES; /* who does not know the key hears nothing from us that is made with it */
    if (secret_equal(proof, buffer.hello.proof, sizeof proof)) {
        manager_proof(key, ROLE_CLIENT, &nonces, proof);
        result = result_of(call((int)connection, MANAGER_PROVE, 0, 0, proof, sizeof proof, CALL_SEND));
    }
    if (result < 0) {
        close((int)connection);
        return result == -EAGAIN ? -ETIMEDOUT : (int)result;
    }
    *instance = nonces.instance;
    return (int)connection;
}

int manager_connection(struct mp_manager *m)
{
    uint64_t known = atomic_load(&m->connected), instance = 0;
    if (known >> 32 == (uint64_t)self_pid())
        return (int)(uint32_t)known;
    /* None, or the parent's, of which we have no copy. */
    int made = -ETIMEDOUT;
    for (int i = 0; i < ATTEMPTS && made == -ETIMEDOUT; i++)
        made = shake_hands(m, &instance);
    if (made < 0)
        return made == -ETIMEDOUT ? -EAGAIN : made;
    m->instance = instance;
    if (atomic_compare_exchange_strong(&m->connected, &known, (uint64_t)self_pid() << 32 | (uint32_t)made))
        return made;
    close(made); /* another thread was faster */
    return (int)(uint32_t)known;
}

int mp_manager_connect(struct mp_manager *manager)
{
    int connection = manager_connection(manager);
    return connection < 0 ? connection : 0;
}

/* ---- calls ---- */

/* All that is not small: the request is put together in a buffer, where the answer goes, too. */
static int64_t call_with_buffer(int connection, int op, const struct manager_request *request,
                                const struct parts *parts, int flags)
{
    size_t sent = sizeof *request + parts->first_bytes + parts->second_bytes;
    size_t room = parts->room < ANSWER_MAX ? parts->room : ANSWER_MAX, bytes = sent > room ? sent : room;
    _Alignas(8) char small[SMALL], *buffer = bytes <= sizeof small ? small : malloc(bytes);
    const uint64_t words[3] = {sent};
    if (!buffer)
        return -ENOMEM;
    memcpy(buffer, request, sizeof *request);
    memcpy(buffer + sizeof *request, parts->first, parts->first_bytes);
    memcpy(buffer + sizeof *request + parts->first_bytes, parts->second, parts->second_bytes);
    int64_t result = call_words(connection, OP_WORD(op, FORM_BUFFER, 0, room), words, buffer, bytes,
                                CALL_SEND | CALL_RECEIVE | flags);
    size_t answer = result < 0 ? 0 : parts->whole ? room : (size_t)result;
    if (parts->answer)
        memcpy(parts->answer, buffer, answer < room ? answer : room);
    if (buffer != small)
        free(buffer);
    return result;
}

int64_t manager_call(struct mp_manager *m, int op, struct manager_request request, const struct parts *parts)
{
    static const struct parts none;
    if (!parts)
        parts = &none;
    int connection = manager_connection(m), flags = op == MANAGER_NEW ? 0 : CALL_PLAIN;
    if (connection < 0)
        return connection;
    size_t payload = parts->first_bytes + parts->second_bytes;
    size_t room = parts->room < ANSWER_MAX ? parts->room : ANSWER_MAX;
    enum manager_form form = FORM_NUMBERS;
    uint64_t words[3] = {request.number, (uint64_t)request.a, (uint64_t)request.b};
    if (payload) {
        if (payload > WORDS_BYTES || request.a || request.b)
            return result_of(call_with_buffer(connection, op, &request, parts, flags));
        memcpy(&words[1], parts->first, parts->first_bytes);
        if (parts->second_bytes)
            memcpy((char *)&words[1] + parts->first_bytes, parts->second, parts->second_bytes);
        form = FORM_PAYLOAD;
    }
    return result_of(call_words(connection, OP_WORD(op, form, payload, room), words, parts->answer, room,
                                CALL_RECEIVE | flags));
}

int64_t proxy_call(const struct mp_proxy *proxy, int op, int64_t a, int64_t b, const struct parts *parts)
{
    if (proxy->reference < 0)
        return -EBADF;
    return manager_call(proxy->manager, op, (struct manager_request){proxy->number, a, b}, parts);
}

/* ---- proxies ---- */

int proxy_new(struct mp_manager *m, enum manager_kind kind, int64_t b, const struct parts *initial,
              struct mp_proxy *proxy)
{
    uint64_t number = 0;
    struct parts parts = {0};
    if (initial)
        parts = *initial;
    parts.answer = &number;
    parts.room = sizeof number;
    parts.whole = true;
    int64_t reference = manager_call(m, MANAGER_NEW, (struct manager_request){0, kind, b}, &parts);
    if (reference < 0)
        return (int)reference;
    *proxy = (struct mp_proxy){.manager = m, .number = number, .reference = (int)reference};
    return 0;
}

int proxy_open(struct mp_manager *m, int reference, enum manager_kind kind, struct mp_proxy *proxy,
               struct manager_identity *identity)
{
    int connection = manager_connection(m); /* for the instance, which is what a server has proved */
    if (connection < 0)
        return connection;
    memset(identity, 0, sizeof *identity);
    int64_t result = call(reference, MANAGER_WHAT, 0, 0, identity, sizeof *identity, CALL_RECEIVE);
    if (result == -EIO || result == -EBADF || result == -ENOMEM)
        return (int)result_of(result);
    if (result != sizeof *identity || identity->instance != m->instance || identity->kind != kind)
        return -EINVAL;
    *proxy = (struct mp_proxy){.manager = m, .number = identity->number, .reference = reference};
    return 0;
}

void proxy_close(struct mp_proxy *proxy)
{
    if (proxy->reference >= 0)
        close(proxy->reference);
    proxy->reference = -1;
}

/*
 * A manager's server: one loop around one receive. What a session may do is in its cookie: the door, a connection,
 * or a reference on an object, and the number of that. The kernel vouches for cookies; nothing else that comes in is
 * believed.
 */
#include "server.h"

#include <errno.h>
#include <kinglet/system.h>
#include <mp/process.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HANDLES 1024 /* that a process can have */

enum cookie_kind { COOKIE_DOOR = 1, COOKIE_CONNECTION, COOKIE_REFERENCE };
#define COOKIE(kind, number) ((uint64_t)(kind) << TABLE_NUMBER_BITS | (number))
#define COOKIE_KIND(cookie) ((cookie) >> TABLE_NUMBER_BITS)
#define COOKIE_NUMBER(cookie) ((cookie) & ((1ul << TABLE_NUMBER_BITS) - 1))

int server_channel;
char *server_request, *server_answer;

static struct table objects = TABLE_EMPTY(true);
static uint64_t object_count, reference_count;

static const struct kind *const kinds[KINDS] = {
    [KIND_DICT] = &kind_dict, [KIND_LIST] = &kind_list, [KIND_VALUE] = &kind_value, [KIND_LOCK] = &kind_lock};

int64_t call_give(struct call *call, const void *data, size_t bytes)
{
    if (bytes > call->room)
        return -EMSGSIZE;
    call->data = data;
    call->length = bytes;
    return (int64_t)bytes;
}

int64_t call_give_now(struct call *call, const void *data, size_t bytes)
{
    if (bytes > call->room)
        return -EMSGSIZE;
    int64_t error = bytes ? grant_write(server_channel, call->token, 0, data, bytes) : 0;
    return error < 0 ? error : (int64_t)bytes;
}

/* ---- objects ---- */

static int64_t object_new(struct call *call, struct object **made)
{
    if (call->a < 0 || call->a >= KINDS)
        return -EINVAL;
    const struct kind *kind = kinds[call->a];
    struct object *object = server_alloc(kind->bytes);
    int64_t error = object ? kind->init(object, call) : -ENOMEM;
    if (!error) {
        object->kind = kind;
        object->number = table_add(&objects, object);
        if (!object->number) {
            kind->destroy(object);
            error = -ENOMEM;
        }
    }
    if (error) {
        server_free(object);
        return error;
    }
    object_count++;
    *made = object;
    return 0;
}

static void object_free(struct object *object)
{
    object_count--;
    table_remove(&objects, object->number);
    object->kind->destroy(object);
    server_free(object);
}

/* A session is gone for good. */
static void session_closed(uint64_t cookie)
{
    uint64_t number = COOKIE_NUMBER(cookie);
    struct connection *c = COOKIE_KIND(cookie) == COOKIE_CONNECTION ? connection_find(number) : NULL;
    struct object *object = COOKIE_KIND(cookie) == COOKIE_REFERENCE ? table_find(&objects, number) : NULL;
    if (c)
        connection_end(c);
    if (object) {
        reference_count--;
        if (--object->references == 0)
            object_free(object);
    }
}

/* ---- requests ---- */

/* Copies out what goes along with a new session: 0, or an errno. */
static int64_t send_ahead(const struct message *m, const void *data, size_t bytes)
{
    int64_t sent = grant_write(server_channel, m->token, 0, data, bytes);
    return sent < 0 ? sent : 0;
}

static int64_t hello(const struct message *m, struct reply *answer)
{
    uint8_t nonce[NONCE_BYTES];
    struct manager_hello hello;
    struct connection *c;
    int64_t error = grant_read(server_channel, m->token, 0, nonce, sizeof nonce);
    if (error >= 0)
        error = connection_hello(nonce, (int)(uint32_t)m->info, &hello, &c);
    if (error < 0)
        return error;
    error = send_ahead(m, &hello, sizeof hello);
    if (error) {
        connection_end(c);
        return error;
    }
    answer->flags = REPLY_SESSION;
    answer->extra = COOKIE(COOKIE_CONNECTION, c->number);
    return 0;
}

static int64_t prove(const struct message *m, struct connection *c)
{
    uint8_t proof[SHA256_BYTES];
    int64_t got = grant_read(server_channel, m->token, 0, proof, sizeof proof);
    return got < 0 ? got : connection_prove(c, proof);
}

static int64_t what(struct call *call, const struct object *object)
{
    static struct manager_identity identity;
    if (!object)
        return -ESTALE;
    call->room = sizeof identity; /* what else should he have asked for? */
    identity = (struct manager_identity){.instance = server_instance(), .number = object->number};
    while (kinds[identity.kind] != object->kind)
        identity.kind++;
    identity.bytes = object->kind->size ? object->kind->size(object) : 0;
    return call_give(call, &identity, sizeof identity);
}

static int64_t info(struct call *call)
{
    static struct mp_manager_info info;
    info = (struct mp_manager_info){.objects = object_count, .references = reference_count,
                                    .connections = connections_proved(), .waiting = locks_waiting(),
                                    .bytes = server_memory_used(), .max_bytes = server_memory_max()};
    return call_give(call, &info, sizeof info);
}

static int64_t new_object(const struct message *m, struct call *call, struct reply *answer)
{
    struct object *object;
    int64_t error = object_new(call, &object);
    if (error)
        return error;
    error = send_ahead(m, &object->number, sizeof object->number);
    if (error) {
        object_free(object);
        return error;
    }
    object->references = 1;
    reference_count++;
    answer->flags = REPLY_SESSION;
    answer->extra = COOKIE(COOKIE_REFERENCE, object->number);
    return 0;
}

static _Noreturn void shut_down(const struct message *m)
{
    const struct reply answer = {.token = m->token};
    reply(server_channel, &answer);
    _exit(0);
}

/* What is asked for, from words or from the client's buffer: 0, or an errno. */
static int64_t read_request(const struct message *m, struct call *call, uint64_t *number)
{
    char *buffer = server_request;
    const struct manager_request *request = (const struct manager_request *)buffer;
    uint64_t *words = (uint64_t *)buffer;
    *number = m->arg0;
    switch (OP_FORM(m->op)) {
    case FORM_NUMBERS:
        call->a = (int64_t)m->arg1;
        call->b = (int64_t)m->arg2;
        call->payload = buffer; /* of no bytes */
        return 0;
    case FORM_PAYLOAD:
        words[0] = m->arg1;
        words[1] = m->arg2;
        call->payload = buffer;
        call->bytes = OP_BYTES(m->op);
        return call->bytes > WORDS_BYTES ? -EINVAL : 0;
    case FORM_BUFFER:
        if (m->arg0 < sizeof *request || m->arg0 > REQUEST_MAX)
            return -EINVAL;
        int64_t got = grant_read(server_channel, m->token, 0, buffer, m->arg0);
        *number = request->number;
        call->a = request->a;
        call->b = request->b;
        call->payload = buffer + sizeof *request;
        call->bytes = m->arg0 - sizeof *request;
        return got < 0 ? got : 0;
    default:
        return -EINVAL;
    }
}

/* Any operation of a connection that has proved who it is. */
static int64_t operate(const struct message *m, struct call *call, struct reply *answer)
{
    uint64_t number;
    int64_t error = read_request(m, call, &number);
    if (error)
        return error;
    struct object *object = table_find(&objects, number);
    if (object && call->op >= object->kind->first_op && call->op < object->kind->end_op)
        return object->kind->operate(object, call);
    switch (call->op) {
    case MANAGER_INFO:
        return info(call);
    case MANAGER_NEW:
        return new_object(m, call, answer);
    case MANAGER_SHUTDOWN:
        shut_down(m);
    default:
        return object ? -EINVAL : -ESTALE;
    }
}

/* The result for the client, unless call->later. */
static int64_t serve(const struct message *m, struct call *call, struct reply *answer)
{
    uint64_t number = COOKIE_NUMBER(m->cookie);
    struct connection *c;
    if (call->op < MSG_PRIVATE || call->op >= MANAGER_OP_END)
        return -EINVAL;
    switch (COOKIE_KIND(m->cookie)) {
    case COOKIE_DOOR:
        return call->op == MANAGER_HELLO ? hello(m, answer) : -EACCES;
    case COOKIE_REFERENCE:
        return call->op == MANAGER_WHAT ? what(call, table_find(&objects, number)) : -EACCES;
    default:
        c = connection_find(number);
        if (call->op == MANAGER_PROVE)
            return c ? prove(m, c) : -EAGAIN;
        if (!c || !c->proved)
            return -EACCES;
        call->connection = c;
        return operate(m, call, answer);
    }
}

static void request(const struct message *m, struct reply *answer)
{
    struct call call = {.token = m->token, .op = OP_OF(m->op), .room = OP_ROOM(m->op)};
    if (m->info >> 32 & MSGF_HANDLE)
        close((int)m->arg1); /* nobody was asked to send any */
    answer->status = serve(m, &call, answer);
    if (call.later)
        return;
    answer->token = m->token;
    if (call.data) {
        answer->flags |= REPLY_DATA;
        answer->data = call.data;
        answer->length = call.length;
    }
}

static _Noreturn void loop(void)
{
    struct reply answer = {.token = 0};
    struct message m;
    for (;;) {
        reply_receive(server_channel, &answer, &m);
        if (m.op < 0 && answer.token == 0)
            _exit(1); /* receiving does not work */
        if (m.op < 0) { /* the client has no room for what it said it has: it hears that instead */
            if (answer.flags & REPLY_SESSION)
                session_closed(answer.extra);
            answer = (struct reply){.token = answer.token, .status = m.op};
            continue;
        }
        answer = (struct reply){.token = 0};
        if (m.op == MSG_CLOSE)
            session_closed(m.cookie);
        else if (m.op == MSG_NOTIFY)
            locks_time();
        else if (m.op == MSG_CANCEL && COOKIE_KIND(m.cookie) == COOKIE_CONNECTION &&
                 connection_find(COOKIE_NUMBER(m.cookie)))
            lock_forget_waiter(connection_find(COOKIE_NUMBER(m.cookie)), m.token);
        else if (m.op >= MSG_OPEN)
            request(&m, &answer);
    }
}

/* What the process was forked with is others': pipes, for one, whose end nobody would see as long as it lives. */
static void close_all_but(int one, int other)
{
    for (int n = 0; n < HANDLES; n++)
        if (n != one && n != other)
            close(n);
}

int server_main(void *start)
{
    const struct server_start *args = start;
    int sender = args->sender, door = -1;
    close_all_but(sender, STDERR_FILENO);
    server_memory_limit(args->max_bytes);
    server_hash_init();
    connections_init(mp_process_authkey(mp_current_process()));
    /* The highest rank: it calls nobody, so everybody may call it. No paths, so no buffer for them. */
    server_channel = channel_create(RANK_MAX);
    server_request = malloc(REQUEST_MAX);
    server_answer = malloc(ANSWER_MAX);
    int error = !server_request || !server_answer ? -ENOMEM : server_channel;
    if (error >= 0)
        error = channel_serve(server_channel, NULL, 0);
    if (!error) {
        door = channel_connect(server_channel, COOKIE(COOKIE_DOOR, 0), 0);
        error = door < 0 ? door : 0;
    }
    message_send(sender, &error, sizeof error, &door, error ? 0 : 1, -1);
    if (error)
        _exit(1);
    close(sender);
    close(door);
    loop();
}

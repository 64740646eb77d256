/*
 * Clients of lib/mp's Manager that mean ill: they do not know the key, repeat what they have heard, and send what no
 * client of the library would. The manager refuses them, and serves the others.
 */
#include "manager_tools.h"

#include "../../lib/mp/manager/protocol.h"
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

static struct mp_dict dict;
static struct mp_manager_lock lock;
static struct mp_list list;
static char area[REQUEST_MAX + 4096];

static void begin_all(void)
{
    begin();
    CHECK_EQUAL(mp_dict_new(manager, &dict), 0);
    CHECK_EQUAL(mp_list_new(manager, &list), 0);
    CHECK_EQUAL(mp_manager_lock_new(manager, &lock), 0);
    CHECK_EQUAL(mp_dict_set(&dict, "word", 4, "hello", 5), 0);
}

/* The manager serves honest processes still, and then gives all back. */
static int is_served(void *unused)
{
    char word[8];
    CHECK_EQUAL(mp_dict_get(&dict, "word", 4, word, sizeof word), 5);
    return 0;
}

static void end_all(void)
{
    in_process(is_served, 0);
    mp_dict_close(&dict);
    mp_list_close(&list);
    mp_manager_lock_close(&lock);
    finish();
}

/* ---- the challenge ---- */

static const void *the_key(void)
{
    return mp_process_authkey(mp_current_process());
}

/* The first half of it, as a client with this nonce; gives the connection, and what the server said. */
static int hello(int door, const uint8_t nonce[NONCE_BYTES], struct manager_hello *answer)
{
    memset(answer, 0, sizeof *answer);
    memcpy(answer, nonce, NONCE_BYTES);
    int64_t connection = call(door, MANAGER_HELLO, 0, 0, answer, sizeof *answer, CALL_SEND | CALL_RECEIVE);
    CHECK(connection >= 0);
    return (int)connection;
}

static int64_t prove(int connection, uint8_t proof[SHA256_BYTES])
{
    return call(connection, MANAGER_PROVE, 0, 0, proof, SHA256_BYTES, CALL_SEND);
}

static struct manager_nonces nonces_of(const uint8_t nonce[NONCE_BYTES], const struct manager_hello *answer)
{
    struct manager_nonces nonces = {.instance = answer->instance, .pid = (uint64_t)getpid()};
    memcpy(nonces.client, nonce, NONCE_BYTES);
    memcpy(nonces.server, answer->nonce, NONCE_BYTES);
    return nonces;
}

/* A connection that is proved, made by hand. */
static int honest_connection(void)
{
    uint8_t nonce[NONCE_BYTES], proof[SHA256_BYTES];
    struct manager_hello answer;
    getrandom(nonce, sizeof nonce, 0);
    int connection = hello(mp_manager_door(manager), nonce, &answer);
    struct manager_nonces nonces = nonces_of(nonce, &answer);
    manager_proof(the_key(), ROLE_SERVER, &nonces, proof);
    CHECK(memcmp(proof, answer.proof, sizeof proof) == 0);
    manager_proof(the_key(), ROLE_CLIENT, &nonces, proof);
    CHECK_EQUAL(prove(connection, proof), 0);
    CHECK_EQUAL(prove(connection, proof), -EALREADY);
    return connection;
}

static int64_t dict_size_on(int session)
{
    const uint64_t words[3] = {dict.proxy.number};
    return call_words(session, OP_WORD(DICT_SIZE, FORM_NUMBERS, 0, 0), words, NULL, 0, 0);
}

static void without_a_proof_nothing_is_allowed(void)
{
    uint8_t nonce[NONCE_BYTES] = {1}, proof[SHA256_BYTES] = {0};
    struct manager_hello answer;
    begin_all();
    int connection = hello(mp_manager_door(manager), nonce, &answer);
    const int sessions[] = {mp_manager_door(manager), dict.proxy.reference, connection};
    for (int op = MANAGER_HELLO; op < MANAGER_OP_END + 3; op++)
        for (int i = 0; i < 3; i++) {
            const uint64_t words[3] = {dict.proxy.number};
            bool meant_for_it = (op == MANAGER_HELLO && i == 0) || (op == MANAGER_WHAT && i == 1) ||
                                (op == MANAGER_PROVE && i == 2);
            if (!meant_for_it)
                CHECK_EQUAL(call_words(sessions[i], OP_WORD(op, FORM_NUMBERS, 0, 0), words, area, sizeof area,
                                       CALL_SEND | CALL_RECEIVE), op >= MANAGER_OP_END ? -EINVAL : -EACCES);
        }
    CHECK_EQUAL(prove(connection, proof), -EACCES);
    CHECK_EQUAL(prove(connection, proof), -EAGAIN); /* one attempt */
    CHECK_EQUAL(dict_size_on(connection), -EACCES);
    close(connection);
    connection = honest_connection();
    CHECK_EQUAL(dict_size_on(connection), 1);
    close(connection);
    end_all();
}

static void proofs_cannot_be_repeated_or_sent_back(void)
{
    uint8_t nonce[NONCE_BYTES] = {7}, proof[SHA256_BYTES];
    struct manager_hello first, second;
    begin_all();
    int door = mp_manager_door(manager), connection = hello(door, nonce, &first);
    struct manager_nonces nonces = nonces_of(nonce, &first);
    manager_proof(the_key(), ROLE_CLIENT, &nonces, proof);
    CHECK_EQUAL(prove(connection, proof), 0);
    close(connection);
    /* The same again, as somebody who has listened: the server has another nonce now. */
    connection = hello(door, nonce, &second);
    CHECK(memcmp(first.nonce, second.nonce, NONCE_BYTES) != 0);
    CHECK(memcmp(first.proof, second.proof, SHA256_BYTES) != 0);
    CHECK_EQUAL(prove(connection, proof), -EACCES);
    close(connection);
    /* The server's own proof, for this very connection; and for one that is asked for with its nonce. */
    connection = hello(door, nonce, &first);
    CHECK_EQUAL(prove(connection, first.proof), -EACCES);
    close(connection);
    connection = hello(door, nonce, &first);
    int other = hello(door, first.nonce, &second);
    CHECK_EQUAL(prove(connection, second.proof), -EACCES);
    close(connection);
    close(other);
    end_all();
}

/* One in the middle, without the key, hands to and fro what an honest process and the server say: neither is taken in, since
 * what they prove is meant for the process that the server hears. */
static void proofs_cannot_be_handed_on(void)
{
    uint8_t nonce[NONCE_BYTES] = {9}, proof[SHA256_BYTES];
    struct manager_hello answer;
    begin_all();
    int connection = hello(mp_manager_door(manager), nonce, &answer);
    struct manager_nonces nonces = nonces_of(nonce, &answer);
    nonces.pid = (uint64_t)getppid(); /* the honest one is another process */
    manager_proof(the_key(), ROLE_SERVER, &nonces, proof);
    CHECK(memcmp(proof, answer.proof, sizeof proof) != 0);
    manager_proof(the_key(), ROLE_CLIENT, &nonces, proof);
    CHECK_EQUAL(prove(connection, proof), -EACCES);
    close(connection);
    end_all();
}

/* A server that does not know the key, and gives whatever proof it has: that of random bytes, or the client's nonce. */
static int is_no_manager(void *ends)
{
    static struct manager_hello answer;
    struct message m;
    int channel = channel_create(RANK_MAX), door = channel_connect(channel, 1, 0);
    channel_serve(channel, NULL, 0);
    CHECK_EQUAL(message_send(((int *)ends)[1], NULL, 0, &door, 1, -1), 0);
    for (int i = 0; i < 2; i++) {
        receive(channel, &m);
        CHECK_EQUAL(m.op, MANAGER_HELLO);
        CHECK_EQUAL(grant_read(channel, m.token, 0, i ? (void *)answer.proof : answer.nonce, NONCE_BYTES), NONCE_BYTES);
        CHECK_EQUAL(grant_write(channel, m.token, 0, &answer, sizeof answer), sizeof answer);
        const struct reply session = {.token = m.token, .flags = REPLY_SESSION, .extra = 2};
        CHECK_EQUAL(reply(channel, &session), 0);
        receive(channel, &m);
        CHECK_EQUAL(m.op, MSG_CLOSE); /* it hears nothing that is made with the key */
    }
    receive(channel, &m);
    const struct reply nothing = {.token = m.token, .status = 5}; /* no session at all */
    CHECK_EQUAL(reply(channel, &nothing), 0);
    return 0;
}

static void a_server_without_the_key_is_refused(void)
{
    int ends[2], door;
    struct mp_manager *m;
    CHECK_EQUAL(message_pipe(ends, 0, 0, 0), 0);
    struct mp_process *p = started(is_no_manager, (long)ends);
    CHECK_EQUAL(message_receive(ends[0], NULL, 0, &door, 1, -1), 0);
    CHECK_EQUAL(mp_manager_open(&m, door, NULL), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(mp_manager_connect(m), -EACCES);
    CHECK_EQUAL(code_of(p), 0);
    CHECK_EQUAL(mp_manager_connect(m), -ESHUTDOWN);
    CHECK_EQUAL(mp_manager_close(m), 0);
}

/* ---- nonsense from one who has the key ---- */

static void wrong_numbers_and_sizes_are_refused(void)
{
    begin_all();
    int c = honest_connection();
    struct manager_request *request = (struct manager_request *)area;
    const uint64_t number = dict.proxy.number;
#define SENDS(word, a0, a1, a2, bytes, flags) \
    call_words(c, word, (const uint64_t[3]){(uint64_t)(a0), (uint64_t)(a1), (uint64_t)(a2)}, area, bytes, flags)
    /* Numbers that name nothing, or another kind. */
    static const uint64_t no_number[] = {0, 7, 100, UINT32_MAX, 1ul << 32 | 1, 1ul << 62, UINT64_MAX};
    for (unsigned i = 0; i < sizeof no_number / sizeof no_number[0]; i++)
        CHECK_EQUAL(SENDS(OP_WORD(DICT_SIZE, FORM_NUMBERS, 0, 0), no_number[i], 0, 0, 0, 0), -ESTALE);
    CHECK_EQUAL(SENDS(OP_WORD(LIST_SIZE, FORM_NUMBERS, 0, 0), number, 0, 0, 0, 0), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(LOCK_ACQUIRE, FORM_NUMBERS, 0, 0), number, 0, 0, 0, 0), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(MANAGER_OP_END, FORM_NUMBERS, 0, 0), number, 0, 0, 0, 0), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(MANAGER_HELLO, FORM_NUMBERS, 0, 0), number, 0, 0, 0, 0), -EINVAL);
    /* Forms and lengths. */
    CHECK_EQUAL(SENDS(OP_WORD(DICT_SIZE, 3, 0, 0), number, 0, 0, 0, 0), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(DICT_GET, FORM_PAYLOAD, 17, 0), number, 0, 0, 0, 0), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(DICT_GET, FORM_PAYLOAD, 255, 0), number, 0, 0, 0, 0), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(DICT_GET, FORM_BUFFER, 0, 0), 23, 0, 0, sizeof area, CALL_SEND), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(DICT_GET, FORM_BUFFER, 0, 0), REQUEST_MAX + 1, 0, 0, sizeof area, CALL_SEND), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(DICT_GET, FORM_BUFFER, 0, 0), UINT64_MAX, 0, 0, sizeof area, CALL_SEND), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(DICT_GET, FORM_BUFFER, 0, 0), 100, 0, 0, 50, CALL_SEND), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(DICT_GET, FORM_BUFFER, 0, 0), 100, 0, 0, 100, CALL_RECEIVE), -EACCES);
    /* It says that it has room for the answer, and has not. */
    uint64_t key = 0;
    memcpy(&key, "word", 4);
    CHECK_EQUAL(SENDS(OP_WORD(DICT_GET, FORM_PAYLOAD, 4, INT32_MAX), number, key, 0, 4, CALL_RECEIVE), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(DICT_GET, FORM_PAYLOAD, 4, 5), number, key, 0, 5, CALL_SEND), -EACCES);
    CHECK_EQUAL(SENDS(OP_WORD(DICT_GET, FORM_PAYLOAD, 4, 5), number, key, 0, 5, CALL_RECEIVE), 5);
    CHECK(memcmp(area, "hello", 5) == 0);
    const uint64_t words[3] = {number, key, 0};
    CHECK_EQUAL(call_words(c, OP_WORD(DICT_GET, FORM_PAYLOAD, 4, 5), words, (void *)8, 5, CALL_RECEIVE), -EFAULT);
    /* Lengths in the request itself. */
    static const int64_t lengths[] = {-1, 11, MP_KEY_MAX + 1, INT64_MAX, INT64_MIN};
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        *request = (struct manager_request){number, lengths[i], 0};
        CHECK_EQUAL(SENDS(OP_WORD(DICT_SET, FORM_BUFFER, 0, 0), sizeof *request + 10, 0, 0, sizeof area, CALL_SEND),
                    -EINVAL);
        request->number = list.proxy.number;
        CHECK_EQUAL(SENDS(OP_WORD(LIST_EXTEND, FORM_BUFFER, 0, 0), sizeof *request + 10, 0, 0, sizeof area, CALL_SEND),
                    -EINVAL);
    }
    *request = (struct manager_request){number, MP_KEY_MAX + 1, 0};
    CHECK_EQUAL(SENDS(OP_WORD(DICT_SET, FORM_BUFFER, 0, 0), sizeof *request + 2000, 0, 0, sizeof area, CALL_SEND),
                -EMSGSIZE);
    *request = (struct manager_request){number, 2, 0};
    CHECK_EQUAL(SENDS(OP_WORD(DICT_SET, FORM_BUFFER, 0, 0), sizeof *request + 3 + MP_ITEM_MAX, 0, 0, sizeof area,
                      CALL_SEND), -EMSGSIZE);
    /* New objects: kinds, flags, sizes; and the number cannot be written. */
#define NEW(kind, b, bytes, flags) SENDS(OP_WORD(MANAGER_NEW, FORM_NUMBERS, 0, 8), 0, kind, b, bytes, flags)
    CHECK_EQUAL(NEW(KINDS, 0, 8, CALL_RECEIVE), -EINVAL);
    CHECK_EQUAL(NEW(-1, 0, 8, CALL_RECEIVE), -EINVAL);
    CHECK_EQUAL(NEW(KIND_LOCK, 2, 8, CALL_RECEIVE), -EINVAL);
    CHECK_EQUAL(NEW(KIND_VALUE, MP_ITEM_MAX + 1, 8, CALL_RECEIVE), -EMSGSIZE);
    CHECK_EQUAL(NEW(KIND_VALUE, -1, 8, CALL_RECEIVE), -EMSGSIZE);
    CHECK_EQUAL(NEW(KIND_DICT, 0, 7, CALL_RECEIVE), -EINVAL);
    CHECK_EQUAL(NEW(KIND_DICT, 0, 8, CALL_SEND), -EACCES);
    CHECK_EQUAL(NEW(KIND_DICT, 0, 8, CALL_RECEIVE | CALL_PLAIN), -EINVAL); /* it wants no session: there is none */
    CHECK_EQUAL(mp_manager_objects(manager), 3);
    /* Time limits. */
    CHECK_EQUAL(SENDS(OP_WORD(LOCK_ACQUIRE, FORM_NUMBERS, 0, 0), lock.proxy.number, INT64_MAX, 0, 0, 0), -EINVAL);
    CHECK_EQUAL(SENDS(OP_WORD(LOCK_ACQUIRE, FORM_NUMBERS, 0, 0), lock.proxy.number, INT64_MIN, 0, 0, 0), 0);
    close(c);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), -EOWNERDEAD);
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    end_all();
}

static void its_sessions_are_no_files(void)
{
    struct stat st;
    char c = 'x';
    begin_all();
    int connection = honest_connection();
    const int sessions[] = {mp_manager_door(manager), dict.proxy.reference, connection};
    for (int i = 0; i < 3; i++) {
        CHECK_ERRNO(read(sessions[i], &c, 1), EBADF);
        CHECK_ERRNO(write(sessions[i], &c, 1), EBADF);
        CHECK_ERRNO(fstat(sessions[i], &st), EINVAL);
        CHECK_ERRNO(fsync(sessions[i]), EINVAL);
        CHECK(getdents(sessions[i], area, 512) < 0);
        CHECK_ERRNO(ftruncate(sessions[i], 5), EBADF);
        CHECK(call(sessions[i], MSG_TTY_MODE, 0, 0, NULL, 0, 0) == -EINVAL);
        int pid = fork(); /* as a root, paths would go there */
        if (pid == 0) {
            int result = set_root(dup(sessions[i]));
            CHECK(result < 0 || open("/README", O_RDONLY) < 0);
            _exit(0);
        }
        CHECK_EQUAL(ending_of(pid), 0);
    }
    close(connection);
    end_all();
}

static void handles_that_nobody_asked_for_are_closed(void)
{
    int ends[2];
    char c;
    begin_all();
    int connection = honest_connection();
    const int sessions[] = {mp_manager_door(manager), dict.proxy.reference, connection};
    CHECK_EQUAL(pipe(ends), 0);
    for (int i = 0; i < 3000; i++)
        call(sessions[i % 3], MSG_PRIVATE + i % 50, 0, (uint64_t)ends[1], NULL, 0, CALL_HANDLE | CALL_PLAIN);
    close(ends[1]);
    CHECK_EQUAL(read(ends[0], &c, 1), 0); /* the last copy is gone */
    close(connection);
    end_all();
}

/* ---- many ---- */

#define FLOOD 300 /* more than a process may have; two such processes have more than there may be */

/* And keeps them, until it is killed. */
_Noreturn static int says_hello_often(void *unused)
{
    uint8_t nonce[NONCE_BYTES] = {5};
    struct manager_hello answer;
    for (int i = 0; i < FLOOD; i++)
        hello(mp_manager_door(manager), nonce, &answer);
    for (;;)
        sleep_ns(1000 * MS);
}

static void others_who_prove_nothing_forget_themselves(void)
{
    uint8_t nonce[NONCE_BYTES] = {3}, proof[SHA256_BYTES];
    struct manager_hello answer;
    struct mp_process *p[4];
    begin_all();
    int first = hello(mp_manager_door(manager), nonce, &answer);
    struct manager_nonces nonces = nonces_of(nonce, &answer);
    manager_proof(the_key(), ROLE_CLIENT, &nonces, proof);
    for (int i = 0; i < 4; i++) {
        p[i] = started(says_hello_often, 0);
        wait_until_blocked(mp_process_pid(p[i]), "sleep");
    }
    CHECK_EQUAL(prove(first, proof), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(mp_process_kill(p[i]), 0);
        CHECK_EQUAL(code_of(p[i]), -SIGKILL);
    }
    close(first);
    end_all();
}

#define HERD 200

static _Atomic int *came; /* shared */

/* Proves who it is when all are half-way. */
static int connects_with_the_others(void *unused)
{
    uint8_t nonce[NONCE_BYTES] = {4}, proof[SHA256_BYTES];
    struct manager_hello answer;
    int connection = hello(mp_manager_door(manager), nonce, &answer);
    struct manager_nonces nonces = nonces_of(nonce, &answer);
    manager_proof(the_key(), ROLE_CLIENT, &nonces, proof);
    ++*came;
    while (*came < HERD)
        sleep_ns(MS);
    return -(int)prove(connection, proof);
}

static void many_who_come_at_once_all_get_in(void)
{
    struct mp_process *p[HERD];
    came = share(sizeof *came);
    begin_all();
    for (int i = 0; i < HERD; i++)
        p[i] = started(connects_with_the_others, 0);
    for (int i = 0; i < HERD; i++)
        CHECK_EQUAL(code_of(p[i]), 0);
    wait_for_connections(1);
    end_all();
}

#define THREADS 40

static void *connects_in_a_thread(void *unused)
{
    return (void *)(long)mp_manager_connect(manager);
}

/* All of one process, and more than it may have half-way: who was forgotten tries again. */
static int connects_in_threads(void *unused)
{
    int tid[THREADS];
    for (int i = 0; i < THREADS; i++)
        tid[i] = start_thread(connects_in_a_thread, 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(end_of_thread(tid[i]), 0);
    return 0;
}

static void many_threads_that_come_at_once_all_get_in(void)
{
    begin_all();
    for (int i = 0; i < 10; i++)
        in_process(connects_in_threads, 0);
    wait_for_connections(1);
    end_all();
}

static void who_proves_nothing_keeps_nobody_out(void)
{
    uint8_t nonce[NONCE_BYTES] = {3}, proof[SHA256_BYTES];
    struct manager_hello answer;
    int connections[300];
    begin_all();
    int door = mp_manager_door(manager), first = hello(door, nonce, &answer);
    struct manager_nonces nonces = nonces_of(nonce, &answer);
    manager_proof(the_key(), ROLE_CLIENT, &nonces, proof);
    for (int i = 0; i < 300; i++)
        connections[i] = hello(door, nonce, &answer);
    in_process(is_served, 0);
    CHECK_EQUAL(prove(first, proof), -EAGAIN); /* it was too slow, and may begin anew */
    for (int i = 0; i < 300; i++)
        close(connections[i]);
    close(first);
    end_all();
}

#define MANY 600 /* connections of each of two processes: more than there may be */

/* Then it holds them until it is killed. */
_Noreturn static int connects_often(void *unused)
{
    for (int i = 0; i < MANY; i++) {
        uint8_t nonce[NONCE_BYTES] = {9}, proof[SHA256_BYTES];
        struct manager_hello answer;
        memcpy(&answer, nonce, NONCE_BYTES);
        int64_t c = call(mp_manager_door(manager), MANAGER_HELLO, 0, 0, &answer, sizeof answer,
                         CALL_SEND | CALL_RECEIVE);
        if (c >= 0) {
            struct manager_nonces nonces = nonces_of(nonce, &answer);
            manager_proof(the_key(), ROLE_CLIENT, &nonces, proof);
            c = prove((int)c, proof);
        }
        CHECK(c == 0 || c == -EAGAIN);
    }
    for (;;)
        sleep_ns(1000 * MS);
}

static int is_refused(void *unused)
{
    CHECK_EQUAL(mp_manager_connect(manager), -EAGAIN);
    CHECK_EQUAL(mp_list_append(&list, "x", 1), -EAGAIN);
    return 0;
}

static void there_are_so_many_connections_and_no_more(void)
{
    struct mp_manager_info info;
    begin_all();
    struct mp_process *p = started(connects_often, 0), *q;
    wait_for_connections(1 + MANY);
    q = started(connects_often, 0);
    wait_for_connections(MP_MANAGER_CONNECTIONS);
    in_process(is_refused, 0);
    CHECK_EQUAL(mp_manager_info(manager, &info), 0); /* who has one keeps it */
    CHECK_EQUAL(info.connections, MP_MANAGER_CONNECTIONS);
    CHECK_EQUAL(mp_process_kill(q), 0);
    CHECK_EQUAL(code_of(q), -SIGKILL);
    in_process(is_served, 0);
    CHECK_EQUAL(mp_process_kill(p), 0);
    CHECK_EQUAL(code_of(p), -SIGKILL);
    wait_for_connections(1);
    end_all();
}

/* ---- anything ---- */

static uint64_t seed = 99;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static uint64_t some_number(void)
{
    switch (draw(8)) {
    case 0:
        return 1ul << draw(64);
    case 1:
        return 0ul - draw(100);
    case 2:
        return draw(70000);
    case 3:
        return seed;
    case 4:
        return draw(2) ? dict.proxy.number : list.proxy.number;
    default:
        return draw(40);
    }
}

/* Thousands of calls of all operations with whatever comes. Not meant to shut it down: who has the key may. */
static int says_anything(void *start)
{
    int c = honest_connection();
    seed = (uint64_t)(long)start;
    for (int i = 0; i < 4000; i++) {
        int op = MSG_PRIVATE + (int)draw(MANAGER_OP_END - MSG_PRIVATE + 2), form = (int)draw(4);
        const int sessions[] = {mp_manager_door(manager), dict.proxy.reference, c, c, c, c};
        uint64_t words[3] = {some_number(), some_number(), some_number()};
        for (int n = 0; n < 64; n += 8) {
            uint64_t number = some_number();
            memcpy(area + n, &number, sizeof number);
        }
        if (op == MANAGER_SHUTDOWN || (op == LOCK_ACQUIRE && (int64_t)words[1] != 0 && form == FORM_NUMBERS))
            continue;
        if (form == FORM_BUFFER && draw(3))
            words[0] = sizeof(struct manager_request) + draw(100);
        if (form != FORM_BUFFER && draw(2))
            words[0] = draw(2) ? dict.proxy.number : list.proxy.number;
        if (op == LOCK_ACQUIRE && form == FORM_BUFFER)
            memset(area + 8, 0, 8);
        int64_t word = OP_WORD(op, form, draw(20), draw(2) ? draw(200) : some_number() >> 33);
        int64_t got = call_words(sessions[draw(6)], word, words, area, draw(3) ? draw(300) : sizeof area,
                                 (int)draw(4) | (draw(3) ? CALL_PLAIN : 0));
        if (got > 20 && draw(2))
            close((int)got); /* a session, perhaps */
    }
    return 0;
}

static void nothing_that_is_said_harms_it(void)
{
    begin_all();
    for (long i = 1; i <= 6; i++)
        code_of(started(says_anything, i)); /* what it makes goes with it */
    wait_for_connections(1);
    CHECK_EQUAL(mp_manager_objects(manager), 3);
    CHECK_EQUAL(mp_dict_set(&dict, "word", 4, "hello", 5), 0); /* it may have been changed */
    end_all();
}

int main(int argc, char **argv)
{
    check_patience = 5;
    check_start(argc, argv);
    RUN(without_a_proof_nothing_is_allowed);
    RUN(proofs_cannot_be_repeated_or_sent_back);
    RUN(proofs_cannot_be_handed_on);
    RUN(a_server_without_the_key_is_refused);
    RUN(wrong_numbers_and_sizes_are_refused);
    RUN(its_sessions_are_no_files);
    RUN(handles_that_nobody_asked_for_are_closed);
    RUN(who_proves_nothing_keeps_nobody_out);
    RUN(others_who_prove_nothing_forget_themselves);
    RUN(many_who_come_at_once_all_get_in);
    RUN(many_threads_that_come_at_once_all_get_in);
    RUN(there_are_so_many_connections_and_no_more);
    RUN(nothing_that_is_said_harms_it);
    return check_end();
}

/*
 * What a manager's clients and its server say to each other, by call() on sessions of the server's channel. Client and
 * server are the same library, but the server believes nothing that a client says.
 */
#ifndef MP_MANAGER_PROTOCOL_H
#define MP_MANAGER_PROTOCOL_H

#include <common/sha256.h>
#include <kinglet/message.h>
#include <mp/manager.h>
#include <stdint.h>

/* ---- the challenge ---- */

#define NONCE_BYTES 32

/* Both sides' numbers, fresh for each connection, and which manager it is. What is proved is knowledge of the key
 * for just these numbers: a proof that somebody has seen is good for nothing else. */
struct manager_nonces {
    uint8_t client[NONCE_BYTES], server[NONCE_BYTES];
    uint64_t instance;
    uint64_t pid; /* the client's: the kernel tells the server. So nobody can hand on what another proves */
};

struct manager_hello { /* the answer to MANAGER_HELLO */
    uint8_t nonce[NONCE_BYTES];
    uint64_t instance;
    uint8_t proof[SHA256_BYTES];
};

/* HMAC-SHA-256 of the role and the nonces. The roles differ, so nobody can answer a challenge by asking it back. */
#define ROLE_SERVER "kinglet manager: server"
#define ROLE_CLIENT "kinglet manager: client"
void manager_proof(const void *authkey, const char *role, const struct manager_nonces *nonces,
                   uint8_t proof[SHA256_BYTES]);

/* ---- operations ---- */

/* On a connection the op of the message says four things. What is small travels in the
 * message's words arg0 to arg2, which costs no copying; the rest in the client's buffer. The answer goes to the
 * buffer's start. */
#define OP_WORD(op, form, bytes, room) \
    ((int64_t)((uint64_t)(op) | (uint64_t)(form) << 16 | (uint64_t)(bytes) << 24 | (uint64_t)(room) << 32))
#define OP_OF(word) ((int)((word) & 0xffff))
#define OP_FORM(word) ((int)((word) >> 16 & 0xff))
#define OP_BYTES(word) ((size_t)((word) >> 24 & 0xff)) /* of a payload in words */
#define OP_ROOM(word) ((size_t)((word) >> 32))         /* bytes that the answer may have */
enum manager_form {
    FORM_BUFFER,  /* arg0: bytes in the buffer, a struct manager_request first */
    FORM_NUMBERS, /* arg0: number, arg1: a, arg2: b; no payload */
    FORM_PAYLOAD, /* arg0: number; the payload is in arg1 and arg2; a and b are 0 */
};
#define WORDS_BYTES (2 * sizeof(uint64_t))

enum manager_op {
    MANAGER_HELLO = MSG_PRIVATE, /* door; buffer: client's nonce, then struct manager_hello -> a connection */
    MANAGER_PROVE,               /* connection; buffer: the client's proof -> 0, or -EACCES */
    MANAGER_WHAT,                /* reference; buffer -> struct manager_identity */

    /* On a connection that is proved, in one of the forms above. */
    MANAGER_INFO, /* -> struct mp_manager_info */
    MANAGER_SHUTDOWN,
    MANAGER_NEW, /* a: enum manager_kind, b and payload as the kind has it -> a reference; data: the number */

    /* On an object. Where an answer has data its status is the number of bytes, unless it says otherwise. */
    DICT_SET,         /* a: bytes of the key; payload: key, value */
    DICT_GET,         /* payload: key -> value; also of the next four */
    DICT_VALUE_SIZE,  /* -> bytes */
    DICT_HAS,         /* -> 1 or 0 */
    DICT_DELETE,
    DICT_POP,         /* -> value */
    DICT_SET_DEFAULT, /* as DICT_SET -> value */
    DICT_SIZE,        /* -> number */
    DICT_CLEAR,
    DICT_NEXT,        /* a: cursor, b: DICT_ROOMS -> struct manager_dict_item, key, value */
    DICT_POP_ITEM,    /* b: DICT_ROOMS -> the same */

    LIST_APPEND,      /* payload: item; also where an item is meant below */
    LIST_EXTEND,      /* a: bytes of an item; payload: items */
    LIST_GET,         /* a: index; also where one is meant below -> item */
    LIST_ITEM_SIZE,   /* -> bytes */
    LIST_SET,
    LIST_INSERT,
    LIST_POP,         /* -> item */
    LIST_DELETE,
    LIST_REMOVE,
    LIST_INDEX,       /* -> index */
    LIST_COUNT,       /* -> number */
    LIST_SIZE,        /* -> number */
    LIST_CLEAR,
    LIST_REVERSE,

    VALUE_GET,        /* -> value */
    VALUE_SET,        /* payload: value */

    LOCK_ACQUIRE,     /* a: timeout in ms */
    LOCK_RELEASE,

    MANAGER_OP_END,
};

enum manager_kind { KIND_DICT, KIND_LIST, KIND_VALUE, KIND_LOCK, KINDS };

#define MANAGER_RECURSIVE 1 /* b of a new lock */

struct manager_request {
    uint64_t number; /* of the object; 0: none */
    int64_t a, b;
};

/* b of the two that give a whole item: room for the key, and for the value, or that it is not to come along. */
#define DICT_ROOMS(key, value) ((int64_t)((uint64_t)(key) | (uint64_t)(value) << 32))
#define DICT_KEY_ROOM(b) ((uint64_t)(b) & UINT32_MAX)
#define DICT_VALUE_ROOM(b) ((uint64_t)(b) >> 32)
#define DICT_NO_VALUE UINT32_MAX

/* A request's payload, and an answer, at most. */
#define PAYLOAD_MAX (MP_KEY_MAX + MP_ITEM_MAX)
#define REQUEST_MAX (sizeof(struct manager_request) + PAYLOAD_MAX)
#define ANSWER_MAX (sizeof(struct manager_dict_item) + PAYLOAD_MAX)

struct manager_identity {
    uint64_t instance, number;
    uint32_t kind;
    uint32_t bytes; /* of a value */
};

struct manager_dict_item {
    uint64_t cursor;
    uint32_t key_bytes, value_bytes; /* when they do not fit, these alone are the answer, with -EMSGSIZE */
};

#endif

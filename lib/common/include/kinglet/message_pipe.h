/*
 * Message pipes: what kernel and programs share about them. A pipe whose reader gets the messages that
 * writers put in, each whole or not at all (docs/system-calls.md, "Message pipes").
 */
#ifndef KINGLET_MESSAGE_PIPE_H
#define KINGLET_MESSAGE_PIPE_H

#include <stdint.h>

#define MESSAGE_BYTES_MAX 65536              /* of one message */
#define MESSAGE_HANDLES_MAX 8                /* that travel with one message */
#define MESSAGE_PIPE_BYTES_MAX (16 << 20)    /* capacity of a pipe, in bytes of its messages... */
#define MESSAGE_PIPE_MESSAGES_MAX 65536      /* ...and in messages */
#define MESSAGE_PIPE_BYTES 65536             /* capacities when none are given: bytes... */
#define MESSAGE_PIPE_BYTES_EACH 256          /* ...and a message for so many of the bytes */

/* message_state */
struct message_state {
    uint32_t messages;     /* that can be received now */
    uint32_t max_messages; /* capacity */
    uint64_t bytes;        /* of those messages */
    uint64_t max_bytes;    /* capacity */
    int64_t room;          /* a message of up to so many bytes could be sent without waiting; -1: none */
    uint64_t next_bytes;   /* of the message that is received next; 0: there is none */
    uint32_t next_handles; /* with it */
    uint32_t reserved;     /* 0 */
};

#endif

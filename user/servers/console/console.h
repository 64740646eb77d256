/*
 * What the parts of the console server share. main.c has the loop, park.c the requests that may have to
 * wait, line.c the line editing and the queue of typed bytes, output.c the ring of bytes to send, uart.c
 * the device.
 * line.c and output.c make no system call, so that they also run in tests on the host.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HANDLE_CHANNEL 4 /* the channel that the console serves */
#define BIT_TIMER 2      /* its notification bit that park.c uses */

#define LINE_BYTES 1024     /* the longest line that can be edited, with its newline */
#define QUEUE_PLACES 16384u /* a power of two */
#define RING_BYTES 16384u   /* a power of two */

/* ---- keep.c ---- */

/* Everything that must not be lost, but for the bytes themselves. Counters count on and on. */
struct book {
    size_t line_length;        /* of the line being typed */
    uint32_t queued, consumed; /* places of the queue */
    uint32_t put;              /* bytes of the ring */
    uint32_t mode;             /* TTY_ bits */
    int32_t foreground;        /* the job that ^C ends, or 0 */
    uint32_t interrupted;      /* ^C was typed, and the shell does not know yet */
    uint64_t writer, written;  /* a write's token, and how much of it is in the ring */
    uint64_t reader;           /* a read's token: it was given what was queued from... */
    uint32_t reader_from;      /* ...here on; or 0 */
    uint32_t old_mode;         /* what was answered... */
    uint64_t mode_setter;      /* ...to this request */
};

/* What outlives the console. Fresh memory of zeroes will do. */
struct kept {
    uint64_t served; /* init's: see servers/store.h */
    uint32_t version;
    volatile uint32_t active; /* which book counts */
    volatile uint32_t sent;   /* bytes of the ring that the device has */
    struct book book[2];
    char line[LINE_BYTES];
    uint16_t queue[QUEUE_PLACES];
    uint8_t ring[RING_BYTES];
};
extern struct kept *kept;
extern struct book now;

void keep_start(void *memory);
/* What was changed in `now` counts from here on. Before anybody is told of it, and before a byte of it is sent. */
void keep_commit(void);

/* ---- main.c; a test brings its own ---- */

bool console_interrupt(void); /* ^C was typed. -> whether a job was ended by it */
void console_dump(void);      /* ^P was typed */
/* Tell those who poll whether something can be read and written. */
void console_ready(bool input);

/* ---- park.c ---- */

struct message;
struct reply;

#define PARKED 1 /* a request's status: it has been parked, or its reply is out */

void requests_init(void);
/* These give PARKED, or a status for the reply (request_write: 0, the status is in `answer`). */
int64_t request_read(const struct message *m);
int64_t request_write(const struct message *m, struct reply *answer);
int64_t request_sync(const struct message *m);
/* Serve those who can be served now. */
void serve_readers(void);
void serve_writers(void);
void serve_syncers(void);
/* All waiting readers get -EINTR. -> whether there were any */
bool interrupt_readers(void);
/* That client died: its request is dropped. */
void cancel_request(uint64_t token);

/* ---- line.c ---- */

/* Whether another byte from the device can be taken. When not, it stays there. */
bool input_wanted(void);
/* A byte was typed. Echoes through output_echo. */
void input_byte(uint8_t byte);
/* Whether a read would have something: a line, an end (^D), without line editing a byte. */
bool input_ready(void);
/* What a read of `room` bytes gets: bytes at `to`, which are put there but stay in the queue. *places is
 * for input_consume, which takes them off. 0 bytes with input_ready: the end. */
size_t input_peek(uint8_t *to, size_t room, size_t *places);
void input_consume(size_t places);
/* Whether there will be something to read after so many places were consumed. */
bool input_left(size_t places);
/* Forget all that was typed and not read. */
void input_discard(void);
/* Set TTY_ bits; gives the old ones. */
unsigned input_set_mode(unsigned bits);

/* ---- output.c ---- */

bool output_empty(void);
/* Bytes that writers may put: the last few places are kept for the echo. */
size_t output_room(void);
/* Put a byte as it is; there must be room. */
void output_byte(uint8_t byte);
/* Echo text; a newline gets its carriage return. What does not fit is dropped. */
void output_echo(const char *text, size_t n);
/* The next byte; there must be one. It stays until it has been sent: a console that dies in between sends it
 * twice. */
uint8_t output_next(void);
void output_sent(void);

/* ---- uart.c ---- */

/* Map and set up the device. 0 or a negative errno. */
int uart_start(int device);
/* Move bytes both ways for as long as the device is ready, and ask it for interrupts on what is left. */
void uart_service(void);
/* Whether the device has sent all it was given. */
bool uart_idle(void);

#endif

/*
 * Reads, writes and syncs, which wait here until they can be done: a read for a line, a write for room in
 * the ring, a sync for the last byte to leave. Each kind is served in order. Called by main.c; never waits.
 */
#include "console.h"

#include <common/list.h>
#include <kinglet/system.h>
#include <stdlib.h>

#define SYNC_RETRY_NS 1000000
#define PIECE 512 /* bytes of a write that are fetched at once */

/* A request that waits for its reply. */
struct parked {
    struct list_node node;
    uint64_t token;
    uint64_t bytes; /* wanted or offered */
    uint64_t done;  /* of a write: in the ring already */
};

static struct list readers, writers, syncers; /* of struct parked, served in order */

static void finish(struct parked *parked, int64_t status)
{
    struct reply answer = {.token = parked->token, .status = status};

    list_remove(&parked->node);
    reply(HANDLE_CHANNEL, &answer); /* an error: the client has died meanwhile */
    free(parked);
}

/* Put a request on a list; 0, or -ENOMEM. */
static int park(struct list *list, const struct parked *request)
{
    struct parked *parked = malloc(sizeof *parked);

    if (parked == NULL)
        return -ENOMEM;
    *parked = *request;
    list_push_back(list, &parked->node);
    return 0;
}

/* ---- what was typed ---- */

/* The reader with this token has not got what it was given, if it was given anything. */
static void take_back(uint64_t token)
{
    if (now.reader != token || now.queued - now.reader_from > QUEUE_PLACES)
        return;
    now.consumed = now.reader_from;
    now.reader = 0;
    keep_commit();
}

/* Hand a reader what there is. It stays in the queue if the reader has died. */
static void deliver(uint64_t token, uint64_t bytes)
{
    static uint8_t text[LINE_BYTES];
    size_t places, n = input_peek(text, bytes < sizeof text ? bytes : sizeof text, &places);
    struct reply answer = {
        .token = token, .status = (int64_t)n, .data = text, .length = n, .flags = REPLY_DATA};

    /* Before the reply: the reader may go on at once, and poll must not promise it what it has got. */
    console_ready(input_left(places));

    /* It is off the queue before the reader has it. Should the reader ask again, it has not got it. */
    now.reader = token;
    now.reader_from = now.consumed;
    input_consume(places);
    keep_commit();

    int64_t result = reply(HANDLE_CHANNEL, &answer);

    if (result < 0)
        take_back(token);
    if (result < 0 && result != -ESRCH) { /* it named no buffer: it still waits */
        answer = (struct reply){.token = token, .status = result};
        reply(HANDLE_CHANNEL, &answer);
    }
}

void serve_readers(void)
{
    struct list_node *first;

    while (input_ready() && (first = list_pop_front(&readers)) != NULL) {
        struct parked *reader = list_entry(first, struct parked, node);

        deliver(reader->token, reader->bytes);
        free(reader);
    }
}

bool interrupt_readers(void)
{
    bool any = !list_empty(&readers);
    struct list_node *first;

    while ((first = list_first(&readers)) != NULL)
        finish(list_entry(first, struct parked, node), -EINTR);
    return any;
}

/* ---- what is written ---- */

/* Fetch what fits into the ring. True: all is there, or no more can be had, and *status is the reply. */
static bool write_some(struct parked *writer, int64_t *status)
{
    uint8_t piece[PIECE];

    while (writer->done < writer->bytes) {
        size_t room = output_room() / 2; /* every byte may be a newline, which becomes two */
        size_t n = writer->bytes - writer->done;

        if (room == 0) {
            uart_service();
            if (output_room() / 2 == 0)
                return false;
            continue;
        }
        if (n > room)
            n = room;
        if (n > sizeof piece)
            n = sizeof piece;

        int64_t result = grant_read(HANDLE_CHANNEL, writer->token, writer->done, piece, n);

        if (result < 0) {
            *status = writer->done > 0 ? (int64_t)writer->done : result;
            return true;
        }
        for (size_t i = 0; i < n; i++) {
            if (piece[i] == '\n')
                output_byte('\r');
            output_byte(piece[i]);
        }
        writer->done += n;
        now.writer = writer->token;
        now.written = writer->done;
        keep_commit(); /* the bytes, and how far they go: a console that gets the write again goes on there */
    }
    *status = (int64_t)writer->bytes;
    return true;
}

void serve_writers(void)
{
    struct list_node *first;
    int64_t status;

    while ((first = list_first(&writers)) != NULL) {
        struct parked *writer = list_entry(first, struct parked, node);

        if (!write_some(writer, &status))
            return;
        finish(writer, status);
    }
}

void serve_syncers(void)
{
    struct list_node *first;

    if (list_empty(&syncers) || !output_empty() || !list_empty(&writers))
        return;
    if (!uart_idle()) { /* the last bytes are on the wire; no interrupt tells when they are gone */
        channel_timer(HANDLE_CHANNEL, BIT_TIMER, SYNC_RETRY_NS);
        return;
    }
    while ((first = list_first(&syncers)) != NULL)
        finish(list_entry(first, struct parked, node), 0);
}

/* ---- requests ---- */

int64_t request_read(const struct message *m)
{
    struct parked request = {.token = m->token, .bytes = m->arg1};

    if (m->arg1 == 0)
        return 0;
    take_back(m->token);
    if (input_ready() && list_empty(&readers)) {
        deliver(m->token, m->arg1);
        return PARKED;
    }
    if ((m->info >> 32 & MSGF_NONBLOCK) != 0)
        return -EAGAIN;
    return park(&readers, &request) == 0 ? PARKED : -ENOMEM;
}

int64_t request_write(const struct message *m, struct reply *answer)
{
    struct parked request = {.token = m->token, .bytes = m->arg1};
    bool wait = (m->info >> 32 & MSGF_NONBLOCK) == 0;
    int64_t status = -EAGAIN;

    if (now.writer == m->token)
        request.done = now.written;
    if (list_empty(&writers) && write_some(&request, &status)) {
        answer->status = status;
        return 0;
    }
    if (wait && park(&writers, &request) == 0)
        return PARKED;
    if (wait)
        status = -ENOMEM;
    answer->status = request.done > 0 ? (int64_t)request.done : status;
    return 0;
}

int64_t request_sync(const struct message *m)
{
    struct parked request = {.token = m->token};

    return park(&syncers, &request) == 0 ? PARKED : -ENOMEM;
}

/* That client died: its request is dropped. */
void cancel_request(uint64_t token)
{
    struct list *const lists[] = {&readers, &writers, &syncers};
    struct list_node *node, *next;

    take_back(token);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        list_for_each_safe(node, next, lists[i])
        {
            struct parked *parked = list_entry(node, struct parked, node);

            if (parked->token != token)
                continue;
            list_remove(node);
            free(parked);
        }
    }
}

void requests_init(void)
{
    list_init(&readers);
    list_init(&writers);
    list_init(&syncers);
}

/*
 * The tracer: brings the records of the trace from the kernel's rings to the trace port, which is a file on the
 * host. init starts it when the machine has such a port and the trace was asked for (docs/trace.md). It does not
 * copy: the device reads the rings itself. It runs when a ring has another quarter full, when the trace is switched
 * off, and when somebody calls fsync on a session with it; never by the clock, and for no other client.
 * The rings do not wait for it. What is overwritten before it is sent is a gap; what is overwritten while it is sent
 * is taken back.
 */
#include "tracer.h"

#include "../store.h"

#include <common/format.h>
#include <kinglet/system.h>
#include <string.h>
#include <unistd.h>

#define BIT_TRACE 1
#define BIT_PORT 2

#define BLOCK_MAX 16384 /* records sent at once: 256 KiB */
#define SKIP_SHARE 8    /* when the oldest are gone already, so much of the ring is skipped besides: they go next */
#define SYNCERS 16

static char paths[2 * PATH_MAX];
static const volatile struct trace_area *area;
static struct kept *kept;
static uint64_t target[TRACE_MAX_HARTS]; /* so far it is to be sent now */

static struct trace_file_block on_its_way; /* count 0: none */
static uint64_t syncer[SYNCERS];           /* tokens of those who wait for all to be out */
static unsigned syncers;

static uint64_t written(unsigned hart)
{
    uint64_t n = area->written[hart];

    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return n;
}

/* The oldest record of a hart that is surely whole: the one before it may be being overwritten, and so may the next,
 * by a record whose count we do not see yet. */
static uint64_t oldest(unsigned hart)
{
    uint64_t n = written(hart) + 2;

    return n > area->records ? n - area->records : 0;
}

/* The last block is out. Was it whole to the end? */
static void settle(void)
{
    struct trace_file_block block = on_its_way;

    if (block.count == 0)
        return;
    on_its_way.count = 0;
    kept->sent[block.hart] = block.first + block.count;

    uint64_t good = oldest(block.hart);

    if (block.first < good) {
        block = (struct trace_file_block){.hart = block.hart, .count = 0, .first = good};
        port_send(&block, sizeof block, 0, 0);
    }
}

/* Send a piece of a hart's records. Those of a block lie in one piece. */
static void send_from(unsigned hart)
{
    uint64_t first = kept->sent[hart], at, count;

    if (first < oldest(hart)) {
        first = oldest(hart) + area->records / SKIP_SHARE;
        target[hart] = written(hart);
        if (first > target[hart])
            first = target[hart];
    }
    at = first % area->records;
    count = target[hart] - first;
    if (count > area->records - at)
        count = area->records - at;
    if (count > BLOCK_MAX)
        count = BLOCK_MAX;
    kept->sent[hart] = first;
    if (count == 0)
        return;
    on_its_way = (struct trace_file_block){.hart = hart, .count = (uint32_t)count, .first = first};
    port_send(&on_its_way, sizeof on_its_way, area->ring_phys[hart] + at * sizeof(struct trace_record),
              count * sizeof(struct trace_record));
}

/* What has been written by now is to be sent; what comes meanwhile has time, or this would never end. */
static void look(void)
{
    for (unsigned hart = 0; hart < area->harts; hart++)
        target[hart] = written(hart);
}

/* Send what can be sent now. True: all that was looked for is out. */
static bool pump(void)
{
    for (unsigned hart = 0; hart < area->harts;) {
        if (!port_idle())
            return false;
        settle();
        if (!port_idle())
            return false;
        if (kept->sent[hart] < target[hart])
            send_from(hart);
        else
            hart++;
    }
    return true;
}

static void pump_and_answer(void)
{
    if (!pump())
        return;
    while (syncers > 0) {
        struct reply answer = {.token = syncer[--syncers]};

        reply(SERVER_HANDLE_CHANNEL, &answer); /* if its client is gone, so is the reason */
    }
}

static void serve(const struct message *m)
{
    struct reply answer = {.token = m->token, .status = -ENOTTY};

    if (m->op == MSG_SYNC && syncers < SYNCERS) {
        look();
        syncer[syncers++] = m->token;
        return;
    }
    if (m->op == MSG_SYNC)
        answer.status = -EAGAIN;
    if ((m->info >> 32 & MSGF_HANDLE) != 0)
        close((int)m->arg1);
    reply(SERVER_HANDLE_CHANNEL, &answer);
}

static void say(const char *what, int64_t error)
{
    char line[100];
    int n = format_n(line, sizeof line, "tracer: %s: %s\n", what, strerror((int)-error));

    log_write(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static int prepare(void)
{
    close(SERVER_HANDLE_INITRD); /* it holds no more than it needs */
    area = map(SERVER_HANDLE_TRACE, 0, sizeof *area, MAP_READ);
    kept = map(SERVER_HANDLE_STORE, 0, sizeof *area, MAP_READ | MAP_WRITE);
    if (area == NULL || kept == NULL)
        return -ENOMEM;

    int result = channel_serve(SERVER_HANDLE_CHANNEL, paths, sizeof paths);

    if (result == 0)
        result = interrupt_bind(SERVER_HANDLE_TRACE, SERVER_HANDLE_CHANNEL, BIT_TRACE);
    if (result == 0)
        result = port_start(SERVER_HANDLE_EXTRA, SERVER_HANDLE_CHANNEL, BIT_PORT);
    if (result < 0)
        return result;

    struct trace_file_header header = {.magic = TRACE_FILE_MAGIC,
                                       .timebase_hz = area->timebase_hz,
                                       .harts = (uint32_t)area->harts,
                                       .source = TRACE_FROM_GUEST};

    for (unsigned hart = 0; hart < area->harts; hart++)
        if (kept->sent[hart] > written(hart))
            kept->sent[hart] = 0;
    port_send(&header, sizeof header, 0, 0);
    return 0;
}

int main(void)
{
    struct message m;
    int result = prepare();

    if (result < 0) {
        say("cannot start", result);
        return 1;
    }
    look();
    for (;;) {
        pump_and_answer();
        receive(SERVER_HANDLE_CHANNEL, &m);
        kept->served = 1;
        if (m.op >= MSG_OPEN) {
            serve(&m);
        } else if (m.op == MSG_NOTIFY) {
            if ((m.arg0 & BIT_PORT) != 0)
                port_interrupt();
            if ((m.arg0 & BIT_TRACE) != 0)
                look();
        } else if (m.op < 0) {
            say("cannot receive", m.op);
            return 1;
        }
    }
}

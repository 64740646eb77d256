/*
 * The console: the server of the UART that the person sits at. init starts it with the channel it serves
 * and the device; ramfs sends those here who open /dev/console. All who do share one session cookie, so
 * that a console that is started again after a death has little to rebuild: see keep.c.
 * It never waits but in receive: reads and writes that cannot be done yet are parked.
 */
#include "console.h"

#include "../store.h"

#include <common/format.h>
#include <kinglet/system.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define HANDLE_DEVICE 5

#define COOKIE_OPEN 1 /* of every opened console; 0 is the console before it is opened */
#define DEVICE_NUMBER (1 << 8 | 1)

#define BIT_UART 1

static char paths[2 * PATH_MAX];
static bool dump_asked;
static int ready_bits = -1;

/* The job may be at its end already, or the shell between two jobs: so it is told besides, by its next
 * read or change of the foreground job. Otherwise a ^C at the wrong moment would do nothing. */
bool console_interrupt(void)
{
    now.interrupted = true;
    if (now.foreground != 0 && kill(-now.foreground, SIGINT) == 0)
        return true;
    now.foreground = 0; /* none, or it is gone */
    if (interrupt_readers())
        now.interrupted = false;
    return false;
}

static int64_t request_foreground(const struct message *m, struct reply *answer)
{
    if (m->arg0 == 1 || m->arg0 > INT32_MAX) /* 1 is the servers' own job */
        return -EINVAL;
    now.foreground = (int)m->arg0;
    keep_commit();
    answer->status = (int64_t)now.interrupted;
    now.interrupted = false; /* counts with the next change: told twice is better than not at all */
    return 0;
}

void console_dump(void)
{
    dump_asked = true;
}

/* ---- requests ---- */

static int readiness(bool input)
{
    return (input ? POLLIN : 0) | (output_room() > 1 ? POLLOUT : 0);
}

void console_ready(bool input)
{
    int bits = readiness(input);

    if (bits != ready_bits)
        session_ready(HANDLE_CHANNEL, COOKIE_OPEN, bits);
    ready_bits = bits;
}

static int64_t request_open(const struct message *m, struct reply *answer)
{
    static const uint8_t access[] = {
        [O_RDONLY] = SESSION_READ,
        [O_WRONLY] = SESSION_WRITE,
        [O_RDWR] = SESSION_READ | SESSION_WRITE,
        [O_ACCMODE] = 0,
    };

    if (paths[0] != '\0' || (m->arg0 & O_DIRECTORY) != 0)
        return -ENOTDIR;
    if ((m->arg0 & O_EXEC) != 0)
        return -EACCES;
    answer->flags = REPLY_SESSION;
    answer->extra = COOKIE_OPEN;
    answer->length = (m->arg0 & O_PATH) != 0 ? 0 : access[m->arg0 & O_ACCMODE];
    answer->length |= (uint64_t)readiness(input_ready()) << SESSION_READY_SHIFT;
    return 0;
}

static int64_t answer_stat(struct reply *answer)
{
    static const struct stat out = {
        .st_dev = 1, .st_ino = 1, .st_mode = S_IFCHR | 0666, .st_nlink = 1, .st_rdev = DEVICE_NUMBER};

    answer->flags = REPLY_DATA;
    answer->data = &out;
    answer->length = sizeof out;
    return 0;
}

/* Gives PARKED, or else the status goes into the reply (0: it is there already). */
static int64_t serve(const struct message *m, struct reply *answer)
{
    if (m->op < MSG_READ && m->inlined == 0)
        paths[0] = '\0'; /* made by call(), without a path */
    switch (m->op) {
    case MSG_OPEN:
        return request_open(m, answer);
    case MSG_STAT:
        return paths[0] == '\0' ? answer_stat(answer) : -ENOTDIR;
    case MSG_FSTAT:
        return answer_stat(answer);
    case MSG_RESOLVE:
    case MSG_MKDIR:
    case MSG_RMDIR:
    case MSG_UNLINK:
    case MSG_MKNOD:
    case MSG_UNMOUNT:
    case MSG_LINK:
    case MSG_RENAME:
    case MSG_READDIR:
        return -ENOTDIR;
    case MSG_READ:
        if (now.interrupted && now.foreground == 0) {
            now.interrupted = false;
            return -EINTR;
        }
        return request_read(m);
    case MSG_WRITE:
        return request_write(m, answer);
    case MSG_SYNC:
        return request_sync(m);
    case MSG_SIZE:
        return -ESPIPE;
    case MSG_TRUNCATE:
        return -EINVAL;
    case MSG_TTY_FOREGROUND:
        return request_foreground(m, answer);
    case MSG_TTY_MODE:
        if (now.mode_setter != m->token) { /* else it was done, and only the answer is missing */
            now.old_mode = input_set_mode((unsigned)m->arg0);
            now.mode_setter = m->token;
            keep_commit();
        }
        answer->status = now.old_mode;
        return 0;
    default:
        if ((m->info >> 32 & MSGF_HANDLE) != 0)
            close((int)m->arg1);
        return m->op == MSG_MOUNT ? -ENOTDIR : -ENOTTY;
    }
}

/* ---- the loop ---- */

/* After anything that may have changed something: move bytes, serve who can be served. */
static void settle(void)
{
    uart_service();
    serve_readers();
    serve_writers();
    uart_service(); /* readers made room for input, writers brought output */
    serve_syncers();
    if (dump_asked) {
        dump_asked = false;
        dump();
    }
    console_ready(input_ready());
}

static void say(const char *what, int64_t error)
{
    char line[100];
    int n = format_n(line, sizeof line, "console: %s: %s\n", what, strerror((int)-error));

    log_write(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static int prepare(void)
{
    int64_t bytes = memory_size(SERVER_HANDLE_STORE);
    void *memory = NULL;
    int result = bytes < (int64_t)sizeof(struct kept) ? -EINVAL
                                                      : memory_commit(SERVER_HANDLE_STORE, 0, (uint64_t)bytes);

    if (result == 0)
        memory = map(SERVER_HANDLE_STORE, 0, (uint64_t)bytes, MAP_READ | MAP_WRITE);
    if (result == 0)
        result = memory != NULL ? uart_start(HANDLE_DEVICE) : -ENOMEM;
    if (result < 0)
        return result;
    keep_start(memory);
    requests_init();
    result = interrupt_bind(HANDLE_DEVICE, HANDLE_CHANNEL, BIT_UART);
    if (result >= 0)
        result = channel_serve(HANDLE_CHANNEL, paths, sizeof paths);
    return result;
}

/* A reply that the kernel refused is made one that only says so, for the client still waits. False: it is
 * receiving that does not work. */
static bool mend(struct reply *answer, int64_t error)
{
    if (answer->token == 0)
        return false;
    if (answer->flags == 0)
        answer->token = 0;
    answer->flags = 0;
    answer->status = error;
    return true;
}

int main(void)
{
    struct reply answer = {0};
    struct message m;
    int result = prepare();

    if (result < 0) {
        say("cannot start", result);
        return 1;
    }
    for (;;) {
        settle();
        reply_receive(HANDLE_CHANNEL, &answer, &m);
        if (m.op < 0 && mend(&answer, m.op))
            continue;
        answer = (struct reply){0};
        kept->served = 1;
        if (m.op >= MSG_OPEN) {
            int64_t status = serve(&m, &answer);

            answer.token = status == PARKED ? 0 : m.token;
            if (status < 0)
                answer.status = status;
        } else if (m.op == MSG_NOTIFY && (m.arg0 & BIT_UART) != 0) {
            uart_service();
            interrupt_ack(HANDLE_DEVICE); /* not before: it would come again at once */
        } else if (m.op == MSG_CANCEL) {
            cancel_request(m.token);
        } else if (m.op < 0) {
            say("cannot receive", m.op);
            return 1;
        }
    }
}

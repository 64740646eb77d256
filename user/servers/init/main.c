/*
 * init, the first process: starts the servers from the initrd and the shell, and starts again what ends.
 * It never calls a server it manages (it would wait for one that is not there): the shell's child opens the
 * console, and words go to the kernel's log. All else it does is wait for children, its own and orphans.
 */
#include "init.h"

#include <common/format.h>
#include <fcntl.h>
#include <kinglet/system.h>
#include <poll.h>
#include <unistd.h>

#define FIRST_PUT_AWAY 16
#define NS_PER_MS 1000000ULL
#define MINUTE_NS (60000 * NS_PER_MS)
#define PAUSE_FIRST_NS (100 * NS_PER_MS)
#define PAUSE_MAX_NS (5000 * NS_PER_MS)

void say(const char *format, ...)
{
    char line[200] = "init: ";
    va_list arguments;

    va_start(arguments, format);

    int n = 6 + format_vn(line + 6, sizeof line - 7, format, arguments);

    va_end(arguments);
    if (n > (int)sizeof line - 2)
        n = sizeof line - 2;
    line[n++] = '\n';
    log_write(line, (size_t)n);
}

const char *how_it_ended(const struct exit_status *status)
{
    static char words[40];

    if (status->signal != 0)
        format_n(words, sizeof words, "ended by signal %d", status->signal);
    else
        format_n(words, sizeof words, "exited with %d", status->code);
    return words;
}

int put_away(int handle)
{
    if (handle < 0)
        return handle;

    int moved = fcntl(handle, F_DUPFD, FIRST_PUT_AWAY);

    close(handle);
    if (moved < 0)
        return -EMFILE;
    fcntl(moved, F_SETFD, FD_CLOEXEC);
    return moved;
}

uint64_t restarts_note(struct restarts *restarts, uint64_t now)
{
    unsigned recent = 0;
    uint64_t pause = PAUSE_FIRST_NS;

    restarts->ended[restarts->ends++ % RESTARTS_MAX] = now;
    for (unsigned i = 0; i < RESTARTS_MAX && i < restarts->ends; i++)
        if (now - restarts->ended[i] < MINUTE_NS)
            recent++;
    if (recent == RESTARTS_MAX)
        return 0;
    for (; recent > 1 && pause < PAUSE_MAX_NS; recent--)
        pause *= 2;
    return pause < PAUSE_MAX_NS ? pause : PAUSE_MAX_NS;
}

static void reap_all(void)
{
    struct exit_status status;
    int pid;

    while ((pid = wait_status(-1, &status, WAIT_NOHANG)) > 0)
        if (!services_ended(pid, &status))
            session_ended(pid, &status); /* or an orphan, of which there is nothing to say */
}

/* Milliseconds for poll until `due`, rounded up; -1: for ever. */
static int time_until(uint64_t due)
{
    uint64_t now = clock_ns();

    if (due == UINT64_MAX)
        return -1;
    return due <= now ? 0 : (int)((due - now + NS_PER_MS - 1) / NS_PER_MS);
}

int main(void)
{
    /* A process' handle on itself polls readable when it has a child to reap. */
    struct pollfd children = {.fd = put_away(process_open(getpid())), .events = POLLIN};
    int root = services_start();

    if (children.fd < 0 || root < 0) {
        say("cannot start the system: error %d", root < 0 ? -root : -children.fd);
        power(POWER_OFF, RUN_STATUS_MACHINE);
        return 1;
    }
    session_start(root);
    for (;;) {
        uint64_t due = services_due(), session = session_due();

        poll(&children, 1, time_until(due < session ? due : session));
        reap_all();
    }
}

/*
 * The servers: which there are, what each is given, and that they run. A server's channel is made once and
 * held here; a server that dies is replaced by a new one on the same channel, and callers only notice that
 * it took longer. When one keeps dying its channel is let go, and its callers get EIO.
 */
#include "init.h"

#include <common/cpio.h>
#include <kinglet/system.h>
#include <unistd.h>

enum { CONSOLE, RAMFS, SERVICES };

#define NO_SERVICE (-1)

/* What a server finds in its handle table (3, the initrd, is where init has it, too). */
#define SERVER_HANDLE_CHANNEL 4
#define SERVER_HANDLE_EXTRA 5 /* its device, or a session on the server it needs */

struct service {
    const char *name;
    const char *program; /* in the initrd */
    int rank;
    const char *device; /* as in the device tree, or NULL */
    int needs;          /* the service it is given a session on, started before it; or NO_SERVICE */

    int channel, extra; /* handles; channel: -1 when given up */
    int pid;            /* 0: not running */
    uint64_t start_at;  /* when it is to be started again, in ns since boot */
    struct restarts restarts;
};

static struct service services[SERVICES] = {
    [CONSOLE] = {.name = "console", .program = "sbin/console", .rank = RANK_DRIVER, .device = "ns16550a",
                 .needs = NO_SERVICE},
    [RAMFS] = {.name = "ramfs", .program = "sbin/ramfs", .rank = RANK_FILE_SYSTEM, .needs = CONSOLE},
};

static const void *archive; /* the initrd */
static size_t archive_size;

/* In the child: become the server. */
static _Noreturn void become(const struct service *service)
{
    char *argv[] = {(char *)service->name, NULL}, *envp[] = {NULL};
    struct cpio_entry program;
    int error = -ENOENT;

    /* Both are put away above these places, so that neither is overwritten before it is moved. */
    if (dup2(service->channel, SERVER_HANDLE_CHANNEL) < 0 || dup2(service->extra, SERVER_HANDLE_EXTRA) < 0)
        error = -EMFILE;
    else if (cpio_find(archive, archive_size, service->program, &program) > 0)
        error = exec_image(INIT_HANDLE_INITRD, program.data_offset, program.size, argv, envp);
    say("cannot run %s: error %d", service->program, -error);
    _exit(1);
}

/* Plan the next start after the server ended or could not be started. `why`: in words. */
static void plan_start(struct service *service, int pid, const char *why)
{
    uint64_t now = clock_ns(), pause = restarts_note(&service->restarts, now);

    service->pid = 0;
    if (pause != 0) {
        service->start_at = now + pause;
        say("%s (pid %d) %s, starting it again in %d ms", service->name, pid, why, (int)(pause / 1000000));
        return;
    }
    say("%s (pid %d) %s, %d times in a minute: giving it up", service->name, pid, why, RESTARTS_MAX);
    close(service->channel); /* no one can serve it any more: calls fail with EIO */
    service->channel = -1;
}

static void start(struct service *service)
{
    int pid = fork_flags(0);

    if (pid == 0)
        become(service);
    service->pid = pid;
    if (pid < 0)
        plan_start(service, 0, "could not be started");
}

static int prepare(struct service *service)
{
    int channel = put_away(channel_create(service->rank)), extra;

    if (channel < 0)
        return channel;
    if (service->device != NULL)
        extra = device_claim(INIT_HANDLE_MACHINE, service->device, 0);
    else
        extra = channel_connect(services[service->needs].channel, 0, SESSION_READ | SESSION_WRITE);
    service->channel = channel;
    service->extra = put_away(extra);
    if (service->extra == -ENODEV)
        say("this machine has no %s, which %s needs", service->device, service->name);
    else if (service->extra < 0)
        say("%s: cannot have what it needs: error %d", service->name, -service->extra);
    return service->extra;
}

int services_start(void)
{
    int64_t size = memory_size(INIT_HANDLE_INITRD);

    archive = size > 0 ? map(INIT_HANDLE_INITRD, 0, (uint64_t)size, MAP_READ) : NULL;
    if (archive == NULL)
        return size < 0 ? (int)size : -ENOMEM;
    archive_size = (size_t)size;
    for (int i = 0; i < SERVICES; i++) {
        int result = prepare(&services[i]);

        if (result < 0)
            return result;
    }
    for (int i = 0; i < SERVICES; i++)
        start(&services[i]);
    return put_away(channel_connect(services[RAMFS].channel, 0, SESSION_READ));
}

bool services_ended(int pid, const struct exit_status *status)
{
    for (int i = 0; i < SERVICES; i++) {
        if (services[i].pid == pid) {
            plan_start(&services[i], pid, how_it_ended(status));
            return true;
        }
    }
    return false;
}

uint64_t services_due(void)
{
    uint64_t next = UINT64_MAX;

    for (int i = 0; i < SERVICES; i++) {
        struct service *service = &services[i];

        if (service->pid > 0 || service->channel < 0)
            continue;
        if (service->start_at <= clock_ns())
            start(service);
        if (service->pid <= 0 && service->channel >= 0 && service->start_at < next)
            next = service->start_at;
    }
    return next;
}

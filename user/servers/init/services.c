/*
 * The servers: which there are, what each is given, and that they run. A server's channel and the memory for
 * its state are made once and held here; a server that dies is replaced by a new one on the same channel, which
 * finds the state as it was left, and callers only notice that it took longer. When one keeps dying its channel
 * is let go, and its callers get EIO.
 */
#include "init.h"

#include "../store.h"

#include <common/cpio.h>
#include <kinglet/system.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { CONSOLE, RAMFS, TRACER, SERVICES };

#define NO_SERVICE (-1)

#define PAGE 4096

#define VIRTIO_MAGIC 0x74726976u /* "virt", in the first register; the third says what it is */
#define VIRTIO_CONSOLE 3

struct service {
    const char *name;
    const char *program; /* in the initrd */
    int rank;
    const char *device; /* as in the device tree, or NULL */
    int needs;          /* the service it is given a session on, started before it; or NO_SERVICE */
    uint64_t store_bytes; /* 0: half as much again as the machine has memory: only what is used costs any */

    int channel, extra, store; /* handles; channel: -1 when given up, or not wanted */
    int trace;                 /* the tracer's; else -1 */
    struct store_word *word;   /* the store's first page, as init sees it */
    int deaths;                /* in a row, by itself, before it had served anything */
    int pid;            /* 0: not running */
    uint64_t start_at;  /* when it is to be started again, in ns since boot */
    struct restarts restarts;
};

static struct service services[SERVICES] = {
    [CONSOLE] = {.name = "console", .program = "sbin/console", .rank = RANK_DRIVER, .device = "ns16550a",
                 .needs = NO_SERVICE, .store_bytes = 16 * PAGE},
    [TRACER] = {.name = "tracer", .program = "sbin/tracer", .rank = RANK_DRIVER, .needs = NO_SERVICE,
                .store_bytes = PAGE}, /* prepare_tracer */
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

    /* All are put away above these places, so that none is overwritten before it is moved. */
    if (dup2(service->channel, SERVER_HANDLE_CHANNEL) < 0 || dup2(service->extra, SERVER_HANDLE_EXTRA) < 0 ||
        dup2(service->store, SERVER_HANDLE_STORE) < 0 ||
        (service->trace >= 0 && dup2(service->trace, SERVER_HANDLE_TRACE) < 0))
        error = -EMFILE;
    else if (cpio_find(archive, archive_size, service->program, &program) > 0)
        error = exec_image(INIT_HANDLE_INITRD, program.data_offset, program.size, argv, envp);
    say("cannot run %s: error %d", service->program, -error);
    _exit(1);
}

/* The boot option restarts=unlimited: servers are started again at once and never given up, for tests that kill
 * them by the hundred. */
static bool restarts_unlimited(void)
{
    char word[16] = "";

    return boot_option("restarts", word, sizeof word) >= 0 && strcmp(word, "unlimited") == 0;
}

/* Plan the next start after the server ended or could not be started. `why`: in words. */
static void plan_start(struct service *service, int pid, const char *why)
{
    uint64_t now = clock_ns(), pause = restarts_note(&service->restarts, now);

    service->pid = 0;
    if (restarts_unlimited()) {
        service->start_at = now;
        say("%s (pid %d) %s, starting it again", service->name, pid, why);
        return;
    }
    if (pause != 0) {
        service->start_at = now + pause;
        say("%s (pid %d) %s, starting it again in %d ms", service->name, pid, why, (int)(pause / 1000000));
        return;
    }
    say("%s (pid %d) %s, %d times in a minute: giving it up", service->name, pid, why, RESTARTS_MAX);
    close(service->channel); /* no one can serve it any more: calls fail with EIO */
    service->channel = -1;
    unmap(service->word, PAGE); /* nor read what it kept */
    close(service->store);
}

/* Memory for a server's state. 0, or an error. */
static int make_store(struct service *service)
{
    struct system_info info;
    int result = system_info(&info);
    uint64_t bytes = service->store_bytes != 0 ? service->store_bytes : info.frames_total / 2 * 3 * PAGE;

    if (result < 0)
        return result;
    service->store = put_away(memory_create(bytes));
    if (service->store < 0)
        return service->store;
    result = memory_commit(service->store, 0, PAGE);
    if (result == 0) {
        service->word = map(service->store, 0, PAGE, MAP_READ | MAP_WRITE);
        result = service->word != NULL ? 0 : -ENOMEM;
    }
    if (result < 0)
        close(service->store);
    return result;
}

/* A server that time and again dies by itself of what it finds in its store gets a new one. One that was killed,
 * or had no memory to start in, says nothing about its store. */
static void judge_store(struct service *service, const struct exit_status *status)
{
    bool crashed = status->signal == SIGSEGV || status->signal == SIGILL || status->signal == SIGABRT;
    bool refused = status->signal == 0 && status->code == SERVER_EXIT_BAD_STORE;

    memory_commit(service->store, 0, PAGE); /* it is there, unless the server has thrown it away */
    if (service->word->served != 0)
        service->deaths = 0;
    if (service->word->served != 0 || !(crashed || refused))
        return;
    if (++service->deaths < STORE_DEATHS_MAX)
        return;
    service->deaths = 0;

    struct service old = *service;

    if (make_store(service) < 0) {
        service->store = old.store;
        service->word = old.word;
        return;
    }
    unmap(old.word, PAGE);
    close(old.store);
    say("%s has died %d times before it served anyone: what it had kept is lost, it begins anew", service->name,
        STORE_DEATHS_MAX);
}

static void start(struct service *service)
{
    service->word->served = 0;

    int pid = fork_flags(0);

    if (pid == 0)
        become(service);
    service->pid = pid;
    if (pid < 0)
        plan_start(service, 0, "could not be started");
}

/* What a server is given besides its channel and store. A handle, or an error, which has been told. */
static int get_extra(const struct service *service)
{
    int extra;

    if (service->device != NULL)
        extra = device_claim(INIT_HANDLE_MACHINE, service->device, 0);
    else
        extra = channel_connect(services[service->needs].channel, 0, SESSION_READ | SESSION_WRITE);
    if (extra == -ENODEV)
        say("this machine has no %s, which %s needs", service->device, service->name);
    else if (extra < 0)
        say("%s: cannot have what it needs: error %d", service->name, -extra);
    return put_away(extra);
}

static int prepare(struct service *service, int extra, int trace)
{
    service->channel = put_away(channel_create(service->rank));
    service->extra = extra;
    service->trace = trace;
    if (service->channel < 0)
        return service->channel;
    return extra < 0 ? extra : make_store(service);
}

/* The first virtio device of this kind: there are several places for one, and only the registers say what is in
 * which. A device handle, or an error. */
static int claim_virtio(uint32_t kind)
{
    for (int i = 0;; i++) {
        int device = device_claim(INIT_HANDLE_MACHINE, "virtio,mmio", i);

        if (device < 0)
            return device;

        volatile uint32_t *registers = map(device, 0, PAGE, MAP_READ);
        bool found = registers != NULL && registers[0] == VIRTIO_MAGIC && registers[2] == kind;

        if (registers != NULL)
            unmap((void *)registers, PAGE);
        if (found)
            return put_away(device);
        close(device);
    }
}

/* The tracer is there when the trace was asked for, with the boot option tracer, and the machine has a port for it: a
 * virtio console. Without the option nobody looks for one, which takes longer than all else that init does. */
static void prepare_tracer(void)
{
    struct service *tracer = &services[TRACER];
    char none[1];
    bool wanted = boot_option("tracer", none, sizeof none) >= 0;
    int trace = wanted ? put_away(device_claim(INIT_HANDLE_MACHINE, TRACE_DEVICE, 0)) : -ENOENT;
    int port = trace < 0 ? trace : claim_virtio(VIRTIO_CONSOLE);
    int result = port < 0 ? port : prepare(tracer, port, trace);

    if (result >= 0)
        return;
    if (wanted)
        say("tracer: cannot have what it needs: error %d", -result);
    tracer->channel = -1;
}

int services_start(void)
{
    int64_t size = memory_size(INIT_HANDLE_INITRD);

    archive = size > 0 ? map(INIT_HANDLE_INITRD, 0, (uint64_t)size, MAP_READ) : NULL;
    if (archive == NULL)
        return size < 0 ? (int)size : -ENOMEM;
    archive_size = (size_t)size;
    for (int i = 0; i < TRACER; i++) {
        int result = prepare(&services[i], get_extra(&services[i]), -1);

        if (result < 0)
            return result;
    }
    prepare_tracer();
    for (int i = 0; i < SERVICES; i++)
        if (services[i].channel >= 0)
            start(&services[i]);
    return put_away(channel_connect(services[RAMFS].channel, 0, SESSION_READ));
}

int services_tracer(void)
{
    return services[TRACER].channel < 0 ? -ENOENT : channel_connect(services[TRACER].channel, 0, SESSION_READ);
}

bool services_ended(int pid, const struct exit_status *status)
{
    for (int i = 0; i < SERVICES; i++) {
        if (services[i].pid == pid) {
            judge_store(&services[i], status);
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

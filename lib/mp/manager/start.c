/*
 * A manager's life, seen from outside: started, opened, asked, shut down, closed.
 */
#include "client.h"
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <kinglet/system.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_BYTES 64 /* capacity of the pipe that the server says in that it is ready */

static unsigned started; /* by this process: a part of their names */

/* Waits until the server sends the door, or is dead. */
static int receive_door(struct mp_manager *m, int receiver)
{
    int error = -EIO, sentinel = mp_process_sentinel(m->process);
    struct pollfd either[2] = {{.fd = receiver, .events = POLLIN}, {.fd = sentinel, .events = POLLIN}};
    if (sentinel < 0)
        return sentinel;
    poll(either, 2, -1);
    int64_t got = message_receive(receiver, &error, sizeof error, &m->door, 1, 0);
    return got == sizeof error ? error : got == -EMFILE || got == -ENOMEM ? (int)got : -EIO;
}

/* A daemon process that will serve; not started. */
static int make_process(struct mp_manager *m, struct server_start *args)
{
    char name[MP_NAME_MAX];
    int error = mp_process_create(&m->process, server_main, args);
    if (error)
        return error;
    snprintf(name, sizeof name, "Manager-%u", ++started);
    mp_process_set_name(m->process, name);
    mp_process_set_daemon(m->process, 1);
    m->starter = getpid();
    return 0;
}

/* It has ended, or does not matter any more. */
static void end_process(struct mp_manager *m)
{
    mp_process_kill(m->process); /* -ESRCH: it was never started */
    mp_process_join(m->process, -1);
    mp_process_close(m->process);
    m->process = NULL;
}

static int start(struct mp_manager *m, size_t max_bytes)
{
    int ends[2];
    struct server_start args = {.max_bytes = max_bytes};
    int error = make_process(m, &args);
    if (error)
        return error;
    error = message_pipe(ends, START_BYTES, 1, 0);
    if (!error) {
        args.sender = ends[1];
        error = mp_process_start(m->process);
        close(ends[1]);
        if (!error)
            error = receive_door(m, ends[0]);
        close(ends[0]);
    }
    if (error)
        end_process(m);
    return error;
}

static struct mp_manager *new_manager(void)
{
    struct mp_manager *m = calloc(1, sizeof *m);
    if (m)
        m->door = -1;
    return m;
}

int mp_manager_start_limited(struct mp_manager **manager, size_t max_bytes)
{
    struct mp_manager *m = new_manager();
    int error = m ? start(m, max_bytes) : -ENOMEM;
    if (error)
        free(m);
    else
        *manager = m;
    return error;
}

int mp_manager_start(struct mp_manager **manager)
{
    return mp_manager_start_limited(manager, MP_MANAGER_BYTES);
}

int mp_manager_open(struct mp_manager **manager, int door, const void *authkey)
{
    struct mp_manager *m = new_manager();
    if (!m)
        return -ENOMEM;
    m->door = door;
    m->has_key = authkey != NULL;
    if (authkey)
        memcpy(m->authkey, authkey, sizeof m->authkey);
    *manager = m;
    return 0;
}

int mp_manager_door(const struct mp_manager *manager)
{
    return manager->door;
}

struct mp_process *mp_manager_process(struct mp_manager *manager)
{
    return manager->starter == getpid() ? manager->process : NULL;
}

int mp_manager_shutdown(struct mp_manager *manager)
{
    struct mp_process *server = mp_manager_process(manager);
    if (!server)
        return -EPERM;
    int64_t result = mp_process_is_alive(server) ? manager_call(manager, MANAGER_SHUTDOWN, (struct manager_request){0},
                                                               NULL) : 0;
    if (result < 0) /* it cannot be told (no memory, another key meanwhile), or has ended by now */
        mp_process_terminate(server);
    result = mp_process_join(server, -1);
    return result == -ECHILD ? 0 : (int)result; /* somebody took its end away with wait(): it has ended */
}

int mp_manager_close(struct mp_manager *manager)
{
    if (manager->process && mp_process_close(manager->process) == -EBUSY)
        return -EBUSY;
    uint64_t connected = atomic_load(&manager->connected);
    if (connected >> 32 == (uint64_t)self_pid())
        close((int)(uint32_t)connected);
    if (manager->door >= 0)
        close(manager->door);
    free(manager);
    return 0;
}

int mp_manager_info(struct mp_manager *manager, struct mp_manager_info *info)
{
    const struct parts parts = {.answer = info, .room = sizeof *info};
    int64_t result = manager_call(manager, MANAGER_INFO, (struct manager_request){0}, &parts);
    return result < 0 ? (int)result : 0;
}

int64_t mp_manager_objects(struct mp_manager *manager)
{
    struct mp_manager_info info;
    int error = mp_manager_info(manager, &info);
    return error ? error : (int64_t)info.objects;
}

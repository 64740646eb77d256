/*
 * Process: see <mp/process.h>. Each process has a list of the children that it started and has not joined. A fork
 * copies the list, so it says whose it is (`owner`).
 */
#include <mp/process.h>

#include <errno.h>
#include <kinglet/system.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define EXIT_CODE_MASK 255

struct mp_process {
    struct mp_process *next; /* in the list of children */
    int creator;             /* pid */
    int (*target)(void *args);
    void *args;
    bool daemon, started, ended;
    int pid;
    int exit_code;
    int sentinel;            /* handle, or -1 */
    unsigned created;        /* how many it has created, which is part of their names */
    char name[MP_NAME_MAX];
    unsigned char authkey[MP_AUTHKEY_BYTES];
};

static struct mp_process main_process;
static struct mp_process *current; /* NULL: nobody has asked yet */
static struct mp_process *children;
static int owner; /* pid of whoever the list belongs to; 0: nobody has started one */

/* ---- who I am ---- */

struct mp_process *mp_current_process(void)
{
    int me = getpid();
    if (current && current->pid == me)
        return current;
    /* Where main runs; or a child of a plain fork, which nobody created either. It has the key of the process that it is
     * a copy of, as every child. */
    unsigned char key[MP_AUTHKEY_BYTES];
    if (current)
        memcpy(key, current->authkey, sizeof key);
    else
        getrandom(key, sizeof key, 0); /* it cannot fail: the buffer is good */
    memset(&main_process, 0, sizeof main_process);
    memcpy(main_process.authkey, key, sizeof key);
    main_process.pid = me;
    main_process.started = true;
    main_process.exit_code = MP_NO_EXIT_CODE;
    main_process.sentinel = -1;
    strcpy(main_process.name, "MainProcess");
    current = &main_process;
    return current;
}

static bool is_creator(const struct mp_process *p)
{
    return p->creator == getpid();
}

/* ---- making and describing ---- */

int mp_process_create(struct mp_process **process, int (*target)(void *args), void *args)
{
    struct mp_process *me = mp_current_process(), *p = calloc(1, sizeof *p);
    if (!p)
        return -ENOMEM;
    p->creator = me->pid;
    p->target = target;
    p->args = args;
    p->daemon = me->daemon;
    p->exit_code = MP_NO_EXIT_CODE;
    p->sentinel = -1;
    memcpy(p->authkey, me->authkey, sizeof p->authkey);
    me->created++;
    if (me == &main_process)
        snprintf(p->name, sizeof p->name, "Process-%u", me->created);
    else
        snprintf(p->name, sizeof p->name, "%s:%u", me->name, me->created);
    *process = p;
    return 0;
}

static int may_set(const struct mp_process *p)
{
    return !is_creator(p) ? -EPERM : p->started ? -EALREADY : 0;
}

int mp_process_set_name(struct mp_process *process, const char *name)
{
    int error = may_set(process);
    if (!error && strlen(name) >= MP_NAME_MAX)
        error = -ENAMETOOLONG;
    if (!error)
        strcpy(process->name, name);
    return error;
}

int mp_process_set_daemon(struct mp_process *process, int daemon)
{
    int error = may_set(process);
    if (!error)
        process->daemon = daemon != 0;
    return error;
}

int mp_process_set_authkey(struct mp_process *process, const void *key)
{
    int error = may_set(process);
    if (!error)
        memcpy(process->authkey, key, MP_AUTHKEY_BYTES);
    return error;
}

const char *mp_process_name(const struct mp_process *process)
{
    return process->name;
}

int mp_process_daemon(const struct mp_process *process)
{
    return process->daemon;
}

int mp_process_pid(const struct mp_process *process)
{
    return process->pid;
}

const void *mp_process_authkey(const struct mp_process *process)
{
    return process->authkey;
}

/* ---- ends ---- */

static void forget(struct mp_process *p)
{
    struct mp_process **link = &children;
    while (*link && *link != p)
        link = &(*link)->next;
    if (*link)
        *link = p->next;
}

/* Takes its end, if it has ended; waits for that with `block`. 0: it has; -ETIMEDOUT; -ECHILD. Only for the creator of one
 * that was started. */
static int take_end(struct mp_process *p, bool block)
{
    struct exit_status status;
    if (p->ended)
        return p->exit_code == MP_NO_EXIT_CODE ? -ECHILD : 0;
    int result = wait_status(p->pid, &status, block ? 0 : WAIT_NOHANG);
    if (result == 0)
        return -ETIMEDOUT;
    p->ended = true;
    forget(p);
    if (result < 0)
        return result;
    p->exit_code = status.signal ? -status.signal : status.code & EXIT_CODE_MASK;
    return 0;
}

/* Started by the caller and not ended yet, as far as is known. */
static bool is_my_child(const struct mp_process *p)
{
    return p->started && !p->ended && is_creator(p);
}

int mp_process_join(struct mp_process *process, int timeout_ms)
{
    if (!is_creator(process))
        return -EPERM;
    if (!process->started)
        return -ESRCH;
    int result = take_end(process, timeout_ms < 0);
    if (result != -ETIMEDOUT || timeout_ms == 0)
        return result;
    struct pollfd ended = {.fd = mp_process_sentinel(process), .events = POLLIN};
    if (ended.fd < 0)
        return ended.fd;
    poll(&ended, 1, timeout_ms);
    return take_end(process, false);
}

int mp_process_is_alive(struct mp_process *process)
{
    if (process == mp_current_process())
        return 1;
    if (!is_creator(process))
        return -EPERM;
    if (is_my_child(process))
        take_end(process, false);
    return process->started && !process->ended;
}

static int end_by(struct mp_process *p, int signal)
{
    if (!p->started)
        return -ESRCH;
    if (is_my_child(p))
        take_end(p, false); /* from here on nobody else can have its pid */
    if (p->ended || kill(p->pid, signal) == 0 || errno == ESRCH)
        return 0;
    return -errno;
}

int mp_process_terminate(struct mp_process *process)
{
    return end_by(process, SIGTERM);
}

int mp_process_kill(struct mp_process *process)
{
    return end_by(process, SIGKILL);
}

int mp_process_exit_code(struct mp_process *process)
{
    if (is_my_child(process))
        take_end(process, false);
    return process->exit_code;
}

int mp_process_sentinel(struct mp_process *process)
{
    if (process->sentinel >= 0)
        return process->sentinel;
    if (!is_creator(process))
        return -EPERM;
    if (!process->started || process->ended)
        return -ESRCH;
    process->sentinel = process_open(process->pid); /* a child that was not waited for: its pid is its own */
    return process->sentinel;
}

int mp_process_close(struct mp_process *process)
{
    if (is_my_child(process) && take_end(process, false) == -ETIMEDOUT)
        return -EBUSY;
    if (process->sentinel >= 0)
        close(process->sentinel);
    free(process);
    return 0;
}

int mp_active_children(struct mp_process *list[], int n)
{
    int count = 0;
    struct mp_process *next;
    for (struct mp_process *p = owner == getpid() ? children : NULL; p; p = next) {
        next = p->next;
        if (take_end(p, false) != -ETIMEDOUT)
            continue;
        if (count < n)
            list[count] = p;
        count++;
    }
    return count;
}

/* ---- start, and the orderly end of whoever has started one ---- */

static void end_children(void)
{
    if (owner != getpid())
        return; /* a plain fork of the owner */
    for (struct mp_process *p = children; p; p = p->next)
        if (p->daemon)
            kill(p->pid, SIGTERM);
    while (children)
        take_end(children, true);
}

/* In the process that will own the list. 0 or -ENOMEM. */
static int own_children(void)
{
    int me = getpid();
    if (owner == 0 && atexit(end_children) < 0)
        return -ENOMEM; /* a fork has the handler already */
    if (owner != me)
        children = NULL;
    owner = me;
    return 0;
}

int mp_process_run(struct mp_process *process)
{
    return process->target ? process->target(process->args) : 0;
}

int mp_process_start(struct mp_process *process)
{
    int error = may_set(process);
    if (error)
        return error;
    error = own_children();
    if (error)
        return error;
    mp_active_children(NULL, 0); /* who has ended makes room */
    fflush(NULL);
    int pid = fork_flags(process->daemon ? FORK_DAEMON : 0);
    if (pid < 0)
        return pid;
    process->started = true;
    if (pid > 0) {
        process->pid = pid;
        process->next = children;
        children = process;
        return 0;
    }
    process->pid = getpid();
    current = process;
    setname(process->name);
    exit(mp_process_run(process));
}

/*
 * Process: see <mp/process.h>. Each process has a list of the children that it started and has not joined. A fork
 * copies the list, so it says whose it is (`owner`).
 *
 * One lock for all of it, private memory: any thread of the creator may do what the creator may. It is held across each
 * fork, so a child finds the list whole (enter). Nobody waits for a child's end with it held.
 */
#include "internal.h"
#include <mp/process.h>
#include <mp/rlock.h>

#include <errno.h>
#include <kinglet/thread.h>
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
    bool starting;           /* a thread is about to fork it */
    bool told;               /* a daemon, and its parent has told it to end, as it ends itself */
    unsigned users;          /* threads that wait for its end, without the lock */
    unsigned takers;         /* those of them that are in wait_status */
    mp_word changes;         /* of `ended` and `users`: for threads to sleep on */
    int pid;
    int exit_code;
    int sentinel;            /* handle, or -1 */
    unsigned created;        /* how many it has created, which is part of their names */
    char name[MP_NAME_MAX];
    unsigned char authkey[MP_AUTHKEY_BYTES];
};

static struct mp_rlock lock; /* protects all below, and what can change in each struct mp_process */
static struct mp_process main_process;
static struct mp_process *current; /* NULL: nobody has asked yet */
static struct mp_process *children;
static unsigned gaps;  /* how often the lock was let go of in the middle of a function */
static int owner; /* pid of whoever the list belongs to; 0: nobody has started one */

/* ---- the lock ---- */

static void acquire(void)
{
    mp_rlock_acquire(&lock, -1);
}

static void release(void)
{
    mp_rlock_release(&lock);
}

static _Thread_local bool keeps_lock; /* mp_process_start wants it after its fork */

static void release_after_fork(void)
{
    if (!keeps_lock)
        release();
}

static void renew(void)
{
    mp_rlock_init(&lock, 0); /* who forked held it, and has another number here */
}

static void enter(void)
{
    static struct thread_at_fork handlers = {.before = acquire, .parent = release_after_fork, .child = renew};
    static _Atomic bool known;
    if (!known) {
        thread_at_fork(&handlers);
        known = true;
    }
    acquire();
}

/* A function that begins with this has the lock until it returns. */
#define ENTERED int entered __attribute__((cleanup(leave), unused)) = (enter(), 0)
static void leave(int *unused)
{
    (void)unused;
    release();
}

/* ---- who I am ---- */

struct mp_process *mp_current_process(void)
{
    ENTERED;
    int me = self_pid();
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
    return p->creator == self_pid();
}

/* ---- making and describing ---- */

int mp_process_create(struct mp_process **process, int (*target)(void *args), void *args)
{
    struct mp_process *p = calloc(1, sizeof *p);
    if (!p)
        return -ENOMEM;
    ENTERED;
    struct mp_process *me = mp_current_process();
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
    return !is_creator(p) ? -EPERM : p->started || p->starting ? -EALREADY : 0;
}

int mp_process_set_name(struct mp_process *process, const char *name)
{
    ENTERED;
    int error = may_set(process);
    if (!error && !name)
        error = -EINVAL;
    if (!error && strlen(name) >= MP_NAME_MAX)
        error = -ENAMETOOLONG;
    if (!error)
        strcpy(process->name, name);
    return error;
}

int mp_process_set_daemon(struct mp_process *process, int daemon)
{
    ENTERED;
    int error = may_set(process);
    if (!error)
        process->daemon = daemon != 0;
    return error;
}

int mp_process_set_authkey(struct mp_process *process, const void *key)
{
    ENTERED;
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

static void changed(struct mp_process *p)
{
    for (;;) {
        uint32_t seen = atomic_load(&p->changes);
        if (mp_change(&p->changes, seen, VALUE(seen + 1), UINT32_MAX, NULL))
            return;
    }
}

static void write_down(struct mp_process *p, int exit_code)
{
    p->exit_code = exit_code;
    p->ended = true;
    forget(p);
    changed(p);
}

static void leave_alone(struct mp_process *p)
{
    p->users--;
    changed(p);
}

static void wait_for_change(struct mp_process *p)
{
    uint32_t seen = atomic_load(&p->changes);
    if (!mp_will_wait(&p->changes, &seen))
        return;
    release();
    futex_wait(&p->changes, seen, -1, 0, 0, NULL);
    acquire();
    gaps++;
}

/* Takes its end, if it has ended; waits for that with `block`. 0: it has; -ETIMEDOUT; -ECHILD. Only for the creator of one
 * that was started. The lock is held, once, and is let go of meanwhile. */
static int take_end(struct mp_process *p, bool block)
{
    struct exit_status status;
    if (p->ended)
        return p->exit_code == MP_NO_EXIT_CODE ? -ECHILD : 0;
    p->users++;
    p->takers += block;
    if (block)
        release();
    int result = wait_status(p->pid, &status, block ? 0 : WAIT_NOHANG);
    if (block)
        acquire();
    p->takers -= block;
    if (result > 0)
        write_down(p, status.signal ? -status.signal : status.code & EXIT_CODE_MASK);
    else if (result < 0 && !p->ended && p->takers == 0)
        write_down(p, MP_NO_EXIT_CODE);
    else if (result < 0)
        while (!p->ended) /* another thread is in wait_status: it has its end, or comes back without it, as we did */
            wait_for_change(p);
    leave_alone(p);
    return result == 0 ? -ETIMEDOUT : p->exit_code == MP_NO_EXIT_CODE ? -ECHILD : 0;
}

/* Started by this process and not ended yet, as far as is known. */
static bool is_my_child(const struct mp_process *p)
{
    return p->started && !p->ended && is_creator(p);
}

static int sentinel_of(struct mp_process *p)
{
    if (p->sentinel >= 0)
        return p->sentinel;
    if (!is_creator(p))
        return -EPERM;
    if (!p->started || p->ended)
        return -ESRCH;
    p->sentinel = process_open(p->pid); /* a child that was not waited for: its pid is its own */
    return p->sentinel;
}

int mp_process_join(struct mp_process *process, int timeout_ms)
{
    ENTERED;
    if (!is_creator(process))
        return -EPERM;
    if (!process->started)
        return -ESRCH;
    int result = take_end(process, timeout_ms < 0);
    if (result != -ETIMEDOUT || timeout_ms == 0)
        return result;
    struct pollfd ended = {.fd = sentinel_of(process), .events = POLLIN};
    if (ended.fd < 0)
        return process->ended ? take_end(process, false) : ended.fd;
    process->users++;
    release();
    poll(&ended, 1, timeout_ms);
    acquire();
    leave_alone(process);
    return take_end(process, false);
}

int mp_process_is_alive(struct mp_process *process)
{
    ENTERED;
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
    ENTERED;
    if (!p->started)
        return -ESRCH;
    if (is_my_child(p))
        take_end(p, false); /* from here on nobody else can have its pid, so soon */
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
    ENTERED;
    if (is_my_child(process))
        take_end(process, false);
    return is_creator(process) ? process->exit_code : MP_NO_EXIT_CODE;
}

int mp_process_sentinel(struct mp_process *process)
{
    ENTERED;
    return sentinel_of(process);
}

static int retire(struct mp_process *p)
{
    ENTERED;
    if (p == mp_current_process() || p == &main_process)
        return -EBUSY;
    if (!is_creator(p))
        return 0; /* a copy: those who use the creator's are not here */
    if (p->starting || (is_my_child(p) && take_end(p, false) == -ETIMEDOUT))
        return -EBUSY;
    while (p->users) /* it has ended, so they are about to come back */
        wait_for_change(p);
    return 0;
}

int mp_process_close(struct mp_process *process)
{
    int error = retire(process);
    if (error)
        return error;
    if (process->sentinel >= 0)
        close(process->sentinel);
    free(process);
    return 0;
}

int mp_active_children(struct mp_process *list[], int n)
{
    ENTERED;
    int count = 0;
    struct mp_process *next;
    for (struct mp_process *p = owner == self_pid() ? children : NULL; p; p = next) {
        unsigned before = gaps;
        next = p->next;
        if (take_end(p, false) != -ETIMEDOUT) {
            if (gaps != before) { /* who knows what next is by now */
                next = children;
                count = 0;
            }
            continue;
        }
        if (count < n)
            list[count] = p;
        count++;
    }
    return count;
}

/* ---- start, and the orderly end of whoever has started one ---- */

static _Atomic bool exit_knows;          /* exit will call end_children: in a fork, too */
static _Atomic int ending_pid, ending_tid; /* the process, and its thread, in which exit has called it */

/* All at once, so that nobody has to wait for one after the other. */
static void end_daemons(void)
{
    for (struct mp_process *p = children; p; p = p->next)
        if (p->daemon && !p->told) {
            kill(p->pid, SIGTERM);
            p->told = true;
        }
}

static void end_children(void)
{
    ENTERED;
    bool mine = owner == self_pid(); /* not in a plain fork of the owner */
    while (mine && children) {
        end_daemons(); /* each time: other threads may have started some meanwhile */
        take_end(children, true);
    }
    ending_pid = self_pid();
    ending_tid = self_tid();
    exit_knows = false; /* it has struck this off; what atexit was given earlier is still to come, and may start one */
}

/* atexit would wait for the thread that is in exit, and that one may be waiting for us, in a handler. */
static bool another_thread_ends_us(void)
{
    return ending_pid == self_pid() && ending_tid != self_tid();
}

/* In the process that will own the list. 0 or -ENOMEM. */
static int own_children(void)
{
    if (!exit_knows && !another_thread_ends_us()) {
        if (atexit(end_children) < 0) /* two threads may come here at once, and it is done twice: no harm */
            return -ENOMEM;
        exit_knows = true;
    }
    ENTERED;
    int me = self_pid();
    if (owner != me)
        children = NULL;
    owner = me;
    return 0;
}

/* From here on no other thread can start it, or set anything. */
static int claim(struct mp_process *p)
{
    ENTERED;
    int error = may_set(p);
    p->starting = p->starting || !error;
    return error;
}

int mp_process_run(struct mp_process *process)
{
    return process->target ? process->target(process->args) : 0;
}

int mp_process_start(struct mp_process *process)
{
    int error = own_children(); /* without the lock: exit holds its own while it calls end_children, which takes ours */
    if (!error)
        error = claim(process);
    if (error)
        return error;
    mp_active_children(NULL, 0); /* who has ended makes room */
    fflush(NULL);
    keeps_lock = true;
    int pid = fork_flags(process->daemon ? FORK_DAEMON : 0);
    keeps_lock = false;
    process->starting = false;
    process->started = pid >= 0;
    if (pid > 0) {
        process->pid = pid;
        process->next = children;
        children = process;
    }
    if (pid) {
        release();
        return pid < 0 ? pid : 0;
    }
    fpurge(NULL); /* what other threads have printed since: their process prints it */
    process->pid = self_pid();
    current = process;
    setname(process->name);
    exit(mp_process_run(process));
}

/*
 * poll: see poll.h. Called by its system call alone.
 */
#include "ipc/poll.h"

#include "mem/cache.h"
#include "riscv/clock.h"
#include "sched/sched.h"

#define POLL_ON_STACK 4
#define POLL_BATCH 128 /* dealt with at one go */

struct polled {
    struct pollfd fd;
    struct object *object; /* NULL: ignored or no such handle */
    struct waiter waiter;
};

static int look(struct polled *p, struct waiter *w)
{
    if (!p->object)
        return p->fd.fd < 0 ? 0 : POLLNVAL;
    int bits = p->object->ops->poll ? p->object->ops->poll(p->object, w) : POLLIN | POLLOUT;
    return bits & (p->fd.events | POLLERR | POLLHUP | POLLNVAL);
}

/* After the i-th of many. */
static void breathe(uint64_t i)
{
    if (i % POLL_BATCH == POLL_BATCH - 1)
        sched_breathe();
}

/* `join`: we are BLOCKED, so there is no breath to be taken. */
static int look_at_all(struct polled *list, uint64_t n, bool join)
{
    int ready = 0;
    for (uint64_t i = 0; i < n; i++) {
        list[i].fd.revents = (short)look(&list[i], join ? &list[i].waiter : NULL);
        ready += list[i].fd.revents != 0;
        if (!join)
            breathe(i);
    }
    return ready;
}

static void leave_all(struct polled *list, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (list[i].object && list[i].object->ops->unpoll)
            list[i].object->ops->unpoll(list[i].object, &list[i].waiter);
        breathe(i);
    }
}

static int wait_for_any(struct polled *list, uint64_t n, uint64_t when)
{
    int ready = look_at_all(list, n, false);
    while (!ready && clock_ticks() < when) {
        /* BLOCKED first, then look: a change after the look finds us BLOCKED and wakes us. */
        wait_block(WAIT_FOR_poll);
        ready = look_at_all(list, n, true);
        int error = 0;
        if (ready)
            wait_unblock();
        else
            error = wait_switch_until(when);
        leave_all(list, n);
        if (error == -EINTR)
            return error;
        sched_breathe();
        ready = look_at_all(list, n, false);
    }
    return ready;
}

int64_t poll_handles(user_addr fds, uint64_t n, uint64_t when)
{
    struct polled few[POLL_ON_STACK], *list = few;
    struct space *space = this_proc()->space;
    if (n > HANDLE_MAX)
        return -EINVAL;
    if (n > POLL_ON_STACK) {
        list = kmalloc(n * sizeof *list);
        if (!list)
            return -ENOMEM;
    }
    int64_t result = 0;
    uint64_t got = 0;
    for (; got < n && !result; got++) {
        struct polled *p = &list[got];
        p->object = NULL;
        list_node_init(&p->waiter.node);
        if (copy_in(space, &p->fd, user_plus(fds, got * sizeof p->fd), sizeof p->fd))
            result = -EFAULT;
        else if (p->fd.fd >= 0)
            p->object = handle_get(p->fd.fd);
        breathe(got);
    }
    if (!result)
        result = wait_for_any(list, n, when);
    for (uint64_t i = 0; i < got; i++) {
        if (result >= 0 && copy_out(space, user_plus(fds, i * sizeof list->fd), &list[i].fd, sizeof list->fd))
            result = -EFAULT;
        object_put(list[i].object);
        breathe(i);
    }
    if (list != few)
        kfree(list);
    return result;
}

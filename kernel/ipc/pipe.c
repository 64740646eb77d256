/*
 * Pipes: see pipe.h. POSIX rules: a read returns what is there and 0 when all writers are gone; a
 * write of at most PIPE_BUF bytes goes in whole, a longer one in pieces; without readers -EPIPE.
 *
 * The copying between user memory and the pipe's frames is done under the pipe's lock, from and to
 * pages that were pinned before it was taken (copies may fault, so faults come first).
 */
#include "ipc/pipe.h"

#include "mem/cache.h"
#include "mem/frame.h"
#include "proc/job.h"
#include "proc/proc.h"
#include "sched/sched.h"

#include <common/string.h>

#define PIPE_FRAMES 16 /* a power of two */
#define PIPE_BYTES (PIPE_FRAMES * PAGE_SIZE)
#define PIPE_PINS 2 /* PIPE_BUF bytes lie in at most this many pages */

struct pipe {
    struct object reader, writer;
    struct job *job; /* constant: pays for PIPE_FRAMES pages, whether they are in use or not */

    struct spinlock lock; /* LOCK_PIPE; protects all below */
    bool no_readers, no_writers;
    uint64_t read_at, written_at; /* bytes ever; the difference is what is in it */
    char *frame[PIPE_FRAMES];     /* byte b lies in frame[b / PAGE_SIZE % PIPE_FRAMES] */
    struct wait_queue readers, writers; /* blocked ones; woken one at a time */
    struct wait_queue read_pollers, write_pollers;
};

static struct cache pipe_cache = CACHE("pipe", struct pipe);
static const struct object_ops reader_ops, writer_ops;

uint64_t pipes_live(void)
{
    return cache_live(&pipe_cache);
}

bool object_is_pipe(struct object *o)
{
    return o->ops == &reader_ops || o->ops == &writer_ops;
}

static struct pipe *of_reader(struct object *o)
{
    return container_of(o, struct pipe, reader);
}

static struct pipe *of_writer(struct object *o)
{
    return container_of(o, struct pipe, writer);
}

int pipe_create(struct object **reader, struct object **writer)
{
    struct pipe *p = cache_alloc(&pipe_cache);
    if (!p)
        return -ENOMEM;
    p->job = job_pay(PIPE_FRAMES);
    if (!p->job) {
        cache_free(&pipe_cache, p);
        return -ENOMEM;
    }
    object_init(&p->reader, &reader_ops);
    object_init(&p->writer, &writer_ops);
    spin_init(&p->lock, "pipe", LOCK_PIPE);
    wait_queue_init(&p->readers, WAIT_FOR_pipe_read);
    wait_queue_init(&p->writers, WAIT_FOR_pipe_write);
    wait_queue_init(&p->read_pollers, WAIT_FOR_poll);
    wait_queue_init(&p->write_pollers, WAIT_FOR_poll);
    *reader = &p->reader;
    *writer = &p->writer;
    return 0;
}

/* ---- the buffer; the lock is held ---- */

static uint64_t filled(const struct pipe *p)
{
    return p->written_at - p->read_at;
}

/* Makes sure that there are frames under the next n free bytes. False: out of memory. */
static bool have_frames(struct pipe *p, uint64_t n)
{
    for (uint64_t at = p->written_at & ~PAGE_MASK; at < p->written_at + n; at += PAGE_SIZE) {
        char **slot = &p->frame[at / PAGE_SIZE % PIPE_FRAMES];
        if (*slot)
            continue;
        struct frame *frame = frame_alloc();
        if (!frame)
            return false;
        *slot = frame_pointer(frame);
    }
    return true;
}

static void put_bytes(struct pipe *p, const char *from, uint64_t n)
{
    while (n) {
        uint64_t offset = p->written_at % PAGE_SIZE, part = PAGE_SIZE - offset;
        part = part < n ? part : n;
        memcpy(p->frame[p->written_at / PAGE_SIZE % PIPE_FRAMES] + offset, from, part);
        p->written_at += part;
        from += part;
        n -= part;
    }
}

static void get_bytes(struct pipe *p, char *to, uint64_t n)
{
    while (n) {
        uint64_t offset = p->read_at % PAGE_SIZE, part = PAGE_SIZE - offset;
        char **slot = &p->frame[p->read_at / PAGE_SIZE % PIPE_FRAMES];
        part = part < n ? part : n;
        memcpy(to, *slot + offset, part);
        p->read_at += part;
        to += part;
        n -= part;
        /* A frame that has been read to its end goes back, unless the newest bytes have come round to
         * its start, or it is the only one: a small pipe that is used all the time keeps its frame. */
        if (offset + part == PAGE_SIZE && filled(p) >= PAGE_SIZE && filled(p) <= PIPE_BYTES - PAGE_SIZE) {
            frame_free(frame_at(virt_to_phys(*slot)));
            *slot = NULL;
        }
    }
    if (filled(p) == 0) /* start over in the same frame */
        p->read_at = p->written_at = (p->read_at - 1) & ~(uint64_t)PAGE_MASK;
}

/* ---- pinned user memory ---- */

struct pins {
    struct user_pin pin[PIPE_PINS];
    unsigned count;
    uint64_t bytes;
};

static int pin_user(struct pins *pins, user_addr buffer, uint64_t n, int access)
{
    pins->count = 0;
    pins->bytes = 0;
    while (n && pins->count < PIPE_PINS) {
        struct user_pin *pin = &pins->pin[pins->count];
        int error = user_pin(this_proc()->space, user_plus(buffer, pins->bytes), n, access, pin);
        if (error)
            return pins->count ? 0 : error; /* the caller sees the fault when it comes to it */
        pins->count++;
        pins->bytes += pin->n;
        n -= pin->n;
    }
    return 0;
}

static void unpin_user(struct pins *pins)
{
    while (pins->count)
        user_unpin(&pins->pin[--pins->count]);
}

static void move(struct pipe *p, struct pins *pins, uint64_t n, bool in)
{
    for (unsigned i = 0; n; i++) {
        uint64_t part = pins->pin[i].n < n ? pins->pin[i].n : n;
        if (in)
            put_bytes(p, pins->pin[i].p, part);
        else
            get_bytes(p, pins->pin[i].p, part);
        n -= part;
    }
}

/* ---- read and write ---- */

/* The lock is held and dropped; unpins, waits. A pin is never held while asleep. */
static int wait_unpinned(struct pipe *p, struct wait_queue *q, struct pins *pins)
{
    struct waiter w;
    wait_enter(q, &w);
    spin_unlock(&p->lock);
    unpin_user(pins);
    int result = wait_switch();
    spin_lock(&p->lock);
    if (list_linked(&w.node))
        list_remove(&w.node);
    else if (result)
        wake_one(q); /* chosen, but will not use it */
    spin_unlock(&p->lock);
    return result;
}

/* No lock is held. Whoever leaves without having used what it may have been woken for hands that on. */
static int64_t leave(struct pipe *p, struct wait_queue *q, int64_t result)
{
    spin_lock(&p->lock);
    wake_one(q);
    spin_unlock(&p->lock);
    return result;
}

/* A look without the lock: whoever will have to wait need not pin first. It may be mistaken; what counts is said with the lock. */
static bool looks_empty(const struct pipe *p)
{
    return __atomic_load_n(&p->written_at, __ATOMIC_RELAXED) == __atomic_load_n(&p->read_at, __ATOMIC_RELAXED);
}

static int64_t pipe_read(struct object *o, user_addr buffer, uint64_t n)
{
    struct pipe *p = of_reader(o);
    uint64_t done = 0;
    while (done < n) {
        struct pins pins;
        int error = 0;
        if (done) {
            sched_breathe(); /* a long read is many short ones to everybody else */
            if (atomic_load(&this_proc()->task.killed))
                return (int64_t)done; /* or a busy writer would keep it alive */
        }
        if (looks_empty(p)) {
            spin_lock(&p->lock);
            bool empty = !filled(p), end = p->no_writers;
            bool leaves = done || end || object_nonblocking(o); /* it never waits for more than there is */
            if (empty && !leaves)
                error = wait_on(&p->readers, &p->lock);
            spin_unlock(&p->lock);
            if (error)
                return error;
            if (empty && leaves)
                return done ? (int64_t)done : end ? 0 : -EAGAIN;
        }
        error = pin_user(&pins, user_plus(buffer, done), n - done, REGION_WRITE);
        if (error)
            return leave(p, &p->readers, done ? (int64_t)done : error); /* another thread may have unmapped it */
        spin_lock(&p->lock);
        uint64_t there = filled(p);
        if (there) { /* else somebody else was faster, or all writers have gone */
            uint64_t part = there < pins.bytes ? there : pins.bytes;
            move(p, &pins, part, false);
            done += part;
            wake_one(&p->writers);
            wake_all(&p->write_pollers);
            if (filled(p))
                wake_one(&p->readers); /* what is left is for the next one */
        }
        spin_unlock(&p->lock);
        unpin_user(&pins);
    }
    return (int64_t)done;
}

static int64_t pipe_write(struct object *o, user_addr buffer, uint64_t n)
{
    struct pipe *p = of_writer(o);
    uint64_t done = 0;
    while (done < n) {
        uint64_t left = n - done;
        /* Up to PIPE_BUF bytes go in whole or not yet. */
        uint64_t whole = n <= PIPE_BUF ? n : 1;
        struct pins pins;
        if (done) {
            sched_breathe();
            if (atomic_load(&this_proc()->task.killed))
                return leave(p, &p->writers, (int64_t)done);
        }
        int error = pin_user(&pins, user_plus(buffer, done), left < PIPE_BUF ? left : PIPE_BUF, REGION_READ);
        if (!error && pins.bytes < left && pins.bytes < whole) {
            unpin_user(&pins);
            error = -EFAULT; /* the second page is not there: nothing of it goes in */
        }
        if (error)
            return leave(p, &p->writers, done ? (int64_t)done : error);
        spin_lock(&p->lock);
        uint64_t room = PIPE_BYTES - filled(p);
        uint64_t part = room < pins.bytes ? room : pins.bytes;
        if (p->no_readers)
            error = -EPIPE;
        else if (room >= whole && !have_frames(p, part))
            error = -ENOMEM;
        else if (room < whole && object_nonblocking(o))
            error = -EAGAIN;
        if (error || room >= whole) {
            if (!error) {
                move(p, &pins, part, true);
                done += part;
                wake_one(&p->readers);
                wake_all(&p->read_pollers);
            }
            if (error || filled(p) < PIPE_BYTES)
                wake_one(&p->writers); /* what is left, or what we were woken for, is for the next one */
            spin_unlock(&p->lock);
            unpin_user(&pins);
            if (error)
                return done && error != -EPIPE ? (int64_t)done : error;
            continue;
        }
        error = wait_unpinned(p, &p->writers, &pins);
        if (error)
            return done ? (int64_t)done : error;
    }
    return (int64_t)done;
}

/* ---- poll and the end ---- */

static int reader_poll(struct object *o, struct waiter *w)
{
    struct pipe *p = of_reader(o);
    spin_lock(&p->lock);
    if (w)
        wait_join(&p->read_pollers, w);
    int bits = (filled(p) ? POLLIN : 0) | (p->no_writers ? POLLHUP : 0);
    spin_unlock(&p->lock);
    return bits;
}

static int writer_poll(struct object *o, struct waiter *w)
{
    struct pipe *p = of_writer(o);
    spin_lock(&p->lock);
    if (w)
        wait_join(&p->write_pollers, w);
    /* Writable: PIPE_BUF bytes would go in without waiting. */
    int bits = p->no_readers ? POLLERR : PIPE_BYTES - filled(p) >= PIPE_BUF ? POLLOUT : 0;
    spin_unlock(&p->lock);
    return bits;
}

static void pipe_unpoll(struct pipe *p, struct waiter *w)
{
    spin_lock(&p->lock);
    wait_leave(w);
    spin_unlock(&p->lock);
}

static void reader_unpoll(struct object *o, struct waiter *w)
{
    pipe_unpoll(of_reader(o), w);
}

static void writer_unpoll(struct object *o, struct waiter *w)
{
    pipe_unpoll(of_writer(o), w);
}

/* One end has no handles left: the other end is told, and the last of the two frees the pipe. */
static void end_closed(struct pipe *p, bool *this_end, bool *other_end)
{
    spin_lock(&p->lock);
    *this_end = true;
    bool free = *other_end;
    wake_all(&p->readers);
    wake_all(&p->writers);
    wake_all(&p->read_pollers);
    wake_all(&p->write_pollers);
    spin_unlock(&p->lock);
    if (!free)
        return;
    for (unsigned i = 0; i < PIPE_FRAMES; i++)
        if (p->frame[i])
            frame_free(frame_at(virt_to_phys(p->frame[i])));
    job_repay(p->job, PIPE_FRAMES);
    cache_free(&pipe_cache, p);
}

static void reader_release(struct object *o)
{
    struct pipe *p = of_reader(o);
    end_closed(p, &p->no_readers, &p->no_writers);
}

static void writer_release(struct object *o)
{
    struct pipe *p = of_writer(o);
    end_closed(p, &p->no_writers, &p->no_readers);
}

static const struct object_ops reader_ops = {
    .name = "pipe reader",
    .release = reader_release,
    .read = pipe_read,
    .poll = reader_poll,
    .unpoll = reader_unpoll,
};

static const struct object_ops writer_ops = {
    .name = "pipe writer",
    .release = writer_release,
    .write = pipe_write,
    .poll = writer_poll,
    .unpoll = writer_unpoll,
};

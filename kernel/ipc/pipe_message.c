/*
 * The messages of message pipes: see pipe_message.h. Memory of their own, filled and emptied with no lock held: a small
 * one is one block, a large one has its data in pieces, with a breath between.
 */
#include "ipc/pipe_message.h"

#include "ipc/handle.h"
#include "mem/cache.h"
#include "proc/proc.h"
#include "sched/sched.h"

#define COPY_PIECES 4 /* copied at one go: 16 KiB */

#define SMALL 496 /* a size of the allocator's */

/* Data that are not small lie in pieces of at most a page each, so that large messages need no large blocks. */
struct message_piece {
    struct message_piece *next;
    uint64_t bytes;
    char data[];
};
#define PIECE_BYTES (PAGE_SIZE - sizeof(struct message_piece))

_Static_assert(sizeof(struct pipe_message) + MESSAGE_HANDLES_MAX * sizeof(struct object *) <= PIPE_MESSAGE_OVERHEAD,
               "charged");

static struct object **objects_of(struct pipe_message *m)
{
    return (struct object **)m->area;
}

static char *small_data_of(struct pipe_message *m)
{
    return m->area + m->places * sizeof(struct object *);
}

void pipe_message_free(struct pipe_message *m)
{
    while (m->pieces) {
        struct message_piece *piece = m->pieces;
        m->pieces = piece->next;
        kfree(piece);
    }
    for (uint32_t i = 0; i < m->count; i++)
        object_put(objects_of(m)[i]);
    kfree(m);
}

/* With a message, the last reference on a further pipe may go, and its messages with it, and so on: a chain of any
 * length, so what comes up while a process drops messages goes on the list that it works on. */
void pipe_messages_drop(struct list *dead)
{
    struct proc *me = this_proc();
    struct list_node *node;
    if (me->dropping) {
        list_splice_back(me->dropping, dead);
        return;
    }
    me->dropping = dead;
    while ((node = list_pop_front(dead)) != NULL) {
        pipe_message_free(pipe_message_of(node));
        sched_breathe();
    }
    me->dropping = NULL;
}

/* Between the pieces of a long copy. True: killed. */
static bool breathe(unsigned piece)
{
    if (piece % COPY_PIECES != COPY_PIECES - 1)
        return false;
    sched_breathe();
    return atomic_load(&this_proc()->task.killed);
}

static int copy_pieces_in(struct pipe_message *m, user_addr data)
{
    struct message_piece **link = &m->pieces;
    unsigned pieces = 0;
    for (uint64_t done = 0; done < m->bytes; pieces++) {
        uint64_t part = m->bytes - done < PIECE_BYTES ? m->bytes - done : PIECE_BYTES;
        struct message_piece *piece = kmalloc(sizeof *piece + part);
        if (!piece)
            return -ENOMEM;
        *link = piece;
        link = &piece->next;
        piece->bytes = part;
        int error = copy_in(this_proc()->space, piece->data, user_plus(data, done), part);
        if (error)
            return error;
        done += part;
        if (done < m->bytes && breathe(pieces))
            return -EINTR;
    }
    return 0;
}

static int copy_data_out(struct pipe_message *m, user_addr data)
{
    unsigned pieces = 0;
    uint64_t done = 0;
    if (!m->pieces)
        return copy_out(this_proc()->space, data, small_data_of(m), m->bytes);
    for (const struct message_piece *piece = m->pieces; piece; piece = piece->next, pieces++) {
        int error = copy_out(this_proc()->space, user_plus(data, done), piece->data, piece->bytes);
        if (error)
            return error;
        done += piece->bytes;
        if (piece->next && breathe(pieces))
            return -EINTR;
    }
    return 0;
}

static int take_objects(struct pipe_message *m, struct message_pipe *pipe, const int *handles, uint64_t count)
{
    for (; m->count < count; m->count++) {
        struct object *o = handle_get(handles[m->count]);
        if (!o)
            return -EBADF;
        int receivers = message_pipe_load(pipe, o);
        if (receivers < 0) {
            object_put(o);
            return receivers;
        }
        m->receivers += (uint32_t)receivers;
        objects_of(m)[m->count] = o;
    }
    return 0;
}

/* With so many places and so much room behind them. */
static struct pipe_message *make(struct pipe_message *spare, uint64_t places, uint64_t room)
{
    struct pipe_message *m = spare;
    room += places * sizeof(struct object *);
    if (!spare || spare->room < room) {
        kfree(spare);
        m = kmalloc(sizeof *m + room);
        if (!m)
            return NULL;
        m->room = (uint32_t)room;
    }
    list_node_init(&m->node);
    m->pieces = NULL;
    m->places = (uint32_t)places;
    m->count = m->receivers = 0;
    return m;
}

int pipe_message_in(struct message_pipe *pipe, const struct message_parts *parts, struct pipe_message *spare,
                    struct pipe_message **message)
{
    int handles[MESSAGE_HANDLES_MAX];
    bool small = sizeof **message + parts->count * sizeof(struct object *) + parts->bytes <= SMALL;
    struct pipe_message *m = make(spare, parts->count, small ? parts->bytes : 0);
    if (!m)
        return -ENOMEM;
    m->bytes = parts->bytes;
    int error = 0;
    if (parts->count) {
        error = copy_in(this_proc()->space, handles, parts->handles, parts->count * sizeof handles[0]);
        if (!error)
            error = take_objects(m, pipe, handles, parts->count);
    }
    if (!error)
        error = small ? copy_in(this_proc()->space, small_data_of(m), parts->data, m->bytes)
                      : copy_pieces_in(m, parts->data);
    if (!error) {
        *message = m;
        return 0;
    }
    message_pipe_unload(pipe, m->receivers);
    pipe_message_free(m);
    return error;
}

int pipe_message_out(struct pipe_message *m, const struct message_parts *parts)
{
    int slot[MESSAGE_HANDLES_MAX], error = 0;
    uint32_t got = 0;
    for (; got < m->count && !error; got += !error) {
        slot[got] = handle_reserve(0);
        error = slot[got] < 0 ? slot[got] : 0;
    }
    uint32_t reserved = got;
    for (; got < parts->count; got++)
        slot[got] = -1;
    if (!error && parts->count)
        error = copy_out(this_proc()->space, parts->handles, slot, parts->count * sizeof slot[0]);
    if (!error)
        error = copy_data_out(m, parts->data);
    for (uint32_t i = 0; i < reserved; i++) {
        if (error)
            handle_cancel(slot[i]);
        else
            handle_install(slot[i], objects_of(m)[i], 0);
    }
    if (!error)
        m->count = 0; /* the references have gone to the table */
    return error;
}

/*
 * Grants: a server copies straight to and from the buffer that its client named in a request. The grant
 * is good until the reply, or until the client dies: then the copy fails with -ESRCH.
 */
#include "ipc/channel.h"

#include "sched/sched.h"

#include <common/string.h>

#define COPY_PIECE (64ul << 10) /* some 25,000 instructions */

/* The request behind a token, with a grant that allows [offset, offset + n) in this direction. The
 * lock is held. NULL: *error says why. */
static struct request *granted(struct channel *ch, uint64_t token, uint64_t offset, uint64_t n, bool to_client,
                               int *error)
{
    struct slot *slot = ch->server == this_proc() ? slot_of(ch, token) : NULL;
    struct request *r = slot ? slot->request : NULL;
    *error = -ESRCH;
    if (!r || r->state != REQUEST_SERVING)
        return NULL;
    *error = -EACCES;
    if (!(r->direction & (to_client ? CALL_RECEIVE : CALL_SEND)))
        return NULL;
    *error = -EINVAL;
    if (offset > r->bytes || n > r->bytes - offset)
        return NULL;
    return r;
}

/* A grant into the client's kernel memory (a header that exec reads): copied under the lock, because
 * that memory is gone as soon as the client is; the server's page is pinned first. */
static int copy_kernel(struct channel *ch, uint64_t token, uint64_t offset, user_addr buffer, uint64_t n,
                       bool to_client)
{
    int error = 0;
    for (uint64_t done = 0; done < n && !error;) {
        struct user_pin pin;
        error = user_pin(this_proc()->space, user_plus(buffer, done), n - done,
                         to_client ? REGION_READ : REGION_WRITE, &pin);
        if (error)
            return error;
        spin_lock(&ch->lock);
        struct request *r = granted(ch, token, offset + done, pin.n, to_client, &error);
        if (r) {
            char *client = (char *)r->kernel + offset + done;
            if (to_client)
                memcpy(client, pin.p, pin.n);
            else
                memcpy(pin.p, client, pin.n);
            error = 0;
        }
        spin_unlock(&ch->lock);
        done += pin.n;
        user_unpin(&pin);
    }
    return error;
}

/* A long copy lets others run in between, so that no path through the kernel takes over 1 ms. */
static int copy_in_pieces(struct space *theirs, user_addr client, struct space *mine, user_addr buffer, uint64_t n,
                          int flags, bool to_client)
{
    int error = 0;
    for (uint64_t done = 0; done < n && !error;) {
        uint64_t part = n - done < COPY_PIECE ? n - done : COPY_PIECE;
        user_addr here = user_plus(buffer, done), there = user_plus(client, done);
        error = to_client ? copy_between(theirs, there, mine, here, part, flags)
                          : copy_between(mine, here, theirs, there, part, 0);
        done += part;
        if (done < n)
            sched_breathe();
        if (!error && done < n && atomic_load(&this_proc()->task.killed))
            error = -EINTR;
    }
    return error;
}

int64_t grant_copy(struct channel *ch, uint64_t token, uint64_t offset, user_addr buffer, uint64_t n, bool to_client)
{
    int error;
    struct space *mine = this_proc()->space;
    spin_lock(&ch->lock);
    struct request *r = granted(ch, token, offset, n, to_client, &error);
    if (!r) {
        spin_unlock(&ch->lock);
        return error;
    }
    struct space *theirs = r->space;
    user_addr client = user_plus(r->user, offset);
    bool force = r->force;
    if (theirs)
        space_get(theirs); /* it outlives the client, if need be */
    spin_unlock(&ch->lock);
    if (!theirs) {
        error = copy_kernel(ch, token, offset, buffer, n, to_client);
    } else {
        error = copy_in_pieces(theirs, client, mine, buffer, n, force ? COPY_FORCE : 0, to_client);
        space_put(theirs);
    }
    return error ? error : (int64_t)n;
}

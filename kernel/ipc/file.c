/*
 * Operations on an open session: see file.h. Called through object_ops and by the system calls.
 */
#include "ipc/file.h"

#include <kinglet/message.h>

/* Sends, and puts away what the answer may not carry. */
static int64_t send(struct request *r)
{
    int64_t status = request_call(r);
    if (r->object)
        object_put(r->object);
    return status;
}

/* One request that starts at the session's offset. `advance`: the offset moves by the status. */
static int64_t at_offset(struct session *s, uint64_t op, user_addr buffer, uint64_t n, int direction, bool advance)
{
    struct request r;
    int error = session_lock_offset(s);
    if (error)
        return error;
    request_init(&r, s, op, s->offset, n);
    request_grant_user(&r, buffer, n, direction);
    int64_t status = send(&r);
    if (status > (int64_t)n)
        status = -EIO; /* a server that claims more than was asked for */
    if (status >= 0 && (s->mode & SESSION_SEEKABLE)) {
        if (r.reply_flags & REPLY_OFFSET)
            s->offset = r.extra;
        else if (advance)
            s->offset += (uint64_t)status;
    }
    session_unlock_offset(s);
    return status;
}

int64_t session_read(struct object *o, user_addr buffer, uint64_t n)
{
    struct session *s = container_of(o, struct session, object);
    if (!(s->mode & SESSION_READ))
        return -EBADF;
    return n ? at_offset(s, MSG_READ, buffer, n, CALL_RECEIVE, true) : 0;
}

int64_t session_write(struct object *o, user_addr buffer, uint64_t n)
{
    struct session *s = container_of(o, struct session, object);
    if (!(s->mode & SESSION_WRITE))
        return -EBADF;
    return n ? at_offset(s, MSG_WRITE, buffer, n, CALL_SEND, true) : 0;
}

int64_t session_readdir(struct session *s, user_addr buffer, uint64_t n)
{
    return at_offset(s, MSG_READDIR, buffer, n, CALL_RECEIVE, false);
}

int64_t session_seek(struct session *s, int64_t offset, int whence)
{
    if (!(s->mode & SESSION_SEEKABLE))
        return -ESPIPE;
    int64_t result = session_lock_offset(s);
    if (result)
        return result;
    int64_t base = 0;
    if (whence == SEEK_CUR) {
        base = (int64_t)s->offset;
    } else if (whence == SEEK_END) {
        struct request r;
        request_init(&r, s, MSG_SIZE, 0, 0);
        base = send(&r);
    } else if (whence != SEEK_SET) {
        base = -EINVAL;
    }
    if (base < 0)
        result = base;
    else if (__builtin_add_overflow(base, offset, &result))
        result = -EOVERFLOW;
    else if (result < 0)
        result = -EINVAL;
    else
        s->offset = (uint64_t)result;
    session_unlock_offset(s);
    return result;
}

int64_t session_simple(struct session *s, uint64_t op, uint64_t arg0, user_addr buffer, uint64_t n)
{
    struct request r;
    request_init(&r, s, op, arg0, n);
    if (n)
        request_grant_user(&r, buffer, n, CALL_RECEIVE);
    return send(&r);
}

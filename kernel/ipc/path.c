/*
 * Calls that name a path: see path.h. Called by the system calls; blocks in request_call.
 */
#include "ipc/path.h"

#include "mem/cache.h"

#include <common/string.h>

void path_text_put(struct path_text *path)
{
    if (path && atomic_fetch_sub(&path->refs, 1) == 1)
        kfree(path);
}

/* Where a path is, on its way over redirects: the session to ask and the rest of the path. */
struct place {
    struct session *session; /* with a reference */
    uint32_t offset;         /* of the rest, in the path's text */
    uint32_t end;            /* of its NUL */
};

static void place_put(struct place *place)
{
    if (place->session)
        object_put(&place->session->object);
}

/* Where a path of the current process starts, which its first character decides. */
static int64_t place_init(struct place *place, const char *text, uint32_t offset, uint32_t length)
{
    struct proc *me = this_process();
    if (length == 0)
        return -ENOENT; /* POSIX: an empty path names nothing */
    spin_lock(&me->lock);
    struct session *start = text[0] == '/' ? me->root : me->cwd;
    if (start)
        object_get(&start->object);
    spin_unlock(&me->lock);
    if (!start)
        return -ENOENT; /* a process outside the file system (init and its servers) */
    place->session = start;
    place->offset = offset;
    place->end = offset + length;
    return 0;
}

/* Room for a text of so many bytes, its NULs included. */
static struct path_text *path_create(uint32_t bytes)
{
    struct path_text *path = kmalloc(sizeof *path + bytes);
    if (path) {
        atomic_store(&path->refs, 1);
        path->bytes = bytes;
    }
    return path;
}

/* The user's string as a path of its own. */
static int64_t path_copy(user_addr user, struct path_text **path)
{
    char text[PATH_MAX];
    int64_t length = copy_string_in(this_proc()->space, text, user, this_proc()->rules->path_bytes);
    if (length < 0)
        return length;
    *path = path_create((uint32_t)length + 1);
    if (!*path)
        return -ENOMEM;
    memcpy((*path)->text, text, (size_t)length + 1);
    return 0;
}

/* The server said where the path goes on. Takes the reply's object over. */
static int64_t follow(struct place *place, struct request *r)
{
    struct session *next = container_of(r->object, struct session, object);
    if (r->length > place->end - place->offset) {
        object_put(r->object);
        return -EIO; /* dropped more than there was */
    }
    place->offset += (uint32_t)r->length;
    object_put(&place->session->object);
    place->session = next;
    return 0;
}

int64_t path_call(uint64_t op, user_addr user, uint64_t arg0, uint64_t arg1, user_addr buffer, uint64_t bytes,
                  struct object *gift, struct object **object)
{
    struct place place = {0};
    struct path_text *path = NULL;
    struct session *spare = object ? session_alloc() : NULL;
    int64_t status = object && !spare ? -ENOMEM : path_copy(user, &path);
    if (!status)
        status = place_init(&place, path->text, 0, path->bytes - 1);
    for (int i = 0; status == 0; i++) {
        struct request r;
        request_init(&r, place.session, op, arg0, arg1);
        r.flags = this_proc()->rules->message_flags; /* the session's say nothing about this call */
        r.path = path;
        r.path_offset = place.offset;
        r.gift = gift;
        r.spare = spare;
        if (bytes)
            request_grant_user(&r, buffer, bytes, CALL_RECEIVE);
        status = request_call(&r);
        spare = r.spare;
        if (r.object && (r.reply_flags & REPLY_REDIRECT)) {
            status = i < PATH_REDIRECTS ? follow(&place, &r) : (object_put(r.object), -ELOOP);
            continue;
        }
        if (r.object && op == MSG_OPEN && (r.reply_flags & REPLY_SESSION))
            atomic_store(&r.object->flags, (uint32_t)arg0 & (O_NONBLOCK | O_APPEND)); /* it is new: ours alone */
        if (object && status >= 0)
            *object = r.object;
        else if (r.object)
            object_put(r.object);
        break;
    }
    if (spare)
        session_discard(spare);
    place_put(&place);
    path_text_put(path);
    return status;
}

/* Asks one path's server whether it leads elsewhere. 1: it did, and the place has moved. */
static int64_t resolve(struct place *place, struct path_text *both)
{
    struct path_text *path = path_create(place->end + 1 - place->offset);
    if (!path)
        return -ENOMEM;
    memcpy(path->text, both->text + place->offset, path->bytes);
    struct request r;
    request_init(&r, place->session, MSG_RESOLVE, 0, 0);
    r.path = path;
    int64_t status = request_call(&r);
    path_text_put(path);
    if (!r.object)
        return status;
    if (r.reply_flags & REPLY_REDIRECT) {
        status = follow(place, &r);
        return status ? status : 1;
    }
    object_put(r.object);
    return status;
}

/* Both places are on one server: the operation itself. Redirects may still turn up on either path. */
static int64_t ask_both(uint64_t op, struct place *first, struct place *second, struct path_text *both, bool *again)
{
    uint32_t length = first->end + 1 - first->offset, length2 = second->end + 1 - second->offset;
    struct path_text *path = path_create(length + length2);
    if (!path)
        return -ENOMEM;
    memcpy(path->text, both->text + first->offset, length);
    memcpy(path->text + length, both->text + second->offset, length2);
    struct request r;
    request_init(&r, first->session, op, 0, 0);
    r.flags = this_proc()->rules->message_flags;
    r.path = path;
    r.arg2 = second->session->cookie;
    int64_t status = request_call(&r);
    path_text_put(path);
    *again = r.object && (r.reply_flags & REPLY_REDIRECT);
    if (*again)
        return follow(r.reply_flags & REPLY_SECOND ? second : first, &r);
    if (r.object)
        object_put(r.object);
    return status;
}

int64_t path_call_two(uint64_t op, user_addr user_first, user_addr user_second)
{
    struct place first = {0}, second = {0};
    struct path_text *one = NULL, *two = NULL, *both = NULL;
    int64_t status = path_copy(user_first, &one);
    if (!status)
        status = path_copy(user_second, &two);
    if (!status) {
        both = path_create(one->bytes + two->bytes);
        status = both ? 0 : -ENOMEM;
    }
    if (!status) {
        memcpy(both->text, one->text, one->bytes);
        memcpy(both->text + one->bytes, two->text, two->bytes);
        status = place_init(&first, one->text, 0, one->bytes - 1);
    }
    if (!status)
        status = place_init(&second, two->text, one->bytes, two->bytes - 1);
    path_text_put(one);
    path_text_put(two);
    for (int i = 0; !status; i++) {
        if (i > 2 * PATH_REDIRECTS) {
            status = -ELOOP;
            break;
        }
        if (first.session->channel == second.session->channel) {
            bool again;
            status = ask_both(op, &first, &second, both, &again);
            if (!again)
                break;
            continue;
        }
        /* On different servers so far: either may lead on to where the other is. */
        int64_t moved = resolve(&first, both);
        if (moved == 0)
            moved = resolve(&second, both);
        status = moved < 0 ? moved : moved == 0 ? -EXDEV : 0;
    }
    place_put(&first);
    place_put(&second);
    path_text_put(both);
    return status;
}

int64_t path_open(user_addr path, int flags, int mode, struct object **object)
{
    *object = NULL;
    int64_t status = path_call(MSG_OPEN, path, (uint64_t)flags, (uint64_t)mode, user_at(0), 0, NULL, object);
    if (status >= 0 && !*object)
        status = -EIO; /* the server forgot to say what was opened */
    return status < 0 ? status : 0;
}

int path_name(user_addr user, char name[PROC_NAME_MAX])
{
    struct path_text *path = NULL;
    int error = (int)path_copy(user, &path);
    if (!error) {
        const char *slash = strrchr(path->text, '/');
        strlcpy(name, slash ? slash + 1 : path->text, PROC_NAME_MAX);
    }
    path_text_put(path);
    return error;
}

int64_t path_chdir(user_addr path)
{
    struct object *object;
    int64_t status = path_open(path, O_DIRECTORY | O_PATH, 0, &object);
    if (status)
        return status;
    struct proc *me = this_process();
    if (object->ops != &session_ops) {
        object_put(object);
        return -ENOTDIR;
    }
    spin_lock(&me->lock);
    struct session *old = me->cwd;
    me->cwd = container_of(object, struct session, object);
    spin_unlock(&me->lock);
    if (old)
        object_put(&old->object);
    return 0;
}

int path_set_root(struct session *s)
{
    struct proc *me = this_process();
    object_get(&s->object);
    spin_lock(&me->lock);
    struct session *old[2] = {me->root, me->cwd};
    me->root = me->cwd = s;
    spin_unlock(&me->lock);
    for (int i = 0; i < 2; i++)
        if (old[i])
            object_put(&old[i]->object);
    return 0;
}

/*
 * System calls on channels, sessions and devices.
 */
#include "sys/calls.h"

#include "ipc/channel.h"
#include "ipc/things.h"
#include "riscv/clock.h"

#include <kinglet/message.h>

#define COMPATIBLE_MAX 64
#define TIMER_MAX_NS (100ul * 365 * 86400 * NS_PER_SECOND)

static struct channel *get_channel(uint64_t handle, int *error)
{
    struct object *o = handle_get_kind((int)handle, &channel_ops, -EINVAL, error);
    return o ? container_of(o, struct channel, object) : NULL;
}

int64_t sys_channel_create(const uint64_t a[7])
{
    if (a[0] > RANK_MAX)
        return -EINVAL;
    struct channel *ch = channel_create((int)a[0]);
    return ch ? handle_add(&ch->object, 0) : -ENOMEM;
}

int64_t sys_channel_connect(const uint64_t a[7])
{
    int error;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    struct session *s = session_alloc();
    if (s) {
        spin_lock(&ch->lock);
        session_attach(s, ch, a[1], (uint32_t)a[2], true);
        spin_unlock(&ch->lock);
    }
    object_put(&ch->object);
    return s ? handle_add(&s->object, 0) : -ENOMEM;
}

int64_t sys_channel_serve(const uint64_t a[7])
{
    int error;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    error = channel_serve(ch, a[1], a[2]);
    object_put(&ch->object);
    return error;
}

int64_t sys_receive(const uint64_t a[7])
{
    int error;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    struct trap_frame *frame = proc_frame(this_proc());
    error = channel_receive(ch, frame);
    object_put(&ch->object);
    return error ? error : (int64_t)frame->a[0];
}

static struct reply reply_of(const uint64_t a[7])
{
    return (struct reply){.token = a[1], .status = (int64_t)a[2], .data = (const void *)a[3], .length = a[4],
                          .extra = a[5], .flags = a[6]};
}

int64_t sys_reply(const uint64_t a[7])
{
    int error;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    struct reply reply = reply_of(a);
    int64_t result = channel_reply(ch, &reply);
    object_put(&ch->object);
    return result;
}

int64_t sys_reply_receive(const uint64_t a[7])
{
    int error;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    struct reply reply = reply_of(a);
    struct trap_frame *frame = proc_frame(this_proc());
    int64_t result = channel_reply_receive(ch, &reply, frame);
    object_put(&ch->object);
    return result ? result : (int64_t)frame->a[0];
}

static int64_t grant(const uint64_t a[7], bool to_client)
{
    int error;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    int64_t result = grant_copy(ch, a[1], a[2], user_at(a[3]), a[4], to_client);
    object_put(&ch->object);
    return result;
}

int64_t sys_grant_read(const uint64_t a[7])
{
    return grant(a, false);
}

int64_t sys_grant_write(const uint64_t a[7])
{
    return grant(a, true);
}

int64_t sys_session_ready(const uint64_t a[7])
{
    int error;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    session_set_ready(ch, a[1], (uint32_t)a[2]);
    object_put(&ch->object);
    return 0;
}

int64_t sys_channel_sessions(const uint64_t a[7])
{
    int error;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    int64_t result = session_cookies(ch, this_proc()->space, user_at(a[1]), a[2]);
    object_put(&ch->object);
    return result;
}

int64_t sys_channel_keep(const uint64_t a[7])
{
    int error;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    struct object *o = NULL;
    error = 0;
    if ((int64_t)a[2] >= 0)
        o = handle_get_kind((int)a[2], &session_ops, -EINVAL, &error);
    if (o || (int64_t)a[2] < 0)
        error = channel_keep(ch, a[1], o);
    object_put(o);
    object_put(&ch->object);
    return error;
}

int64_t sys_channel_kept(const uint64_t a[7])
{
    int error;
    uint64_t key;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    struct object *o = channel_kept(ch, a[1], &key, &error);
    object_put(&ch->object);
    if (!o)
        return error;
    error = to_user(a[2], &key, sizeof key);
    if (error) {
        object_put(o);
        return error;
    }
    return handle_add(o, 0);
}

/* A call that names its own operation. Those that other system calls stand for are refused: they check
 * rights and send paths along, which a server relies on. */
static int64_t call(struct session *s, const uint64_t a[7])
{
    uint64_t bytes = a[5] & ((1ul << 56) - 1);
    int flags = (int)(a[5] >> 56);
    if ((int64_t)a[1] < MSG_CALL_FIRST || flags & ~(CALL_SEND | CALL_RECEIVE | CALL_HANDLE | CALL_CLOFORK | CALL_PLAIN))
        return -EINVAL;
    struct object *gift = NULL;
    if (flags & CALL_HANDLE) {
        gift = handle_get((int)a[3]);
        if (!gift)
            return -EBADF;
    }
    /* The answer may be a handle, and may make a session: there must be room for both. */
    bool plain = flags & CALL_PLAIN;
    struct session *spare = plain ? NULL : session_alloc();
    int n = plain ? 0 : spare ? handle_reserve(0) : -ENOMEM;
    int64_t status = n;
    struct request r;
    request_init(&r, s, a[1], a[2], a[3]);
    r.arg2 = a[6];
    if (n >= 0) {
        request_grant_user(&r, user_at(a[4]), bytes, flags & (CALL_SEND | CALL_RECEIVE));
        r.gift = gift;
        r.spare = spare;
        status = request_call(&r);
        spare = r.spare;
    }
    object_put(gift);
    if (spare)
        session_discard(spare);
    if (r.object && status >= 0 && !plain) {
        handle_install(n, r.object, flags & CALL_CLOFORK ? HANDLE_CLOFORK : 0);
        return n;
    }
    if (n >= 0 && !plain)
        handle_cancel(n);
    object_put(r.object);
    return status;
}

int64_t sys_call(const uint64_t a[7])
{
    int error;
    struct object *o = handle_get_kind((int)a[0], &session_ops, -ENOTTY, &error);
    if (!o)
        return error;
    int64_t result = call(container_of(o, struct session, object), a);
    object_put(o);
    return result;
}

int64_t sys_notify(const uint64_t a[7])
{
    int error;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    channel_notify(ch, a[1]);
    object_put(&ch->object);
    return 0;
}

int64_t sys_channel_timer(const uint64_t a[7])
{
    int error;
    struct channel *ch = get_channel(a[0], &error);
    if (!ch)
        return error;
    uint64_t ns = a[2] < TIMER_MAX_NS ? a[2] : TIMER_MAX_NS;
    channel_set_timer(ch, a[1], ns ? clock_ticks() + ticks_of_ns(ns) + 1 : SCHED_NEVER);
    object_put(&ch->object);
    return 0;
}

/* ---- devices ---- */

int64_t sys_device_claim(const uint64_t a[7])
{
    int error;
    char compatible[COMPATIBLE_MAX];
    struct object *machine = handle_get_kind((int)a[0], &machine_ops, -EPERM, &error);
    if (!machine)
        return error;
    object_put(machine);
    int64_t length = copy_string_in(this_proc()->space, compatible, user_at(a[1]), sizeof compatible);
    return length < 0 ? length : device_claim(compatible, (unsigned)a[2]);
}

static struct object *get_device(uint64_t handle, int *error)
{
    return handle_get_kind((int)handle, &device_ops, -ENODEV, error);
}

int64_t sys_device_info(const uint64_t a[7])
{
    int error;
    struct object *o = get_device(a[0], &error);
    if (!o)
        return error;
    error = to_user(a[1], device_describe(o), sizeof(struct device_info));
    object_put(o);
    return error;
}

int64_t sys_device_memory(const uint64_t a[7])
{
    int error;
    struct object *o = get_device(a[0], &error);
    if (!o)
        return error;
    struct memory *m = device_memory(o);
    object_put(o);
    if (!m)
        return -ENOMEM;
    if (to_user(a[1], &m->phys, sizeof m->phys)) {
        object_put(&m->object);
        return -EFAULT;
    }
    return handle_add(&m->object, 0);
}

int64_t sys_interrupt_bind(const uint64_t a[7])
{
    int error;
    struct object *o = get_device(a[0], &error);
    if (!o)
        return error;
    struct channel *ch = get_channel(a[1], &error);
    if (ch) {
        error = device_bind(o, ch, a[2]);
        object_put(&ch->object);
    }
    object_put(o);
    return error;
}

int64_t sys_interrupt_ack(const uint64_t a[7])
{
    int error;
    struct object *o = get_device(a[0], &error);
    if (!o)
        return error;
    error = device_ack(o);
    object_put(o);
    return error;
}

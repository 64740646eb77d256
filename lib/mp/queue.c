/*
 * Queue: see <mp/queue.h>. A message pipe of the kernel whose capacity is counted in messages.
 */
#include <mp/queue.h>

#include <errno.h>
#include <kinglet/system.h>
#include <unistd.h>

#define NS_PER_MS INT64_C(1000000)

static int64_t timeout_ns(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : timeout_ms * NS_PER_MS;
}

/* "Not without waiting" is what the kernel says when it was told not to wait. Here that is a time limit like any other. */
static int64_t result_of(int64_t result)
{
    return result == -EAGAIN ? -ETIMEDOUT : result;
}

int mp_queue_create(struct mp_queue *queue, unsigned maxsize, size_t item_bytes)
{
    int ends[2];
    if (item_bytes == 0 || item_bytes > MESSAGE_BYTES_MAX)
        return -EINVAL;
    if (maxsize == 0) {
        maxsize = (unsigned)(MESSAGE_PIPE_BYTES / item_bytes);
        maxsize = maxsize < MP_QUEUE_USUAL ? maxsize : MP_QUEUE_USUAL;
    }
    int error = message_pipe(ends, maxsize * item_bytes, maxsize, 0);
    if (error)
        return error;
    *queue = (struct mp_queue){.getter = ends[0], .putter = ends[1], .maxsize = maxsize, .item_bytes = item_bytes};
    return 0;
}

int mp_queue_put(const struct mp_queue *queue, const void *item, size_t bytes, int timeout_ms)
{
    if (bytes > queue->item_bytes)
        return -EMSGSIZE;
    return (int)result_of(message_send(queue->putter, item, bytes, NULL, 0, timeout_ns(timeout_ms)));
}

int64_t mp_queue_get(const struct mp_queue *queue, void *buffer, size_t bytes, int timeout_ms)
{
    return result_of(message_receive(queue->getter, buffer, bytes, NULL, 0, timeout_ns(timeout_ms)));
}

static int state_of(const struct mp_queue *queue, struct message_state *state)
{
    return message_state(queue->getter >= 0 ? queue->getter : queue->putter, state);
}

int mp_queue_size(const struct mp_queue *queue)
{
    struct message_state state;
    int error = state_of(queue, &state);
    return error ? error : (int)state.messages;
}

int mp_queue_empty(const struct mp_queue *queue)
{
    int size = mp_queue_size(queue);
    return size < 0 ? size : size == 0;
}

int mp_queue_full(const struct mp_queue *queue)
{
    struct message_state state;
    int error = state_of(queue, &state);
    return error ? error : state.room < 0; /* there are bytes for as many items as may be in it */
}

static void close_handle(int *handle)
{
    if (*handle >= 0)
        close(*handle);
    *handle = -1;
}

void mp_queue_close_putter(struct mp_queue *queue)
{
    close_handle(&queue->putter);
}

void mp_queue_close_getter(struct mp_queue *queue)
{
    close_handle(&queue->getter);
}

void mp_queue_close(struct mp_queue *queue)
{
    mp_queue_close_putter(queue);
    mp_queue_close_getter(queue);
}

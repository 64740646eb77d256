/*
 * Pipe: see <mp/pipe.h>. One message pipe of the kernel for each direction.
 */
#include <mp/pipe.h>

#include <errno.h>
#include <kinglet/system.h>
#include <poll.h>
#include <unistd.h>

#define FOR_EVER (-1)

int mp_pipe(struct mp_connection *first, struct mp_connection *second, int duplex)
{
    int there[2], back[2] = {-1, -1};
    int error = message_pipe(there, 0, 0, 0);
    if (error)
        return error;
    error = duplex ? message_pipe(back, 0, 0, 0) : 0;
    if (error) {
        close(there[0]);
        close(there[1]);
        return error;
    }
    *first = (struct mp_connection){.receiver = there[0], .sender = back[1]};
    *second = (struct mp_connection){.receiver = back[0], .sender = there[1]};
    return 0;
}

int mp_connection_send_handles(const struct mp_connection *connection, const void *data, size_t bytes,
                               const int *handles, unsigned count)
{
    return message_send(connection->sender, data, bytes, handles, count, FOR_EVER);
}

int mp_connection_send(const struct mp_connection *connection, const void *data, size_t bytes)
{
    return mp_connection_send_handles(connection, data, bytes, NULL, 0);
}

int64_t mp_connection_receive_handles(const struct mp_connection *connection, void *buffer, size_t bytes, int *handles,
                                      unsigned count)
{
    return message_receive(connection->receiver, buffer, bytes, handles, count, FOR_EVER);
}

int64_t mp_connection_receive(const struct mp_connection *connection, void *buffer, size_t bytes)
{
    return mp_connection_receive_handles(connection, buffer, bytes, NULL, 0);
}

int mp_connection_poll(const struct mp_connection *connection, int timeout_ms)
{
    struct message_state state;
    struct pollfd fd = {.fd = connection->receiver, .events = POLLIN};
    int error = message_state(connection->receiver, &state);
    if (error)
        return error;
    int ready = poll(&fd, 1, timeout_ms);
    return ready < 0 ? -errno : ready;
}

int64_t mp_connection_next(const struct mp_connection *connection, unsigned *handles)
{
    struct message_state state;
    int error = message_state(connection->receiver, &state);
    if (error)
        return error;
    if (state.messages == 0)
        return -EAGAIN;
    if (handles)
        *handles = state.next_handles;
    return (int64_t)state.next_bytes;
}

void mp_connection_close(struct mp_connection *connection)
{
    if (connection->receiver >= 0)
        close(connection->receiver);
    if (connection->sender >= 0)
        close(connection->sender);
    connection->receiver = connection->sender = -1;
}

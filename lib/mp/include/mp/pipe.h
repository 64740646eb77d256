/*
 * Pipe: two connections; what is sent into one is received from the other, message by message. Like
 * multiprocessing.Pipe and the Connection objects it gives, but that a message is bytes and not an object.
 *
 * A message arrives whole or not at all, also when the sender is killed in the middle of sending it. Any number of
 * processes may use the same connection: fork copies it, and each closes its own.
 */
#ifndef MP_PIPE_H
#define MP_PIPE_H

#include <kinglet/message_pipe.h>
#include <stddef.h>
#include <stdint.h>

/* A plain pair of handles, which can be copied, polled, and sent to others. */
struct mp_connection {
    int receiver; /* handle, or -1: it cannot receive */
    int sender;   /* handle, or -1: it cannot send */
};

/* duplex 1: both can send and receive. 0: `first` only receives, `second` only sends, as in Python. Does not block.
 * 0; -EMFILE; -ENOMEM: also the job's limit of pages. Each direction holds 64 KiB. */
int mp_pipe(struct mp_connection *first, struct mp_connection *second, int duplex);

/* Sends one message of 0 to MESSAGE_BYTES_MAX bytes. Blocks while there is no room for it. 0; -EMSGSIZE: too large;
 * -EPIPE: nobody can receive it any more; -EBADF: closed, or a connection that only receives; -EFAULT; -ENOMEM; -EAGAIN: it
 * would block, and the handle was made O_NONBLOCK (fcntl). On any error nothing was sent. */
int mp_connection_send(const struct mp_connection *connection, const void *data, size_t bytes);

/* Receives one message: its bytes, 0 to MESSAGE_BYTES_MAX. Blocks until there is one. -ENODATA: end of file, every
 * sender has closed and all was received; -EMSGSIZE: the message is larger than the buffer, or has handles, and stays
 * (mp_connection_next says what it needs); -EBADF: closed, or a connection that only sends; -EFAULT: and the message
 * stays; -EAGAIN as above. */
int64_t mp_connection_receive(const struct mp_connection *connection, void *buffer, size_t bytes);

/* 1: receive would not block, for there is a message, or the end; 0: it would, after so many milliseconds (negative:
 * for ever, 0: not at all). Blocks as long as that. -EBADF as above. */
int mp_connection_poll(const struct mp_connection *connection, int timeout_ms);

/* The same with handles, at most MESSAGE_HANDLES_MAX: whoever receives them gets new numbers for the same things; the
 * sender keeps its own. Places that are not needed become -1. Besides what send and receive give: -EINVAL: too many;
 * -EBADF: one of them names nothing; -ELOOP: a receiving end, through its own pipe, or where pipes might come to lie in
 * each other, which nobody could ever close (it can go anywhere else while no receiving end lies in its own pipe);
 * -EMFILE: no numbers are free, and the message stays. */
int mp_connection_send_handles(const struct mp_connection *connection, const void *data, size_t bytes,
                               const int *handles, unsigned count);
int64_t mp_connection_receive_handles(const struct mp_connection *connection, void *buffer, size_t bytes, int *handles,
                                      unsigned count);

/* Of the message that is received next: its bytes, and how many handles it has if `handles` is not NULL. Does not block.
 * -EAGAIN: there is none now; -EBADF as above. */
int64_t mp_connection_next(const struct mp_connection *connection, unsigned *handles);

/* This process is done with it. Other processes have their own. Does not block. */
void mp_connection_close(struct mp_connection *connection);

#endif

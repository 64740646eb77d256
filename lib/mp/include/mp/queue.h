/*
 * Queue: many put items in, many get them out. Like multiprocessing.Queue, with its maxsize, and put and get that
 * block, block for a time, or do not block. Items are bytes, up to a size that the queue is made for.
 *
 * An item is there whole or not at all: a process that is killed in the middle of a put leaves nothing behind, and one that
 * is killed in the middle of a get has taken the item or not. There is no thread that feeds the queue, as Python
 * has: when put returns, the item is in it. The items of one process come out in the order in which it put them in.
 *
 * fork copies a queue: parent and child have the same one, and each closes its own. Timeouts are milliseconds: negative for
 * ever, 0 not at all.
 */
#ifndef MP_QUEUE_H
#define MP_QUEUE_H

#include <kinglet/message_pipe.h>
#include <stddef.h>
#include <stdint.h>

#define MP_QUEUE_USUAL 256 /* items, when maxsize is 0, or fewer so that they have 64 KiB; at least 1 */

/* A plain pair of handles. `getter` polls readable when there is an item, `putter` writable when an item that is not larger
 * than PIPE_BUF fits. */
struct mp_queue {
    int getter, putter; /* handles; -1: closed */
    unsigned maxsize;   /* items it holds */
    size_t item_bytes;  /* of an item, at most */
};

/* A queue for maxsize items (0: MP_QUEUE_USUAL) of at most item_bytes bytes each. Does not block. 0; -EINVAL: item_bytes 0 or
 * above MESSAGE_BYTES_MAX, maxsize above MESSAGE_PIPE_MESSAGES_MAX, or more than MESSAGE_PIPE_BYTES_MAX in all;
 * -EMFILE; -ENOMEM: also the job's limit of pages, for its maker's job pays for the full queue. */
int mp_queue_create(struct mp_queue *queue, unsigned maxsize, size_t item_bytes);

/* Puts an item in. Blocks while the queue is full, at most so long. 0; -ETIMEDOUT: it was full all the time (Python's
 * Full), also for timeout 0, and on a handle that was made O_NONBLOCK; -EMSGSIZE: the item is too large; -EPIPE: nobody
 * can get it any more; -EBADF: closed; -EFAULT; -ENOMEM. On any error nothing was put in. */
int mp_queue_put(const struct mp_queue *queue, const void *item, size_t bytes, int timeout_ms);

/* Gets the next item: its bytes, 0 or more. Blocks while the queue is empty, at most so long. -ETIMEDOUT: it was empty all
 * the time (Python's Empty), as above; -ENODATA: it is empty, and every process has closed its putting side;
 * -EMSGSIZE: the item is larger than the buffer, and stays; -EBADF: closed; -EFAULT: and the item stays. */
int64_t mp_queue_get(const struct mp_queue *queue, void *buffer, size_t bytes, int timeout_ms);

/* Exact at the moment of the call, though others may change it before the caller looks: how many items can be got; 1: it is
 * empty (full), or 0. Do not block. -EBADF: closed on both sides. */
int mp_queue_size(const struct mp_queue *queue);
int mp_queue_empty(const struct mp_queue *queue);
int mp_queue_full(const struct mp_queue *queue);

/* This process will put no more, get no more, or neither. When all have closed their putting sides, get gives -ENODATA
 * instead of blocking for ever; when all have closed their getting sides, what is left is dropped. Do not block. */
void mp_queue_close_putter(struct mp_queue *queue);
void mp_queue_close_getter(struct mp_queue *queue);
void mp_queue_close(struct mp_queue *queue);

#endif

/*
 * Reading and writing open files and directories. File contents go between the store's blocks (or the
 * initrd) and the client's buffer in one copy, done by the kernel. Called by main.c.
 */
#include "ramfs.h"

#include <kinglet/system.h>

#define DEVICE_READ_MAX (256u << 10) /* /dev/zero gives at most this much at once: others wait meanwhile */
#define LIST_MAX 8192u

static int64_t answer_data(struct reply *answer, const void *data, size_t n)
{
    answer->data = data;
    answer->length = n;
    answer->flags |= REPLY_DATA;
    return (int64_t)n;
}

static int64_t read_file(int channel, const struct message *m, struct inode *node, struct reply *answer)
{
    uint64_t offset = m->arg0, want = m->arg1;
    const void *first, *data;

    if (offset >= node->size || want == 0)
        return 0;
    if (want > node->size - offset)
        want = node->size - offset;

    /* The first piece goes with the reply. The rest, if the bytes do not lie in one piece, goes before. */
    size_t done = file_run(node, offset, want, &first), first_bytes = done;

    while (done < want) {
        size_t n = file_run(node, offset + done, want - done, &data);

        if (grant_write(channel, m->token, done, data, n) < 0)
            break; /* a bad address: it gets what comes before */
        done += n;
    }
    answer_data(answer, first, first_bytes);
    return (int64_t)done;
}

static int64_t read_device(int channel, const struct message *m, struct inode *node, struct reply *answer)
{
    static const char zeros[BLOCK_SIZE];
    size_t want = m->arg1 < DEVICE_READ_MAX ? m->arg1 : DEVICE_READ_MAX, done = sizeof zeros;

    if ((node->rdev & 0xff) == MINOR_NULL)
        return 0;
    if (want <= sizeof zeros)
        return answer_data(answer, zeros, want);
    while (done < want) {
        size_t n = want - done < sizeof zeros ? want - done : sizeof zeros;

        if (grant_write(channel, m->token, done, zeros, n) < 0)
            break;
        done += n;
    }
    answer_data(answer, zeros, sizeof zeros);
    return (int64_t)done;
}

static uint8_t list_buffer[LIST_MAX] __attribute__((aligned(8)));

int64_t op_read(int channel, const struct message *m, struct inode *node, struct reply *answer)
{
    if (S_ISREG(node->mode))
        return read_file(channel, m, node, answer);
    if (S_ISCHR(node->mode))
        return read_device(channel, m, node, answer);
    if ((message_flags(m) & MSGF_XV6) == 0)
        return -EISDIR;

    size_t room = m->arg1 < LIST_MAX ? m->arg1 : LIST_MAX;

    return answer_data(answer, list_buffer, (size_t)dir_list_xv6(node, m->arg0, list_buffer, room));
}

int64_t op_readdir(const struct message *m, struct inode *node, struct reply *answer)
{
    uint64_t offset = m->arg0;

    if (!S_ISDIR(node->mode))
        return -ENOTDIR;

    int64_t n = dir_list(node, &offset, list_buffer, m->arg1 < LIST_MAX ? m->arg1 : LIST_MAX);

    if (n < 0)
        return n;
    answer->extra = offset;
    answer->flags = REPLY_OFFSET;
    return answer_data(answer, list_buffer, (size_t)n);
}

/* Write `bytes` of the client's buffer from `offset` on. Gives how many were written, or an error when
 * none were. Leaves the file's size alone. */
static int64_t write_blocks(int channel, const struct message *m, struct inode *node, uint64_t offset,
                            uint64_t bytes)
{
    uint64_t done = 0;

    while (done < bytes) {
        uint64_t at = offset + done;
        size_t within = at % BLOCK_SIZE, n = BLOCK_SIZE - within;
        uint32_t fresh;

        if (n > bytes - done)
            n = bytes - done;

        uint8_t *data = file_block(node, at / BLOCK_SIZE, n == BLOCK_SIZE, &fresh);

        if (data == NULL)
            return done > 0 ? (int64_t)done : -ENOSPC;

        int64_t result = grant_read(channel, m->token, done, data + within, n);

        if (result < 0) {
            if (fresh != 0)
                block_free(fresh);
            return done > 0 ? (int64_t)done : result;
        }
        if (fresh != 0)
            file_enter(node, at / BLOCK_SIZE, fresh);
        done += n;
    }
    return (int64_t)done;
}

int64_t op_write(int channel, const struct message *m, struct inode *node, struct reply *answer)
{
    uint64_t offset = m->arg0, bytes = m->arg1;
    uint32_t flags = message_flags(m);

    if (S_ISCHR(node->mode))
        return (int64_t)bytes;
    if (!S_ISREG(node->mode))
        return -EISDIR;
    if ((flags & MSGF_APPEND) != 0)
        offset = node->size;
    if (bytes == 0)
        return 0;
    if (offset > node->size && (flags & MSGF_XV6) != 0)
        return -EINVAL; /* xv6 makes no holes */
    if (offset >= FILE_SIZE_MAX)
        return -EFBIG;
    if (bytes > FILE_SIZE_MAX - offset)
        bytes = FILE_SIZE_MAX - offset;

    if (offset + bytes > node->size && xv6_full(m))
        return -ENOSPC;
    file_prepare_gap(node, offset);
    blocks_expect((bytes + offset % BLOCK_SIZE + BLOCK_SIZE - 1) / BLOCK_SIZE);

    int64_t done = write_blocks(channel, m, node, offset, bytes);

    if (done <= 0)
        return done;
    file_grown(node, offset + (uint64_t)done, (flags & MSGF_APPEND) != 0);
    if ((flags & MSGF_APPEND) != 0) {
        answer->extra = offset + (uint64_t)done;
        answer->flags = REPLY_OFFSET;
    }
    return done;
}

int64_t op_truncate(const struct message *m, struct inode *node)
{
    if (S_ISDIR(node->mode))
        return -EISDIR;
    return S_ISREG(node->mode) ? file_resize(node, m->arg0) : -EINVAL;
}

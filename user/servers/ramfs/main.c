/*
 * ramfs: the file system in memory that programs start with, a server like any other. init starts it with
 * the initrd, the channel it serves, and a session on the console's channel for device nodes.
 * This file has the loop: receive a request, hand it on, reply. It must never wait for anything else, and
 * calls no other server.
 */
#include "ramfs.h"

#include <common/format.h>
#include <kinglet/system.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HANDLE_INITRD 3
#define HANDLE_CHANNEL 4
#define HANDLE_CONSOLE 5

#define RESERVE_FRACTION 16 /* this part of the machine's memory is not for files */
#define NAMES_FRACTION 64   /* and this part is kept for inodes and names, about ten thousand in 128 MiB */

static char paths[2 * PATH_MAX];

uint64_t ramfs_now(void)
{
    return clock_ns();
}

void ramfs_close(int handle)
{
    close(handle);
}

void *ramfs_break(intptr_t delta)
{
    void *old = sbrk(delta);

    return old != (void *)-1 ? old : NULL;
}

/* Files may not take what new processes and the rest of the system need. */
bool ramfs_may_grow(size_t bytes)
{
    struct system_info info;

    if (system_info(&info) < 0)
        return false;
    return info.frames_available * BLOCK_SIZE >= bytes + info.frames_total / RESERVE_FRACTION * BLOCK_SIZE;
}

static void say(const char *what, int error)
{
    char line[120];
    int n = format_n(line, sizeof line, "ramfs: %s: %s\n", what, strerror(-error));

    log_write(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

/* Operations on an inode that a session has open. */
static int64_t serve_open_file(const struct message *m, struct reply *answer)
{
    struct inode *node = inode_of(m->cookie);

    if (node == NULL) {
        refuse_handle(m);
        return -ESTALE; /* made by a ramfs that has died since */
    }
    switch (m->op) {
    case MSG_READ:
        return op_read(HANDLE_CHANNEL, m, node, answer);
    case MSG_WRITE:
        return op_write(HANDLE_CHANNEL, m, node, answer);
    case MSG_SIZE:
        return S_ISDIR(node->mode) ? (int64_t)node->dir.next_serial : (int64_t)node->size;
    case MSG_FSTAT:
        return answer_stat(node, answer);
    case MSG_TRUNCATE:
        return op_truncate(m, node);
    case MSG_READDIR:
        return op_readdir(m, node, answer);
    case MSG_SYNC:
        return 0;
    case MSG_REGISTER_DRIVER:
        return op_register_driver(m);
    default:
        refuse_handle(m);
        return -ENOTTY; /* a control that this kind of file does not have */
    }
}

static int64_t serve(const struct message *m, struct reply *answer)
{
    if (m->op < MSG_READ && m->inlined == 0) {
        refuse_handle(m);
        return -EINVAL; /* made by call(), without a path: what lies in `paths` is another client's */
    }
    switch (m->op) {
    case MSG_OPEN:
        return op_open(m, paths, answer);
    case MSG_STAT:
        return op_stat(m, paths, answer);
    case MSG_MKDIR:
        return op_mkdir(m, paths, answer);
    case MSG_RMDIR:
        return op_rmdir(m, paths, answer);
    case MSG_UNLINK:
        return op_unlink(m, paths, answer);
    case MSG_MKNOD:
        return op_mknod(m, paths, answer);
    case MSG_MOUNT:
        return op_mount(m, paths, answer);
    case MSG_UNMOUNT:
        return op_unmount(m, paths, answer);
    case MSG_RESOLVE:
        return op_resolve(m, paths, answer);
    case MSG_LINK:
        return op_link(m, paths, answer);
    case MSG_RENAME:
        return op_rename(m, paths, answer);
    default:
        return serve_open_file(m, answer);
    }
}

/* After a restart: count the sessions there already are as opens of the files that exist again. */
static void count_old_sessions(void)
{
    int64_t n = channel_sessions(HANDLE_CHANNEL, NULL, 0);
    uint64_t *cookies = n > 0 ? calloc((size_t)n, sizeof *cookies) : NULL;

    if (cookies == NULL)
        return;

    int64_t got = channel_sessions(HANDLE_CHANNEL, cookies, (size_t)n);

    for (int64_t i = 0; i < got && i < n; i++) {
        struct inode *node = inode_of(cookies[i]);

        if (node != NULL)
            node->references++;
    }
    free(cookies);
}

static int prepare(void)
{
    int64_t size = memory_size(HANDLE_INITRD);
    const void *archive = size > 0 ? map(HANDLE_INITRD, 0, (uint64_t)size, MAP_READ) : NULL;
    struct system_info info;
    int result = system_info(&info);

    if (result == 0)
        result = store_init((uint32_t)(clock_ns() >> 10), info.frames_total / NAMES_FRACTION * BLOCK_SIZE);
    if (result != 0)
        return result;
    if (archive == NULL)
        say("cannot map the initrd", size < 0 ? (int)size : -ENOMEM);
    else if ((result = fill_from_archive(archive, (size_t)size)) != 0)
        say("not all of the initrd could be used", result);
    result = fill_devices();
    if (result != 0)
        return result;
    store_sealed();
    driver_set(MAJOR_CONSOLE, HANDLE_CONSOLE);
    return channel_serve(HANDLE_CHANNEL, paths, sizeof paths);
}

/* A reply that the kernel refused (a client that named no buffer, a handle that is none) is made one that
 * only says so, for the client still waits. False: it is receiving that does not work. */
static bool mend(struct reply *answer, int64_t error)
{
    if (answer->token == 0)
        return false;
    if (answer->flags == 0)
        answer->token = 0;
    answer->flags = 0;
    answer->status = error;
    return true;
}

int main(void)
{
    struct reply answer = {0};
    struct message m;
    int result = prepare();

    if (result < 0) {
        say("cannot start", result);
        return 1;
    }
    count_old_sessions();
    for (;;) {
        reply_receive(HANDLE_CHANNEL, &answer, &m);
        if (m.op < 0 && mend(&answer, m.op))
            continue;
        answer.token = 0;
        answer.flags = 0;
        if (m.op >= MSG_OPEN) {
            answer.token = m.token;
            answer.status = serve(&m, &answer);
        } else if (m.op == MSG_CLOSE) {
            struct inode *node = inode_of(m.cookie);

            if (node != NULL)
                inode_release(node);
        } else if (m.op < 0) {
            say("cannot receive", (int)m.op);
            return 1;
        }
    }
}

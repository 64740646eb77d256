/*
 * ramfs: the file system in memory that programs start with, a server like any other. init starts it with
 * the initrd, the channel it serves, and a session on the console's channel for device nodes.
 * This file has the loop: receive a request, hand it on, reply. It must never wait for anything else, and
 * calls no other server.
 */
#include "ramfs.h"

#include "../store.h"

#include <common/format.h>
#include <kinglet/system.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HANDLE_INITRD SERVER_HANDLE_INITRD
#define HANDLE_CHANNEL SERVER_HANDLE_CHANNEL
#define HANDLE_CONSOLE SERVER_HANDLE_EXTRA
#define HANDLE_STORE SERVER_HANDLE_STORE

#define STORE_ADDRESS ((void *)0x1800000000) /* far above where map() puts things by itself */
#define RESERVE_FRACTION 16 /* this part of the machine's memory is not for files */
#define TABLES_FRACTION 64  /* and this part is kept for tables of names, some twenty thousand in 128 MiB */
#define CREDIT_FRACTION 128 /* so much of it is taken between two looks at what is left */

static char paths[2 * PATH_MAX];

uint64_t ramfs_now(void)
{
    return clock_ns();
}

void ramfs_close(int handle)
{
    close(handle);
}

int ramfs_keep(uint64_t key, int handle)
{
    return channel_keep(HANDLE_CHANNEL, key, handle);
}

/* Files may not take what new processes and the rest of the system need. Roughly: it is not looked at each time. */
static bool may_take(size_t pages)
{
    static size_t credit;

    if (credit < pages) {
        struct system_info info;

        if (system_info(&info) < 0 || info.frames_available < pages + info.frames_total / RESERVE_FRACTION)
            return false;
        credit = info.frames_available - info.frames_total / RESERVE_FRACTION;
        if (credit > pages + info.frames_total / CREDIT_FRACTION)
            credit = pages + info.frames_total / CREDIT_FRACTION;
    }
    credit -= pages;
    return true;
}

static uint64_t offset_of(const void *address)
{
    return (uint64_t)((const uint8_t *)address - (const uint8_t *)STORE_ADDRESS);
}

bool ramfs_commit(void *start, size_t bytes)
{
    /* The header has its memory from the first start on; a restart must not fail for want of room for files. */
    return (start == STORE_ADDRESS || may_take(bytes / BLOCK_SIZE)) &&
           memory_commit(HANDLE_STORE, offset_of(start), bytes) == 0;
}

void ramfs_decommit(void *start, size_t bytes)
{
    memory_decommit(HANDLE_STORE, offset_of(start), bytes);
}

bool ramfs_committed(uint8_t **from, uint8_t **end)
{
    uint64_t stop;
    int64_t start = memory_next(HANDLE_STORE, offset_of(*from), &stop);

    if (start < 0)
        return false;
    *from = (uint8_t *)STORE_ADDRESS + start;
    *end = (uint8_t *)STORE_ADDRESS + stop;
    return true;
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

/* A request that a ramfs which has died may have done already. True: it had, and here is its answer. */
static bool was_done(const struct message *m, struct reply *answer)
{
    if ((message_flags(m) & MSGF_RETRY) == 0 || !journal_answered(m->token, answer))
        return false;
    refuse_handle(m); /* the session is kept under its key, if it was taken */

    struct inode *opened = (answer->flags & REPLY_SESSION) != 0 ? inode_of(answer->extra) : NULL;

    if (opened != NULL)
        opened->references++;
    return true;
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

/* A new file system. */
static int make(const void *archive, size_t size)
{
    int result = store_make((uint32_t)(clock_ns() >> 10));

    if (result != 0)
        return result;
    result = archive != NULL ? fill_from_archive(archive, size) : -ENOENT;
    if (result != 0)
        say("not all of the initrd could be used", result);
    result = fill_devices();
    if (result == 0)
        store_sealed();
    return result;
}

/* The sessions there are already are opens of files that exist still (or do not, if the store is a new one), and
 * can be read and written, whatever the kernel last heard of that. */
static int count_sessions(void)
{
    int64_t n = channel_sessions(HANDLE_CHANNEL, NULL, 0);
    uint64_t *cookies = n > 0 ? calloc((size_t)n, sizeof *cookies) : NULL;

    if (n > 0 && cookies == NULL)
        return -ENOMEM;
    if (n > 0)
        n = channel_sessions(HANDLE_CHANNEL, cookies, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        struct inode *node = inode_of(cookies[i]);

        session_ready(HANDLE_CHANNEL, cookies[i], POLLIN | POLLOUT);
        if (node != NULL)
            node->references++;
    }
    free(cookies);
    return 0;
}

/* Take what the last ramfs had mounted and registered. */
static void take_kept(void)
{
    uint64_t key = 0;

    for (int handle; (handle = channel_kept(HANDLE_CHANNEL, key, &key)) >= 0; key++) {
        if (mount_restore(key, handle))
            continue;
        channel_keep(HANDLE_CHANNEL, key, -1);
        close(handle);
    }
}

static int prepare(void)
{
    int64_t size = memory_size(HANDLE_INITRD), bytes = memory_size(HANDLE_STORE);
    const void *archive = size > 0 ? map(HANDLE_INITRD, 0, (uint64_t)size, MAP_READ) : NULL;
    struct system_info info;
    int result = bytes > 0 ? system_info(&info) : (int)bytes;

    if (result < 0)
        return result;
    if (map_at(STORE_ADDRESS, HANDLE_STORE, 0, (uint64_t)bytes, MAP_READ | MAP_WRITE) == NULL)
        return -ENOMEM;
    result = store_open(STORE_ADDRESS, (uint64_t)bytes, archive, info.frames_total / TABLES_FRACTION * BLOCK_SIZE);
    if (result < 0)
        return result;
    result = result > 0 ? restore() : make(archive, size > 0 ? (size_t)size : 0);
    if (result > 0)
        say("parts of the store made no sense and were dropped", -EIO);
    if (result < 0)
        return result;
    driver_set(MAJOR_CONSOLE, HANDLE_CONSOLE);
    result = channel_serve(HANDLE_CHANNEL, paths, sizeof paths);
    if (result == 0)
        result = count_sessions();
    if (result != 0)
        return result;
    take_kept();
    inodes_orphaned();
    store_finish(0, NULL);
    return 0;
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
        return result == -EINVAL ? SERVER_EXIT_BAD_STORE : 1;
    }
    for (;;) {
        reply_receive(HANDLE_CHANNEL, &answer, &m);
        if (m.op < 0 && mend(&answer, m.op))
            continue;
        answer.token = 0;
        answer.flags = 0;
        if (m.op >= MSG_OPEN) {
            if (!was_done(&m, &answer)) {
                answer.status = serve(&m, &answer);
                store_finish(m.token, &answer);
            }
            answer.token = m.token;
        } else if (m.op == MSG_CLOSE) {
            struct inode *node = inode_of(m.cookie);

            if (node != NULL)
                inode_release(node);
            store_finish(0, NULL);
        } else if (m.op < 0) {
            say("cannot receive", (int)m.op);
            return 1;
        }
        store->served = 1;
    }
}

/*
 * Operations on an open session: what read, write, lseek, fstat and their like become. Each is one
 * message. The kernel keeps the offset; what it is an offset into, only the server knows.
 */
#ifndef KERNEL_IPC_FILE_H
#define KERNEL_IPC_FILE_H

#include "ipc/channel.h"

int64_t session_read(struct object *o, user_addr buffer, uint64_t n);
int64_t session_write(struct object *o, user_addr buffer, uint64_t n);
int64_t session_seek(struct session *s, int64_t offset, int whence);
int64_t session_readdir(struct session *s, user_addr buffer, uint64_t n);
/* An operation that needs no offset: MSG_FSTAT, MSG_TRUNCATE, MSG_SYNC. */
int64_t session_simple(struct session *s, uint64_t op, uint64_t arg0, user_addr buffer, uint64_t n);

#endif

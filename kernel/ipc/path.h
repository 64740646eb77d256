/*
 * Calls that name a path. The kernel copies the string, looks at its first character, sends it to
 * the process's root or current directory, and follows redirects; it never walks a path.
 */
#ifndef KERNEL_IPC_PATH_H
#define KERNEL_IPC_PATH_H

#include "ipc/channel.h"

#define PATH_REDIRECTS 8 /* then -ELOOP */

/* One path: op with its arguments; `buffer` (may be 0) is where the answer's data go. The reply's
 * object, if any, is in *object (may be NULL when the op gives none). */
int64_t path_call(uint64_t op, user_addr path, uint64_t arg0, uint64_t arg1, user_addr buffer, uint64_t bytes,
                  struct object *gift, struct object **object);
/* Two paths, for MSG_LINK and MSG_RENAME; -EXDEV when they end on different servers. */
int64_t path_call_two(uint64_t op, user_addr first, user_addr second);
/* As open: a session on the file, with a reference, in *object. */
int64_t path_open(user_addr path, int flags, int mode, struct object **object);

/* The last component of a path that path_call would take, for ps. */
int path_name(user_addr path, char name[PROC_NAME_MAX]);

/* Root and current directory. */
int64_t path_chdir(user_addr path);
int path_set_root(struct session *s); /* takes the reference over */

#endif

/*
 * Handle tables: the numbers by which a process names objects. fork copies the table; threads
 * share one. A number that is reserved is in use for everyone else, and names nothing yet.
 */
#ifndef KERNEL_IPC_HANDLE_H
#define KERNEL_IPC_HANDLE_H

#include "ipc/object.h"
#include "proc/proc.h"

#define HANDLE_MAX 1024 /* per process */

/* flags of a handle */
#define HANDLE_CLOEXEC 0x1
#define HANDLE_CLOFORK 0x2

struct handle_table *handle_table_create(void); /* NULL: out of memory */
struct handle_table *handle_table_copy(struct handle_table *from); /* without what is close-on-fork */
void handle_table_get(struct handle_table *t);
void handle_table_put(struct handle_table *t);
void handle_table_exec(struct handle_table *t); /* closes what is close-on-exec */
uint64_t handle_tables_live(void);

/* In the current process's table. */
int handle_reserve(int from);                        /* lowest free number >= from; -EMFILE, -ENOMEM, -EINVAL */
void handle_install(int n, struct object *o, int flags); /* into a reserved number; takes the reference over */
void handle_cancel(int n);                           /* gives a reserved number back */
struct object *handle_get(int n);                    /* with a reference; NULL: -EBADF */
/* The same, but only an object of this kind: *error is -EBADF, or `wrong` for another kind. */
struct object *handle_get_kind(int n, const struct object_ops *kind, int wrong, int *error);
int handle_close(int n);
int handle_dup(int n, int from);    /* lowest free number >= from */
int handle_dup2(int n, int to);
int handle_flags(int n, int set);   /* set < 0: only ask; -> flags */
/* Reserve and install in one: takes the reference over, also on failure. */
int handle_add(struct object *o, int flags);
/* At boot, before the process runs: a number of its own choosing. */
int handle_give(struct proc *p, int n, struct object *o);

#endif

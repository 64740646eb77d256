/*
 * exec: a new program in an old process. The rooms above say where the program's bytes come from;
 * here the new address space is built, whole, before the old one is let go.
 */
#ifndef KERNEL_PROC_EXEC_H
#define KERNEL_PROC_EXEC_H

#include "proc/proc.h"

#define EXEC_MAX_STRINGS 2048
#define EXEC_ARG_PAGES 16 /* argument and environment strings together: 64 KiB */

/* Where a program's bytes come from. */
struct image {
    /* Bytes [offset, offset + n) to kernel memory, or to `to` in `space` (also where the user may only
     * read). Returns bytes read (fewer: the end) or a negative errno. May block. */
    int64_t (*read)(struct image *, uint64_t offset, void *to, uint64_t n);
    int64_t (*read_to_user)(struct image *, uint64_t offset, struct space *space, user_addr to, uint64_t n);
};

/* A program in kernel memory (the initrd). */
struct memory_image {
    struct image image;
    const char *data;
    uint64_t size;
};
void memory_image_init(struct memory_image *m, const void *data, uint64_t size);

/* Argument strings, copied out of the old address space before anything else happens. */
struct exec_args {
    char *page[EXEC_ARG_PAGES];
    const struct rules *rules; /* how much there may be: the calling process's */
    uint64_t bytes;            /* of strings with their NULs, argv's first, then envp's */
    unsigned argc, envc;
};
void exec_args_init(struct exec_args *args);
void exec_args_free(struct exec_args *args);
/* Append the strings of a NULL-terminated user array (0: empty). -EFAULT, -E2BIG, -ENOMEM. */
int exec_args_copy(struct exec_args *args, struct space *space, user_addr array, bool environment);
/* Append one string from the kernel. */
int exec_args_add(struct exec_args *args, const char *string, bool environment);

/* The program takes over the current process, whose other threads end first: 0, and the trap frame is the new
 * program's, or the calling thread, which is not the leader, ends on its way to user mode and the leader goes on with it;
 * or a negative errno, and nothing has changed: -ENOEXEC, -ENOMEM, -E2BIG, -EINTR, what reading gave. */
int proc_exec(struct image *image, const char *name, const struct exec_args *args);

/* The leader, told by a thread that has called exec: the new program replaces the old one. */
_Noreturn void proc_exec_take_over(void);

/* Boot: make pid 1 out of this program. It gets the handles that `give` installs. -ENOMEM. */
int proc_start_init(const void *program, uint64_t size, int (*give)(struct proc *init));

#endif

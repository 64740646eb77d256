/*
 * Argument strings on their way through exec: packed into kernel pages, so that the new program's
 * stack can be filled after the old address space is of no more use.
 */
#include "mem/frame.h"
#include "proc/exec.h"
#include "sched/sched.h"

#include <common/string.h>
#include <kinglet/errno.h>

void exec_args_init(struct exec_args *args)
{
    memset(args, 0, sizeof *args);
    args->rules = this_proc()->rules;
}

void exec_args_free(struct exec_args *args)
{
    for (unsigned i = 0; i < EXEC_ARG_PAGES; i++)
        if (args->page[i])
            frame_free(frame_at(virt_to_phys(args->page[i])));
}

/* Room for at least one more byte: a pointer to it and how much there is in that page. */
static int room(struct exec_args *args, char **at, uint64_t *n)
{
    uint64_t page = args->bytes / PAGE_SIZE, offset = args->bytes % PAGE_SIZE;
    if (args->bytes >= args->rules->arg_bytes)
        return -E2BIG;
    if (!args->page[page]) {
        struct frame *frame = frame_alloc();
        if (!frame)
            return -ENOMEM;
        args->page[page] = frame_pointer(frame);
    }
    *at = args->page[page] + offset;
    *n = PAGE_SIZE - offset;
    return 0;
}

static int count_one(struct exec_args *args, bool environment)
{
    if (args->argc + args->envc >= args->rules->arg_strings)
        return -E2BIG;
    if (environment)
        args->envc++;
    else
        args->argc++;
    return 0;
}

int exec_args_add(struct exec_args *args, const char *string, bool environment)
{
    uint64_t left = strlen(string) + 1;
    while (left) {
        char *at;
        uint64_t n;
        int error = room(args, &at, &n);
        if (error)
            return error;
        n = n < left ? n : left;
        memcpy(at, string, n);
        args->bytes += n;
        string += n;
        left -= n;
    }
    return count_one(args, environment);
}

static int copy_string(struct exec_args *args, struct space *space, user_addr string)
{
    for (;;) {
        char *at;
        uint64_t n;
        int error = room(args, &at, &n);
        if (error)
            return error;
        int64_t length = copy_string_in(space, at, string, n);
        if (length >= 0) {
            args->bytes += (uint64_t)length + 1;
            return 0;
        }
        if (length != -ENAMETOOLONG)
            return (int)length;
        args->bytes += n; /* the page is full: it goes on in the next */
        string = user_plus(string, n);
        sched_breathe();
    }
}

int exec_args_copy(struct exec_args *args, struct space *space, user_addr array, bool environment)
{
    if (!array.v)
        return 0;
    for (;; array = user_plus(array, 8)) {
        uint64_t string;
        if (copy_in(space, &string, array, sizeof string))
            return -EFAULT;
        if (!string)
            return 0;
        int error = copy_string(args, space, user_at(string));
        if (!error)
            error = count_one(args, environment);
        if (error)
            return error;
        sched_breathe();
    }
}

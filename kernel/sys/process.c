/*
 * System calls about processes, jobs and time.
 */
#include "sys/calls.h"

#include "ipc/file.h"
#include "ipc/path.h"
#include "ipc/things.h"
#include "proc/exec.h"
#include "proc/job.h"
#include "riscv/clock.h"
#include "riscv/trace_point.h"
#include "sched/sched.h"

#include <common/string.h>

#define SLEEP_MAX_NS (100ul * 365 * 86400 * NS_PER_SECOND) /* so that a deadline cannot overflow */

int64_t sys_fork(const uint64_t a[7])
{
    return proc_fork((int)a[0]);
}

/* A program file on a session, read by offset, without the session's own. */
struct session_image {
    struct image image;
    struct session *session;
};

static int64_t image_request(struct request *r)
{
    int64_t status = request_call(r);
    if (r->object)
        object_put(r->object);
    return status > (int64_t)r->bytes ? -EIO : status;
}

static int64_t image_read(struct image *image, uint64_t offset, void *to, uint64_t n)
{
    struct session_image *file = container_of(image, struct session_image, image);
    struct request r;
    request_init(&r, file->session, MSG_READ, offset, n);
    request_grant_kernel(&r, to, n, CALL_RECEIVE);
    return image_request(&r);
}

static int64_t image_read_to_user(struct image *image, uint64_t offset, struct space *space, user_addr to, uint64_t n)
{
    struct session_image *file = container_of(image, struct session_image, image);
    uint64_t done = 0;
    while (done < n) { /* a server may give less than was asked for */
        struct request r;
        request_init(&r, file->session, MSG_READ, offset + done, n - done);
        request_grant_user(&r, user_plus(to, done), n - done, CALL_RECEIVE);
        r.space = space;
        r.force = true;
        int64_t got = image_request(&r);
        if (got < 0)
            return got;
        if (got == 0)
            break;
        done += (uint64_t)got;
    }
    return (int64_t)done;
}

static int64_t open_image(user_addr path, struct session_image *file)
{
    struct object *object;
    int64_t error = path_open(path, O_RDONLY | O_EXEC, 0, &object);
    if (error)
        return error;
    if (object->ops != &session_ops) {
        object_put(object);
        return -EACCES;
    }
    file->session = container_of(object, struct session, object);
    file->image.read = image_read;
    file->image.read_to_user = image_read_to_user;
    return 0;
}

static int copy_arguments(struct exec_args *args, uint64_t argv, uint64_t envp)
{
    struct space *space = this_proc()->space;
    exec_args_init(args);
    int error = exec_args_copy(args, space, user_at(argv), false);
    if (!error)
        error = exec_args_copy(args, space, user_at(envp), true);
    if (error)
        exec_args_free(args);
    return error;
}

int64_t sys_exec(const uint64_t a[7])
{
    struct exec_args args;
    struct session_image file;
    char name[PROC_NAME_MAX];
    /* Arguments first: a bad pointer costs no file read. */
    int64_t error = copy_arguments(&args, a[1], a[2]);
    if (error)
        return error;
    error = path_name(user_at(a[0]), name);
    if (!error)
        error = open_image(user_at(a[0]), &file);
    if (!error) {
        error = proc_exec(&file.image, name, &args);
        object_put(&file.session->object);
    }
    exec_args_free(&args);
    if (error)
        return error;
    trap_leave(proc_frame(this_proc())); /* the new program's registers, all of them */
}

/* What comes after the last slash of a text that may not be terminated. */
static void last_component(const char *text, size_t length, char name[PROC_NAME_MAX])
{
    size_t start = length;
    while (start && text[start - 1] != '/')
        start--;
    size_t n = length - start < PROC_NAME_MAX ? length - start : PROC_NAME_MAX - 1;
    memcpy(name, text + start, n);
    name[n] = '\0';
}

int64_t sys_exec_image(const uint64_t a[7])
{
    struct exec_args args;
    int error;
    struct object *o = handle_get_kind((int)a[0], &memory_ops, -EINVAL, &error);
    if (!o)
        return error;
    struct memory *m = container_of(o, struct memory, object);
    error = m->segment || a[1] > m->bytes || a[2] > m->bytes - a[1] ? -EINVAL : copy_arguments(&args, a[3], a[4]);
    if (!error) {
        struct memory_image image;
        char name[PROC_NAME_MAX] = "program";
        if (args.argc)
            last_component(args.page[0], strnlen(args.page[0], PAGE_SIZE), name);
        memory_image_init(&image, phys_to_virt(m->phys + a[1]), a[2]);
        error = proc_exec(&image.image, name, &args);
        exec_args_free(&args);
    }
    object_put(o);
    if (error)
        return error;
    trap_leave(proc_frame(this_proc()));
}

int64_t sys_exit(const uint64_t a[7])
{
    proc_exit((int32_t)a[0], 0);
}

int64_t sys_thread_create(const uint64_t a[7])
{
    return proc_thread_create(a[0], a[1], a[2], a[3]);
}

int64_t sys_thread_exit(const uint64_t a[7])
{
    return a[3] & ~(uint64_t)THREAD_TELL_LAST ? -EINVAL : proc_thread_exit(a[0], a[1], a[2], a[3] & THREAD_TELL_LAST);
}

int64_t sys_thread_join(const uint64_t a[7])
{
    uint64_t value = 0;
    if (a[1] && (from_user(&value, a[1], sizeof value) || to_user(a[1], &value, sizeof value)))
        return -EFAULT; /* before a thread is used up */
    int error = proc_thread_join((int32_t)a[0], &value);
    if (!error && a[1] && to_user(a[1], &value, sizeof value))
        return -EFAULT;
    return error;
}

int64_t sys_thread_detach(const uint64_t a[7])
{
    return proc_thread_detach((int32_t)a[0]);
}

int64_t sys_gettid(const uint64_t a[7])
{
    (void)a;
    return this_proc()->tid;
}

int64_t sys_wait(const uint64_t a[7])
{
    struct exit_status status;
    if (a[1] && (from_user(&status, a[1], sizeof status) || to_user(a[1], &status, sizeof status)))
        return -EFAULT; /* before a child is used up */
    int pid = proc_wait((int32_t)a[0], &status, (int)a[2]);
    if (pid > 0 && a[1] && to_user(a[1], &status, sizeof status))
        return -EFAULT;
    return pid;
}

int64_t sys_kill(const uint64_t a[7])
{
    int32_t id = (int32_t)a[0];
    if (id == INT32_MIN || id == 0)
        return -ESRCH;
    return id > 0 ? proc_kill(id, (int32_t)a[1]) : job_kill(-id, (int32_t)a[1]);
}

int64_t sys_getpid(const uint64_t a[7])
{
    (void)a;
    return this_proc()->pid;
}

int64_t sys_getppid(const uint64_t a[7])
{
    (void)a;
    spin_lock(&tree_lock);
    struct proc *parent = this_process()->parent;
    int pid = parent ? parent->pid : 0;
    spin_unlock(&tree_lock);
    return pid;
}

int64_t sys_setjob(const uint64_t a[7])
{
    return job_set((int32_t)a[0], (int32_t)a[1]);
}

int64_t sys_getjob(const uint64_t a[7])
{
    return job_of((int32_t)a[0]);
}

int64_t sys_job_session(const uint64_t a[7])
{
    int error;
    struct object *machine = handle_get_kind((int)a[0], &machine_ops, -EPERM, &error);
    if (!machine)
        return error;
    object_put(machine);
    return job_new_session();
}

int64_t sys_job_limits(const uint64_t a[7])
{
    struct job_limits set, old;
    if (a[1] && from_user(&set, a[1], sizeof set))
        return -EFAULT;
    int error = job_limit((int32_t)a[0], a[1] ? &set : NULL, &old);
    if (!error && a[2] && to_user(a[2], &old, sizeof old))
        return -EFAULT;
    return error;
}

int64_t sys_process_open(const uint64_t a[7])
{
    return process_handle_open((int32_t)a[0]);
}

static int64_t sleep_until(uint64_t when)
{
    while (clock_ticks() < when) {
        wait_block(WAIT_FOR_sleep);
        if (wait_switch_until(when) == -EINTR)
            return -EINTR;
    }
    return 0;
}

int64_t sys_sleep(const uint64_t a[7])
{
    uint64_t ns = a[0] < SLEEP_MAX_NS ? a[0] : SLEEP_MAX_NS;
    /* A tick more: less than was asked for would be wrong. */
    return ns ? sleep_until(clock_ticks() + ticks_of_ns(ns) + 1) : 0;
}

int64_t sys_arrive(const uint64_t a[7])
{
    uint64_t when = ticks_of_ns(a[0] < SLEEP_MAX_NS ? a[0] : SLEEP_MAX_NS);
    if (!sched_arrive(&this_proc()->task))
        return -EINVAL;
    /* It is a wake-up that makes it new: also when the time is over, it must come from here, and not from whatever it
     * waits for next. */
    wait_block(WAIT_FOR_sleep);
    return wait_switch_until(when) == -EINTR ? -EINTR : sleep_until(when);
}

int64_t sys_yield(const uint64_t a[7])
{
    (void)a;
    sched_yield();
    return 0;
}

int64_t sys_clock(const uint64_t a[7])
{
    (void)a;
    return (int64_t)clock_ns();
}

int64_t sys_rules(const uint64_t a[7])
{
    if (a[0] > RULES_XV6)
        return -EINVAL;
    this_proc()->rules = &rules_of[a[0]];
    return 0;
}

int64_t sys_setname(const uint64_t a[7])
{
    struct proc *me = this_proc();
    char name[PROC_NAME_MAX];
    int64_t length = copy_string_in(me->space, name, user_at(a[0]), sizeof name);
    if (length < 0)
        return length;
    proc_set_name(me, name);
    return 0;
}

/*
 * exec: see exec.h. Called by the exec system calls and, for pid 1, by main. Holds no lock while it
 * reads the program, so the process stays killable as in any other call.
 */
#include "proc/exec.h"

#include "proc/job.h"
#include "riscv/csr.h"
#include "riscv/kprintf.h"
#include "riscv/power.h"
#include "riscv/trace_point.h"
#include "sched/sched.h"

#include <common/elf.h>
#include <common/string.h>
#include <kinglet/errno.h>
#include <kinglet/process.h>

#define HEADER_BYTES 1024 /* what is read to find the segments: 16 program headers fit */
#define STACK_DEFAULT (2 * PAGE_SIZE)

static int prot_of(uint32_t flags)
{
    return (flags & ELF_READ ? REGION_READ : 0) | (flags & ELF_WRITE ? REGION_WRITE : 0) |
           (flags & ELF_EXEC ? REGION_EXEC : 0);
}

static int read_header(struct image *image, struct elf_program *program)
{
    /* Zeroed: a server may say that it has written more than it has. */
    char header[HEADER_BYTES] __attribute__((aligned(8))) = {0};
    int64_t n = image->read(image, 0, header, sizeof header);
    if (n < 0)
        return (int)n;
    return elf_check_header(header, (size_t)n, UINT64_MAX, program);
}

static int load_segment(struct image *image, struct space *space, const struct elf_segment *s)
{
    uint64_t start = s->vaddr & ~PAGE_MASK, end = (s->vaddr + s->memsz + PAGE_MASK) & ~PAGE_MASK;
    int error = space_add_private(space, start, end, prot_of(s->flags));
    if (error || !s->filesz)
        return error;
    int64_t n = image->read_to_user(image, s->offset, space, user_at(s->vaddr), s->filesz);
    if (n < 0)
        return (int)n;
    return (uint64_t)n == s->filesz ? 0 : -ENOEXEC; /* cut short */
}

/* Words for the user's stack, gathered so that not each costs a copy_out. */
struct words {
    struct space *space;
    uint64_t at;
    unsigned n;
    int error;
    uint64_t word[32];
};

static void flush_words(struct words *w)
{
    if (!w->error)
        w->error = copy_out(w->space, user_at(w->at), w->word, w->n * sizeof w->word[0]);
    w->at += w->n * sizeof w->word[0];
    w->n = 0;
}

static void put_word(struct words *w, uint64_t value)
{
    if (w->n == sizeof w->word / sizeof w->word[0])
        flush_words(w);
    w->word[w->n++] = value;
}

/* The addresses of `count` strings that lie one after the other, and a NULL. */
static void put_pointers(struct words *w, const struct exec_args *args, unsigned count, uint64_t base,
                         uint64_t *offset)
{
    for (unsigned i = 0; i < count; i++) {
        put_word(w, base + *offset);
        uint64_t n, in_page;
        do { /* a string may go on in the next page */
            in_page = PAGE_SIZE - *offset % PAGE_SIZE;
            n = strnlen(args->page[*offset / PAGE_SIZE] + *offset % PAGE_SIZE, in_page);
            *offset += n;
            sched_breathe();
        } while (n == in_page);
        ++*offset;
    }
    put_word(w, 0);
}

/* Argument strings at the top of the stack, below them (System V) argc, argv[], NULL, envp[], NULL. */
static int write_arguments(struct space *space, const struct exec_args *args, uint64_t *sp)
{
    uint64_t strings = (USER_STACK_TOP - args->bytes) & ~15ul;
    uint64_t count = 1 + args->argc + 1 + args->envc + 1;
    struct words w = {.space = space, .at = (strings - count * 8) & ~15ul};
    *sp = w.at;
    uint64_t offset = 0;
    put_word(&w, args->argc);
    put_pointers(&w, args, args->argc, strings, &offset);
    put_pointers(&w, args, args->envc, strings, &offset);
    flush_words(&w);
    for (uint64_t done = 0; !w.error && done < args->bytes; done += PAGE_SIZE) {
        uint64_t left = args->bytes - done;
        w.error = copy_out(space, user_at(strings + done), args->page[done / PAGE_SIZE],
                           left < PAGE_SIZE ? left : PAGE_SIZE);
    }
    return w.error;
}

static int build(struct image *image, const struct exec_args *args, struct space *space, uint64_t *entry,
                 uint64_t *sp)
{
    struct elf_program program;
    int error = read_header(image, &program);
    for (int i = 0; !error && i < program.segments; i++)
        error = load_segment(image, space, &program.segment[i]);
    if (!error)
        error = space_set_heap(space, program.end);
    if (error)
        return error;
    uint64_t stack = program.stack_size ? program.stack_size : STACK_DEFAULT;
    stack += args->bytes + (args->argc + args->envc + 4) * 8;
    if (stack > USER_STACK_LIMIT)
        stack = USER_STACK_LIMIT;
    error = space_add_stack(space, USER_STACK_TOP, USER_STACK_LIMIT, stack);
    if (!error)
        error = write_arguments(space, args, sp);
    *entry = program.entry;
    return error;
}

/* New code lies where other code may have been: each hart fences before it next returns to user mode. */
static void code_changed(void)
{
    for (unsigned i = 0; i < hart_count; i++)
        __atomic_fetch_or(&harts[i].work, WORK_FENCE_I, __ATOMIC_RELEASE); /* the code first */
}

/* The leader, now its process's only thread, becomes the program. Nothing can fail. */
static void become(struct proc *me, const struct program *program)
{
    struct trap_frame *frame = proc_frame(me);
    struct space *old = me->space;
    proc_detach_stack(old);
    memset(frame, 0, sizeof *frame);
    frame->pc = program->entry;
    frame->sp = program->sp;
    frame->a[0] = program->argc;
    frame->a[1] = program->sp + 8;
    frame->a[2] = program->sp + 8 + (program->argc + 1) * 8;
    uint64_t clear = SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SIE | SSTATUS_FS_MASK;
    frame->sstatus = (csr_read(sstatus) & ~clear) | SSTATUS_FS_OFF;
    program->space->user_sp = &frame->sp;
    spin_lock(&tree_lock);
    me->space = program->space;
    spin_unlock(&tree_lock);
    space_activate(me->space);
    space_put(old);
    job_replace(me, me->space->committed);
    me->uses_fp = false;
    me->rules = &rules_of[RULES_NATIVE];
    proc_upcalls.exec(me);
    TRACE(exec, 0, me->pid, 0);
    proc_set_name(me, program->name);
    code_changed();
    spin_lock(&me->lock);
    me->running = 1; /* those that were ended have not counted themselves out */
    me->thread_ended = me->detached = me->execing = false;
    spin_unlock(&me->lock);
}

/* From here on no thread is made. -EINTR: too late, the process is at its end. */
static int claim(struct proc *leader)
{
    spin_lock(&leader->lock);
    int error = leader->ending || leader->execing ? -EINTR : 0;
    leader->execing |= !error;
    spin_unlock(&leader->lock);
    return error;
}

int proc_exec(struct image *image, const char *name, const struct exec_args *args)
{
    struct proc *me = this_proc(), *leader = me->leader;
    struct program program = {.argc = args->argc};
    struct space *space = space_create();
    if (!space)
        return -ENOMEM;
    int error = build(image, args, space, &program.entry, &program.sp);
    if (!error)
        error = job_expect(leader, space->committed);
    if (!error && atomic_load(&me->task.killed))
        error = -EINTR;
    if (!error)
        error = claim(leader); /* or the process is at its end: no other program is expected */
    if (error) {
        space_put(space);
        return error;
    }
    /* From here on nothing can fail. */
    program.space = space;
    strlcpy(program.name, name, sizeof program.name);
    if (me == leader) {
        end_threads(me);
        become(me, &program);
        return 0;
    }
    /* The process's pid, parent, children are the leader's: it goes on with the program, and this thread ends. */
    spin_lock(&leader->lock);
    leader->program = program;
    spin_unlock(&leader->lock);
    proc_end(leader, 0);
    proc_end(me, 0);
    return 0;
}

void proc_exec_take_over(void)
{
    struct proc *me = this_proc();
    end_threads(me);
    spin_lock(&me->lock);
    bool ending = me->ending;
    spin_unlock(&me->lock);
    if (ending)
        proc_exit(0, 0); /* one of them was about to end the process: how, it has written down */
    struct program program = me->program;
    me->program.space = NULL;
    become(me, &program);
    /* Against proc_end, which sets the signal before `killed`. */
    atomic_store(&me->task.killed, false);
    if (atomic_load(&me->kill_signal))
        atomic_store(&me->task.killed, true);
    if (atomic_load(&me->task.killed))
        __atomic_fetch_or(&this_hart()->work, WORK_KILLED, __ATOMIC_RELAXED);
    trap_leave(proc_frame(me));
}

/* ---- a program in kernel memory ---- */

static uint64_t within(struct memory_image *m, uint64_t offset, uint64_t n)
{
    if (offset >= m->size)
        return 0;
    return n < m->size - offset ? n : m->size - offset;
}

static int64_t memory_read(struct image *image, uint64_t offset, void *to, uint64_t n)
{
    struct memory_image *m = container_of(image, struct memory_image, image);
    n = within(m, offset, n);
    memcpy(to, m->data + offset, n);
    return (int64_t)n;
}

static int64_t memory_read_to_user(struct image *image, uint64_t offset, struct space *space, user_addr to,
                                   uint64_t n)
{
    struct memory_image *m = container_of(image, struct memory_image, image);
    n = within(m, offset, n);
    for (uint64_t done = 0; done < n;) {
        struct user_pin pin;
        int error = user_pin(space, user_plus(to, done), n - done, REGION_WRITE | PIN_FORCE, &pin);
        if (error)
            return error;
        memcpy(pin.p, m->data + offset + done, pin.n);
        done += pin.n;
        user_unpin(&pin);
        sched_breathe();
    }
    return (int64_t)n;
}

void memory_image_init(struct memory_image *m, const void *data, uint64_t size)
{
    m->image.read = memory_read;
    m->image.read_to_user = memory_read_to_user;
    m->data = data;
    m->size = size;
}

/* ---- pid 1 ---- */

static struct memory_image init_image;

/* init's first steps are its own: it loads itself, in its own context, and goes to user mode. */
static void init_first_run(void)
{
    sched_arrived();
    struct exec_args args;
    exec_args_init(&args);
    int error = exec_args_add(&args, "init", false);
    if (!error)
        error = proc_exec(&init_image.image, "init", &args);
    exec_args_free(&args);
    if (error) {
        kprintf("kernel: sbin/init in the initrd %s\n",
                error == -ENOEXEC ? "is no program for this machine" : "does not fit into memory");
        power_off(RUN_STATUS_MACHINE);
    }
    trap_leave(proc_frame(this_proc()));
}

int proc_start_init(const void *program, uint64_t size, int (*give)(struct proc *init))
{
    memory_image_init(&init_image, program, size);
    struct proc *p = proc_create(NULL);
    if (!p || !job_root())
        return -ENOMEM;
    strlcpy(p->name, "init", sizeof p->name);
    int error = job_add(job_root(), p, 0, NULL);
    if (!error)
        error = give(p);
    if (error)
        return error;
    init_proc = p;
    context_init(&p->task.context, proc_frame(p), init_first_run);
    sched_start(&p->task);
    return 0;
}

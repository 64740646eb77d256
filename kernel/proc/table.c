/*
 * PCBs and pids: making one, finding one by pid, letting go of one.
 * Called by fork, exit, kill, info and by the process handles of ipc/.
 */
#include "mem/cache.h"
#include "proc/job.h"
#include "proc/proc.h"
#include "riscv/clock.h"
#include "riscv/kprintf.h"
#include "sched/sched.h"

#include <common/string.h>
#include <kinglet/errno.h>

#define PID_BUCKETS 1024 /* a power of two; 5,000 processes make chains of five */
#define PID_MAX 0x3fffffff

struct proc_upcalls proc_upcalls;
struct spinlock tree_lock;
struct proc *init_proc;

static struct cache proc_cache = CACHE("proc", struct proc);
static struct {
    struct spinlock lock; /* LOCK_PIDS */
    struct proc *bucket[PID_BUCKETS];
    struct list all; /* by rising pid, but for those made after the numbers have wrapped */
    int32_t last;
} pids;

void proc_init(void)
{
    spin_init(&tree_lock, "process tree", LOCK_TREE);
    spin_init(&pids.lock, "pids", LOCK_PIDS);
    list_init(&pids.all);
    jobs_init();
}

static struct proc *lookup(int32_t tid)
{
    struct proc *p = pids.bucket[(uint32_t)tid % PID_BUCKETS];
    while (p && p->tid != tid)
        p = p->pid_next;
    return p;
}

/* From here on others can find it. Keeps `all` in order of pid: nearly always at the end. */
static void enter(struct proc *p)
{
    spin_lock(&pids.lock);
    do
        pids.last = pids.last == PID_MAX ? 2 : pids.last + 1;
    while (lookup(pids.last));
    p->tid = p->task.pid = pids.last;
    p->pid = p->leader->tid;
    struct proc **bucket = &pids.bucket[(uint32_t)p->tid % PID_BUCKETS];
    p->pid_next = *bucket;
    *bucket = p;
    struct list_node *after = pids.all.head.prev;
    while (after != &pids.all.head && list_entry(after, struct proc, all)->tid > p->tid)
        after = after->prev;
    list_insert_before(after->next, &p->all);
    spin_unlock(&pids.lock);
}

static void leave(struct proc *p)
{
    spin_lock(&pids.lock);
    struct proc **link = &pids.bucket[(uint32_t)p->tid % PID_BUCKETS];
    while (*link != p)
        link = &(*link)->pid_next;
    *link = p->pid_next;
    list_remove(&p->all);
    spin_unlock(&pids.lock);
}

struct proc *proc_create(struct proc *leader)
{
    struct proc *p = cache_alloc(&proc_cache);
    if (!p)
        return NULL;
    struct frame *stack = frame_alloc_order(1);
    if (!stack) {
        cache_free(&proc_cache, p);
        return NULL;
    }
    void *top = kstack_init(frame_pointer(stack));
    atomic_store(&p->refs, 1);
    list_init(&p->children);
    list_init(&p->zombies);
    list_node_init(&p->sibling);
    wait_queue_init(&p->child_ended, WAIT_FOR_child);
    wait_queue_init(&p->ended, WAIT_FOR_process);
    list_node_init(&p->job_link.node);
    p->job_link.proc = p;
    list_node_init(&p->thread_node);
    wait_queue_init(&p->watchers, WAIT_FOR_thread);
    spin_init(&p->lock, "threads", LOCK_THREADS);
    list_init(&p->threads);
    list_init(&p->gone);
    wait_queue_init(&p->thread_wait, WAIT_FOR_thread);
    p->running = 1;
    p->leader = leader ? leader : p;
    if (leader)
        proc_get(leader);
    p->start_ns = clock_ns();
    p->rules = &rules_of[RULES_NATIVE];
    sched_task_init(&p->task, top);
    enter(p);
    return p;
}

void proc_get(struct proc *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
}

void proc_put(struct proc *p)
{
    if (atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    /* The last instructions of a process run on its own kernel stack: they are a few, so wait. */
    while (atomic_load_explicit(&p->task.on_hart, memory_order_acquire))
        panic_check(STOPPED_IN_KERNEL);
    struct proc *leader = p->leader;
    frame_free(frame_at(virt_to_phys((char *)p->task.kernel_stack_top - KSTACK_SIZE)));
    cache_free(&proc_cache, p);
    if (leader != p)
        proc_put(leader);
}

/* Until now a zombie could still be found. */
void proc_forget(struct proc *p)
{
    leave(p);
}

static struct proc *find(int32_t tid, bool threads)
{
    spin_lock(&pids.lock);
    struct proc *p = lookup(tid);
    if (p && !threads && p->leader != p)
        p = NULL;
    if (p)
        proc_get(p);
    spin_unlock(&pids.lock);
    return p;
}

struct proc *proc_find(int32_t pid)
{
    return find(pid, false);
}

struct proc *proc_find_thread(int32_t tid)
{
    return find(tid, true);
}

struct proc *proc_find_from(int32_t tid)
{
    struct proc *found = NULL;
    struct list_node *node;
    spin_lock(&pids.lock);
    found = lookup(tid); /* whoever goes through all in order mostly hits the next one */
    if (found) {
        proc_get(found);
        spin_unlock(&pids.lock);
        return found;
    }
    list_for_each(node, &pids.all) {
        struct proc *p = list_entry(node, struct proc, all);
        if (p->tid >= tid) {
            proc_get(p);
            found = p;
            break;
        }
    }
    spin_unlock(&pids.lock);
    return found;
}

uint64_t proc_count(void)
{
    return cache_live(&proc_cache);
}

/*
 * What ps, ^P and a panic show of processes. Called by the system calls and by main.
 */
#include "proc/job.h"
#include "proc/proc.h"
#include "riscv/clock.h"
#include "riscv/kprintf.h"
#include "riscv/trace_point.h"
#include "sched/sched.h"
#include "sched/waitq.h"

#include <common/string.h>
#include <kinglet/futex.h>

void proc_set_name(struct proc *p, const char *name)
{
    char clean[PROC_NAME_MAX];
    size_t n = 0;
    for (; name[n] && n < sizeof clean - 1; n++)
        clean[n] = (unsigned char)name[n] < ' ' || name[n] == '\177' ? '?' : name[n];
    clean[n] = '\0';
    spin_lock(&tree_lock);
    memcpy(p->name, clean, n + 1);
    spin_unlock(&tree_lock);
    TRACE_NAME(p->tid, clean);
}

_Static_assert((unsigned)WAIT_REASONS <= PINFO_REASONS, "struct pinfo has a place for each reason to wait");

/* Ticks from one time to another; harts' clocks may differ a little, and what has not been yet is 0. */
static uint64_t since(uint64_t start, uint64_t end)
{
    return start && end > start ? end - start : 0;
}

void proc_trace_names(void)
{
    struct proc *p;
    for (int32_t pid = 1; (p = proc_find_from(pid)) != NULL; pid++) {
        char name[PROC_NAME_MAX];
        pid = p->tid;
        spin_lock(&tree_lock);
        memcpy(name, p->name, sizeof name);
        spin_unlock(&tree_lock);
        proc_put(p);
        TRACE_NAME(pid, name);
        sched_breathe();
    }
}

/* Why, for whom and since when a task is blocked. */
struct wait {
    enum wait_reason reason;
    int32_t waits_for;
    uint64_t lock_word, blocked_at;
};

/* Whom it waits for. Of a lock, who holds it now, as its word says: that may be another than when it fell asleep. */
static int32_t waited_for(struct proc *p, const struct wait *wait)
{
    uint32_t word, tid = (uint32_t)wait->waits_for;
    if (wait->reason != WAIT_FOR_futex || !tid || !wait->lock_word)
        return (int32_t)tid;
    spin_lock(&tree_lock);
    struct space *space = p->space;
    if (space)
        space_get(space);
    spin_unlock(&tree_lock);
    if (!space)
        return (int32_t)tid;
    if (word_peek(space, user_at(wait->lock_word), &word) && word & ~FUTEX_WAITERS)
        tid = word & ~FUTEX_WAITERS;
    space_put(space);
    return (int32_t)tid;
}

/* Does it wait for a lock whose holder, `tid`, is gone? Who has this tid, but began after the wait did, is another, if it is
 * the one that the waiter saw. */
static bool owner_is_dead(const struct wait *wait, int32_t tid)
{
    if (wait->reason != WAIT_FOR_futex || !tid)
        return false;
    struct proc *owner = proc_find_thread(tid);
    bool dead = !owner || __atomic_load_n(&owner->thread_ended, __ATOMIC_RELAXED) ||
                (tid == wait->waits_for && owner->start_ns > ns_of_ticks(wait->blocked_at));
    if (owner)
        proc_put(owner);
    return dead;
}

/* Its state, and if that is PROC_BLOCKED, why and for whom: all of one wait. The task writes these fields itself, before it
 * blocks and once it is woken, and no lock keeps it from that. So they are read between two looks: if it was BLOCKED at
 * both, since the same time, it was so in between. Each turn of the loop is a wait that began meanwhile. */
static void describe_wait(struct proc *p, struct proc_info *info)
{
    const struct task *t = &p->task;
    struct wait wait;
    do {
        info->state = (uint8_t)atomic_load(&t->state);
        info->waits_for = 0;
        info->reason[0] = '\0';
        if (info->state != PROC_BLOCKED)
            return;
        wait.blocked_at = __atomic_load_n(&t->blocked_at, __ATOMIC_RELAXED);
        wait.reason = __atomic_load_n(&t->reason, __ATOMIC_RELAXED);
        wait.waits_for = __atomic_load_n(&t->waits_for, __ATOMIC_RELAXED);
        wait.lock_word = __atomic_load_n(&p->lock_word, __ATOMIC_RELAXED);
        info->waits_for = waited_for(p, &wait); /* looks at the lock's word: of the same wait, too */
        strlcpy(info->reason, owner_is_dead(&wait, info->waits_for) ? "owner dead" : wait_reason_words(wait.reason),
                sizeof info->reason);
        atomic_thread_fence(memory_order_acquire);
    } while (atomic_load(&t->state) != PROC_BLOCKED || __atomic_load_n(&t->blocked_at, __ATOMIC_RELAXED) != wait.blocked_at);
}

/* Time and switches so far, in ticks; of a whole process those of all its threads, and *state is that of the busiest. */
struct times {
    uint64_t ran, ran_at[SCHED_MAX_LEVELS], switches;
    uint32_t state, threads;
};

static void add_times(struct times *sum, struct proc *p)
{
    uint64_t ran, ran_at[SCHED_MAX_LEVELS];
    uint32_t state = atomic_load(&p->task.state);
    sched_times(&p->task, &ran, ran_at);
    sum->ran += ran;
    for (unsigned l = 0; l < SCHED_MAX_LEVELS; l++)
        sum->ran_at[l] += ran_at[l];
    sum->switches += p->task.switches;
    sum->threads++;
    if (state == PROC_RUNNING || (state == PROC_READY && sum->state != PROC_RUNNING))
        sum->state = state;
}

static void times_of(struct proc *p, bool whole, struct times *sum)
{
    struct list_node *node;
    memset(sum, 0, sizeof *sum);
    sum->state = atomic_load(&p->task.state);
    spin_lock(&p->leader->lock);
    add_times(sum, p);
    if (whole && p == p->leader) {
        list_for_each(node, &p->threads)
            add_times(sum, list_entry(node, struct proc, thread_node));
        list_for_each(node, &p->gone)
            add_times(sum, list_entry(node, struct proc, thread_node));
        sum->ran += p->ran;
        for (unsigned l = 0; l < SCHED_MAX_LEVELS; l++)
            sum->ran_at[l] += p->ran_at[l];
        sum->switches += p->switches;
    }
    spin_unlock(&p->leader->lock);
}

void proc_describe(struct proc *p, struct proc_info *info, bool whole)
{
    struct times times;
    memset(info, 0, sizeof *info);
    times_of(p, whole, &times);
    info->pid = p->pid;
    info->tid = p->tid;
    info->threads = times.threads;
    info->daemon = p->daemon;
    info->start_ns = p->start_ns;
    info->state = (uint8_t)times.state;
    info->level = (uint8_t)sched_level(&p->task);
    info->hart = (uint8_t)atomic_load(&p->task.hart)->index;
    info->switches = times.switches;
    if (info->state == PROC_BLOCKED)
        describe_wait(p, info);
    info->cpu_ns = ns_of_ticks(times.ran);
    for (unsigned l = 0; l < SCHED_MAX_LEVELS; l++)
        info->cpu_ns_level[l] = ns_of_ticks(times.ran_at[l]);

    spin_lock(&tree_lock);
    memcpy(info->name, p->name, sizeof info->name);
    info->ppid = p->leader->parent ? p->leader->parent->pid : 0;
    if (p->space) {
        info->pages = p->space->resident;
        info->committed = p->space->committed;
    }
    spin_unlock(&tree_lock);

    spin_lock(&job_lock);
    struct job *job = p->leader->job;
    if (job) {
        info->job = job->id;
        info->session = job->session->id;
    }
    spin_unlock(&job_lock);
}

void proc_figures(struct proc *p, struct pinfo *to)
{
    struct figures f;
    struct times times;
    uint64_t switches, now = clock_ticks();
    memset(to, 0, sizeof *to);
    sched_figures(&p->task, &f, &switches);
    times_of(p, true, &times);
    to->pid = p->pid;
    to->daemon = p->daemon;
    to->state = (uint8_t)times.state;
    to->level = (uint8_t)sched_level(&p->task);
    to->hart = (uint8_t)atomic_load(&p->task.hart)->index;
    to->arrival_ns = ns_of_ticks(f.made_at);
    to->first_run_ns = ns_of_ticks(f.first_run_at);
    to->end_ns = ns_of_ticks(f.ended_at);
    to->turnaround_ns = ns_of_ticks(since(f.made_at, f.ended_at ? f.ended_at : now));
    to->response_ns = ns_of_ticks(since(f.made_at, f.first_run_at ? f.first_run_at : now));
    to->run_ns = ns_of_ticks(times.ran - f.ran_before);
    for (unsigned l = 0; l < SCHED_MAX_LEVELS; l++)
        to->run_ns_level[l] = ns_of_ticks(times.ran_at[l] - f.ran_at_before[l]);
    to->waiting_ns = ns_of_ticks(f.waited);
    for (unsigned r = 0; r < WAIT_REASONS; r++)
        to->blocked_ns[r] = ns_of_ticks(f.blocked[r]);
    to->bursts = f.bursts;
    to->involuntary = f.involuntary;
    to->voluntary = switches - f.switches_before - f.involuntary;

    spin_lock(&tree_lock);
    memcpy(to->name, p->name, sizeof to->name);
    to->ppid = p->parent ? p->parent->pid : 0;
    spin_unlock(&tree_lock);
}

void proc_dump_all(void)
{
    static const char *const states[] = {"ready", "running", "blocked", "zombie"};
    kprintf("  PID  PPID   JOB STATE    LEVEL HART  CPU-MS WAITS-FOR\n");
    struct proc *p;
    for (int32_t pid = 1; (p = proc_find_from(pid)) != NULL; pid++) {
        struct proc_info info;
        proc_describe(p, &info, false);
        pid = p->tid;
        proc_put(p);
        kprintf("%5d %5d %5d %-8s %5u %4u %7lu %-10s", info.tid, info.ppid, info.job, states[info.state],
                info.level, info.hart, (unsigned long)(info.cpu_ns / 1000000), info.reason);
        if (info.waits_for)
            kprintf(" pid %-5d", info.waits_for);
        kprintf(" %s", info.name);
        if (info.tid != info.pid)
            kprintf(" (thread of %d)", info.pid);
        kprintf("\n");
        sched_breathe(); /* printing takes long */
    }
}

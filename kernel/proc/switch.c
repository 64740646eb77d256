/*
 * What belongs to a process on a hart: address space, floating-point registers, and the reasons
 * not to go back to user mode. Called by the scheduler's switch and by the trap path.
 */
#include "proc/exec.h"
#include "proc/job.h"
#include "riscv/csr.h"
#include "riscv/kprintf.h"
#include "riscv/trace_point.h"
#include "sched/sched.h"

#include <common/string.h>
#include <kinglet/errno.h>

static void set_fs(struct trap_frame *frame, uint64_t fs)
{
    frame->sstatus = (frame->sstatus & ~SSTATUS_FS_MASK) | fs;
}

void proc_switched(struct task *from, struct task *to)
{
    struct hart *hart = this_hart();
    if (from->pid && proc_of(from)->uses_fp) {
        struct trap_frame *frame = proc_frame(proc_of(from));
        if ((frame->sstatus & SSTATUS_FS_MASK) == SSTATUS_FS_DIRTY) {
            fp_save(&proc_of(from)->fp);
            set_fs(frame, SSTATUS_FS_CLEAN);
        }
    }
    if (!to->pid) {
        /* Not in the last one's: its process may end on another hart meanwhile, and the tables go. */
        space_activate_kernel();
        return;
    }
    struct proc *p = proc_of(to);
    if (p->space)
        space_activate(p->space);
    else
        space_activate_kernel();
    if (p->uses_fp)
        fp_restore(&p->fp);
    /* In this order: proc_end, on another hart, sets `killed` and then the bit. */
    __atomic_fetch_and(&hart->work, ~(uint32_t)WORK_KILLED, __ATOMIC_SEQ_CST);
    if (atomic_load(&to->killed) && !p->exiting)
        __atomic_fetch_or(&hart->work, WORK_KILLED, __ATOMIC_RELAXED);
}

/* What `killed` is set for: a signal, the end of the process or of this thread of it, or another thread's exec, which
 * the leader carries out. */
static _Noreturn void proc_killed(void)
{
    struct proc *me = this_proc();
    if (me != me->leader)
        thread_end(0);
    int32_t signal = atomic_load(&me->kill_signal);
    spin_lock(&me->lock);
    bool exec = !me->ending && !signal && me->program.space;
    spin_unlock(&me->lock);
    if (exec)
        proc_exec_take_over();
    proc_exit(0, signal);
}

void proc_before_user(struct trap_frame *frame)
{
    struct hart *hart = this_hart();
    struct proc *me = this_proc();
    if (hart->work & WORK_KILLED) /* perhaps meant for one that ran here before; cleared first, as above */
        __atomic_fetch_and(&hart->work, ~(uint32_t)WORK_KILLED, __ATOMIC_SEQ_CST);
    if (atomic_load(&me->task.killed))
        proc_killed();
    if (hart->work & WORK_FENCE_I) {
        __atomic_fetch_and(&hart->work, ~(uint32_t)WORK_FENCE_I, __ATOMIC_RELAXED);
        fence_i();
    }
    if (hart->work & WORK_TRACE) {
        __atomic_fetch_and(&hart->work, ~(uint32_t)WORK_TRACE, __ATOMIC_RELAXED);
        proc_upcalls.trace_due();
    }
    if (hart->work & WORK_RESCHED)
        sched_preempt();
}

/* The first floating-point instruction of a process: until now the unit was off for it. */
static void start_floating_point(struct proc *me, struct trap_frame *frame)
{
    memset(&me->fp, 0, sizeof me->fp);
    me->uses_fp = true;
    fp_restore(&me->fp);
    set_fs(frame, SSTATUS_FS_CLEAN);
}

#define UNPAID_PAGES 64 /* that a stack or a lazy heap may grow by before the job is asked to pay */

/* 0, or -ENOMEM: the fault made the process larger than its job's limit allows. */
static int pay_for_growth(struct proc *me)
{
    uint64_t committed = me->space->committed;
    return committed > me->leader->job_pages + UNPAID_PAGES ? job_settle(me->leader) : 0;
}

/* 0: go on; else the signal that ends the process. */
static int signal_of(struct proc *me, struct trap_frame *frame, uint64_t scause, uint64_t stval)
{
    int access;
    switch (scause) {
    case CAUSE_FETCH_PAGE_FAULT:
        access = REGION_EXEC;
        break;
    case CAUSE_LOAD_PAGE_FAULT:
        access = REGION_READ;
        break;
    case CAUSE_STORE_PAGE_FAULT:
        access = REGION_WRITE;
        break;
    case CAUSE_ILLEGAL_INSTRUCTION:
        if (me->uses_fp || (frame->sstatus & SSTATUS_FS_MASK) != SSTATUS_FS_OFF)
            return SIGILL;
        start_floating_point(me, frame);
        return 0; /* if it was no floating-point instruction, it comes here again */
    case CAUSE_BREAKPOINT:
        return SIGILL;
    default:
        return SIGBUS;
    }
    uint64_t before = me->space->committed;
    switch (space_fault(me->space, stval, access, frame->sp)) {
    case 0:
        /* Whoever only touches what he was promised goes on, even if his job could not pay for what grew earlier. */
        return pay_for_growth(me) && me->space->committed > before ? SIGBUS : 0;
    case -ENOMEM:
        return SIGBUS;
    default:
        return SIGSEGV;
    }
}

void proc_user_fault(struct trap_frame *frame, uint64_t scause, uint64_t stval)
{
    struct proc *me = this_proc();
    TRACE(fault, scause, me->tid, stval >> PAGE_SHIFT);
    int signal = signal_of(me, frame, scause, stval);
    if (!signal)
        return;
    klog(LOG_WARN, "%s (pid %d): %s, address 0x%lx, pc 0x%lx: ended by signal %d%s\n", me->name, me->pid,
         trap_cause_name(scause), stval, frame->pc, signal,
         signal == SIGBUS && stval ? " (memory could not be had)" : "");
    proc_exit(0, signal);
}

/*
 * Where the rooms are put together: the order in which they come up, and the few upward calls
 * (docs/architecture.md lists them). Entered once, by start.c, on the boot hart.
 */
#include "ipc/futex.h"
#include "ipc/things.h"
#include "mem/frame.h"
#include "mem/space.h"
#include "proc/exec.h"
#include "proc/job.h"
#include "proc/proc.h"
#include "riscv/clock.h"
#include "riscv/kprintf.h"
#include "riscv/machine.h"
#include "riscv/panic.h"
#include "riscv/power.h"
#include "riscv/start.h"
#include "sched/sched.h"
#include "sys/calls.h"
#include "sys/options.h"
#include "sys/random.h"
#include "trace/trace.h"

#include <common/cpio.h>
#include <common/string.h>
#include <kinglet/errno.h>

#define INIT_PROGRAM "sbin/init"
/* A hart's trace ring: up to 4 MiB, a quarter of a million records; less where memory is small. */
#define TRACE_ORDER_MAX FRAME_MAX_ORDER
#define TRACE_MEMORY_SHARE 8 /* all rings together: at most this fraction of memory */

static void describe_current(const struct hart *hart)
{
    const struct proc *current = hart->current;
    if (current && current->task.pid)
        kprintf(current->tid == current->pid ? "running: %s (pid %d)\n" : "running: %s (pid %d, thread %d)\n",
                current->name, current->pid, current->tid);
    else
        kprintf("running: nobody\n");
}

static void connect_rooms(void)
{
    panic_upcalls.describe = describe_current;
    trap_upcalls = (struct trap_upcalls){
        .system_call = system_call,
        .user_fault = proc_user_fault,
        .timer = sched_timer,
        .interrupt = device_interrupt,
        .ipi = sched_ipi,
        .before_user = proc_before_user,
    };
    mem_upcalls.breathe = sched_breathe;
    mem_upcalls.segment_charge = memory_charge;
    mem_upcalls.segment_freed = memory_freed;
    sched_upcalls.switched = proc_switched;
    proc_upcalls = (struct proc_upcalls){
        .fork = ipc_fork, .thread = ipc_thread, .exec = ipc_exec, .park = ipc_park, .exit = ipc_exit,
        .trace_due = device_trace_due};
}

static void start_trace(void)
{
    const char *value;
    if (option_value("trace", &value) < 0)
        return;
    unsigned order = TRACE_ORDER_MAX;
    while (order && ((uint64_t)hart_count << order) * TRACE_MEMORY_SHARE > frames_total())
        order--;
    for (unsigned i = 0; i < hart_count; i++) {
        struct frame *ring = frame_alloc_order(order);
        if (!ring) {
            klog(LOG_WARN, "trace: no memory for the rings\n");
            trace_area.records = 0; /* all or none */
            return;
        }
        harts[i].trace_ring = trace_set_ring(i, frame_pointer(ring), frame_phys(ring),
                                             (PAGE_SIZE << order) / sizeof(struct trace_record));
    }
    trace_area.timebase_hz = machine.timebase_hz;
    if (strcmp(value, "on") == 0)
        trace_on = trace_wanted;
    sched_trace();
}

static _Noreturn void unfit(const char *why)
{
    kprintf("kernel: %s\n", why);
    power_off(RUN_STATUS_MACHINE);
}

static struct memory *initrd;

static int give_init_its_handles(struct proc *init)
{
    init->handles = handle_table_create();
    if (!init->handles)
        return -ENOMEM;
    handle_give(init, INIT_HANDLE_INITRD, &initrd->object);
    handle_give(init, INIT_HANDLE_MACHINE, machine_object());
    return 0;
}

static void start_init(void)
{
    uint64_t phys = machine.initrd_start & ~(uint64_t)PAGE_MASK;
    uint64_t end = (machine.initrd_end + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    const char *archive = phys_to_virt(machine.initrd_start);
    struct cpio_entry program;
    if (machine.initrd_start != phys)
        unfit("the initrd does not start on a page: load it at a multiple of 4096");
    if (cpio_find(archive, machine.initrd_end - machine.initrd_start, INIT_PROGRAM, &program) != 1)
        unfit("the initrd has no " INIT_PROGRAM " (it has to be a newc cpio archive)");
    frame_adopt(phys, end - phys);
    initrd = memory_create(phys, end - phys);
    if (!initrd || proc_start_init(program.data, program.size, give_init_its_handles))
        unfit("not enough memory to start init");
}

/* test=: what a test needs the kernel to do. */
static bool self_test_is(const char *what)
{
    const char *value;
    return option_value("test", &value) >= 0 && strcmp(value, what) == 0;
}

static void self_test(void)
{
    if (self_test_is("panic"))
        panic("test=panic asked for this");
    if (self_test_is("hang"))
        for (;;)
            hart_wait();
}

static void greet(void)
{
    unsigned online = harts_online();
    kprintf("Kinglet: %lu MiB free, %u hart%s", (unsigned long)(frames_free() * PAGE_SIZE >> 20), online,
            online == 1 ? "" : "s");
    if (online < hart_count)
        kprintf(" of %u", hart_count);
    kprintf(", timebase %lu Hz\n", (unsigned long)machine.timebase_hz);
}

void hart_main(void)
{
    sched_idle();
}

void kernel_main(void)
{
    connect_rooms();
    frame_init();
    options_init(machine.bootargs);
    devices_init();
    random_init();
    futexes_init();
    sched_init();
    proc_init();
    options_apply();
    start_trace();
    harts_start(self_test_is("entry"));
    greet();
    self_test();
    start_init();
    sched_idle();
}

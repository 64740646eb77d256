/*
 * System calls about the system as a whole.
 */
#include "sys/calls.h"

#include "ipc/channel.h"
#include "ipc/completion.h"
#include "ipc/message_pipe.h"
#include "ipc/pipe.h"
#include "ipc/things.h"
#include "mem/cache.h"
#include "proc/job.h"
#include "riscv/clock.h"
#include "riscv/kprintf.h"
#include "riscv/machine.h"
#include "riscv/power.h"
#include "riscv/trace_point.h"
#include "sched/sched.h"
#include "sys/options.h"

#include <common/string.h>
#include <kinglet/version.h>

#ifdef KINGLET_DEBUG
#define BUILD "debug build"
#else
#define BUILD "release build"
#endif

#define LOG_MAX 256 /* bytes of one log call: the console is polled */
#define LIST_MAX 4096

int64_t sys_log(const uint64_t a[7])
{
    char text[LOG_MAX];
    uint64_t n = a[1] < sizeof text ? a[1] : sizeof text;
    if (from_user(text, a[0], n))
        return -EFAULT;
    kputs_raw(text, n);
    return (int64_t)n;
}

_Static_assert(SYSTEM_MAX_HARTS == MAX_HARTS, "struct system_info has a place for each hart");

/* Fills in what the harts did, one by one and in all. */
static void describe_harts(struct system_info *info)
{
    for (unsigned i = 0; i < hart_count; i++) {
        struct hart_info *hart = &info->hart[i];
        uint64_t idle, load;
        if (!harts[i].online)
            continue;
        sched_hart_totals(i, &hart->switches, &idle, &load);
        hart->online = 1;
        hart->load = (uint32_t)load;
        hart->idle_ns = ns_of_ticks(idle);
        info->switches += hart->switches;
        info->idle_ns += hart->idle_ns;
        info->load_milli += load * 1000;
    }
}

int64_t sys_system_info(const uint64_t a[7])
{
    uint64_t flushes, remote;
    harts_tlb_totals(&flushes, &remote);
    struct system_info info = {
        .uptime_ns = clock_ns(),
        .frames_total = frames_total(),
        .frames_free = frames_free(),
        .frames_available = frames_available(),
        .processes = proc_count(),
        .jobs = job_count(),
        .spaces = spaces_live(),
        .handle_tables = handle_tables_live(),
        .pipes = pipes_live() + message_pipes_live(),
        .channels = channels_live(),
        .sessions = sessions_live(),
        .objects = kmalloc_live() + process_handles_live() + memory_objects_live() + kept_live() +
                   completions_live(),
        .harts = harts_online(),
        .timebase_hz = machine.timebase_hz,
        .entry_ns = ns_of_ticks(clock_entry_ticks),
        .tlb_flushes = flushes,
        .tlb_remote = remote,
        .release = KINGLET_RELEASE,
        .build = BUILD,
    };
    describe_harts(&info);
    return to_user(a[0], &info, sizeof info);
}

/* What three calls do: one record for each process, or thread, from a number on. */
enum listed { PROCESSES, THREADS, FIGURES };
static int64_t list_processes(const uint64_t a[7], enum listed what)
{
    union {
        struct proc_info info;
        struct pinfo figures;
    } one;
    const uint64_t size = what == FIGURES ? sizeof one.figures : sizeof one.info;
    int32_t pid = (int32_t)a[0];
    uint64_t max = a[2] < LIST_MAX ? a[2] : LIST_MAX;
    uint64_t n = 0;
    struct proc *p;
    while (n < max && (p = proc_find_from(pid)) != NULL) {
        bool listed = p == p->leader || what == THREADS;
        if (listed && what == FIGURES)
            proc_figures(p, &one.figures);
        else if (listed)
            proc_describe(p, &one.info, what == PROCESSES);
        pid = p->tid + 1;
        proc_put(p);
        if (!listed) {
            sched_breathe();
            continue;
        }
        if (to_user(a[1] + n * size, &one, size))
            return -EFAULT;
        n++;
        sched_breathe();
    }
    return (int64_t)n;
}

int64_t sys_process_list(const uint64_t a[7])
{
    return list_processes(a, PROCESSES);
}

int64_t sys_thread_list(const uint64_t a[7])
{
    return list_processes(a, THREADS);
}

int64_t sys_getpinfo(const uint64_t a[7])
{
    return list_processes(a, FIGURES);
}

int64_t sys_declare_burst(const uint64_t a[7])
{
    if (a[0] > NS_PER_SECOND * 1000)
        return -EINVAL;
    sched_declare(&this_proc()->task, ticks_of_ns(a[0]));
    return 0;
}

int64_t sys_sched_get(const uint64_t a[7])
{
    struct sched_params params;
    sched_query(&params);
    return to_user(a[0], &params, sizeof params);
}

int64_t sys_sched_set(const uint64_t a[7])
{
    struct sched_params params;
    if (from_user(&params, a[0], sizeof params))
        return -EFAULT;
    return sched_configure(&params);
}

int64_t sys_boot_option(const uint64_t a[7])
{
    char name[32];
    int64_t length = copy_string_in(this_proc()->space, name, user_at(a[0]), sizeof name);
    if (length < 0)
        return length;
    const char *value;
    length = option_value(name, &value);
    if (length < 0)
        return length;
    uint64_t n = (uint64_t)length + 1 < a[2] ? (uint64_t)length + 1 : a[2];
    return n && to_user(a[1], value, n) ? -EFAULT : length;
}

int64_t sys_power(const uint64_t a[7])
{
    if (a[0] == POWER_OFF)
        power_off((int)(a[1] & 0xff));
    if (a[0] == POWER_REBOOT)
        power_reboot();
    return -EINVAL;
}

int64_t sys_trace_control(const uint64_t a[7])
{
    bool old = trace_on != 0;
    if (a[0] > 1)
        return -EINVAL;
    if (a[0] && !trace_area.records)
        return -ENOMEM; /* no rings: trace= was not given at boot */
    __atomic_store_n(&trace_on, a[0] ? trace_wanted : 0, __ATOMIC_RELAXED);
    if (a[0] && !old) {
        /* What a reader would know had he been there from the start. */
        sched_trace();
        proc_trace_names();
    } else if (!a[0] && old) {
        trace_due(); /* there will be no more for now: what there is need not wait */
    }
    return old;
}

int64_t sys_trace_filter(const uint64_t a[7])
{
    struct trace_state state = {
        .events = trace_wanted,
        .records = trace_area.records,
        .on = trace_on != 0,
        .harts = (uint32_t)trace_area.harts,
    };
    for (unsigned i = 0; i < TRACE_MAX_HARTS; i++)
        state.written[i] = __atomic_load_n(&trace_area.written[i], __ATOMIC_RELAXED);
    if (a[1] && to_user(a[1], &state, sizeof state))
        return -EFAULT;
    if (a[0]) {
        uint64_t now = __atomic_load_n(&trace_on, __ATOMIC_RELAXED);
        __atomic_store_n(&trace_wanted, a[0], __ATOMIC_RELAXED);
        /* Off stays off, also when another hart switches it off just now. */
        while (now && !__atomic_compare_exchange_n(&trace_on, &now, a[0], false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            ;
    }
    return 0;
}

int64_t sys_dump(const uint64_t a[7])
{
    (void)a;
    proc_dump_all();
    return 0;
}

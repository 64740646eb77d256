/*
 * Processes as programs see them: how one ends, signals, states, what ps shows,
 * limits of a job, scheduling parameters, what the system holds.
 */
#ifndef KINGLET_PROCESS_H
#define KINGLET_PROCESS_H

#include <stdint.h>

/* Signals are only ways to end: nothing can be caught. */
#define SIGINT 2
#define SIGILL 4
#define SIGABRT 6
#define SIGBUS 7   /* memory that could not be had (stack growth under pressure) */
#define SIGKILL 9
#define SIGSEGV 11
#define SIGPIPE 13
#define SIGTERM 15
#define NSIG 32

/* How a child ended, as wait returns it. */
struct exit_status {
    int32_t code;   /* what exit was given; meaningful when signal is 0 */
    int32_t signal; /* 0, or the signal or fault that ended it */
};

#define THREAD_TELL_LAST 1 /* thread_exit: 1 and no end when no other thread is left to end the process */
#define WAIT_NOHANG 1 /* wait: 0 at once when no child has ended */
#define FORK_DAEMON 1 /* fork: the child dies with this process and may have no children */

enum proc_state { PROC_READY, PROC_RUNNING, PROC_BLOCKED, PROC_ZOMBIE };

/* rules: what a process gets where xv6's programs expect something else than Kinglet's do */
#define RULES_NATIVE 0
#define RULES_XV6 1

#define PROC_NAME_MAX 32
#define REASON_MAX 16
#define SCHED_MAX_LEVELS 8

struct proc_info {
    int32_t pid, ppid, job, session; /* session: the job whose members may kill each other */
    uint8_t state;                   /* enum proc_state */
    uint8_t level;                   /* scheduling level now, 0 is the best */
    uint8_t hart;                    /* where it runs or last ran */
    uint8_t daemon;
    int32_t waits_for;               /* pid of the server or child it is blocked on, or a lock's holder, or 0 */
    uint64_t cpu_ns;                 /* processor time charged to it */
    uint64_t cpu_ns_level[SCHED_MAX_LEVELS];
    uint64_t start_ns;               /* since boot */
    uint64_t pages;                  /* resident frames mapped */
    uint64_t committed;              /* pages promised to it */
    uint64_t switches;
    char name[PROC_NAME_MAX];
    char reason[REASON_MAX]; /* blocked: what it waits for (<kinglet/trace.h>) */
    int32_t tid;             /* process_list: the pid; thread_list: the thread's own number */
    uint32_t threads;        /* of the process that live or were not joined, the first one included */
};

/* What became of a process, up to now or to its end: the figures by which schedulers are compared. */
#define PINFO_REASONS 16
struct pinfo {
    int32_t pid, ppid;
    uint8_t state;                        /* enum proc_state */
    uint8_t level, hart, daemon;          /* as in struct proc_info */
    uint32_t reserved;                    /* 0 */
    uint64_t arrival_ns;                  /* since boot: when it was made... */
    uint64_t first_run_ns;                /* ...first ran (0: not yet)... */
    uint64_t end_ns;                      /* ...and ended (0: not yet) */
    uint64_t turnaround_ns;               /* from arrival to the end, or to now */
    uint64_t response_ns;                 /* from arrival to the first run, or to now */
    uint64_t run_ns;                      /* processor time, a server's on its behalf too... */
    uint64_t run_ns_level[SCHED_MAX_LEVELS]; /* ...level by level */
    uint64_t waiting_ns;                  /* READY: it could have run, but others did */
    uint64_t blocked_ns[PINFO_REASONS];   /* BLOCKED, by enum wait_reason (<kinglet/trace.h>); ended waits only */
    uint64_t bursts;                      /* how often it was woken, its start included */
    uint64_t voluntary, involuntary;      /* switches: it blocked, yielded, ended; its slice ended, a better one came */
    char name[PROC_NAME_MAX];
};

/* Limits of a job; 0 in a set call leaves a limit alone. They hold for all jobs below it too. */
struct job_limits {
    uint64_t max_processes;
    uint64_t max_pages; /* promised private pages */
};

#define SCHED_POLICY_NAME_MAX 8
#define SCHED_RESET_ALLOTMENT 1 /* MLFQ: who blocks gets a whole slice again */
#define SCHED_PREEMPTIVE 2      /* SJF: a shorter job takes the processor at once */
struct sched_params {
    char policy[SCHED_POLICY_NAME_MAX]; /* "fcfs", "mlfq", "rr", "sjf" */
    uint32_t levels;                    /* MLFQ: 1..SCHED_MAX_LEVELS */
    uint32_t flags;                     /* SCHED_ */
    uint64_t slice_ns[SCHED_MAX_LEVELS];
    uint64_t boost_ns;       /* 0: never */
    uint64_t quantum_ns;     /* RR; 0 in sched_set: as it is */
    uint64_t first_guess_ns; /* SJF; 0 in sched_set: as it is */
    uint32_t alpha_ppm;      /* SJF: weight of the last burst, 0..1000000 */
    uint32_t reserved;       /* 0 */
};

/* What one hart did since boot. */
#define SYSTEM_MAX_HARTS 8
struct hart_info {
    uint64_t switches;
    uint64_t idle_ns;
    uint32_t load;   /* processes ready or running there now */
    uint32_t online; /* 0: it does not run the kernel, and the rest says nothing */
};

/* What the system is, holds and does, for free(1), top(1) and uname(1), and for tests that check that
 * nothing leaked. */
struct system_info {
    uint64_t uptime_ns;
    uint64_t frames_total;     /* 4 KiB frames the allocator was given */
    uint64_t frames_free;
    uint64_t frames_available; /* not free only, but promised to nobody */
    uint64_t processes, jobs, spaces, handle_tables, pipes, channels, sessions, objects;
    uint64_t harts, timebase_hz;
    uint64_t switches, idle_ns;
    uint64_t load_milli; /* ready or running processes now, times 1000 */
    uint64_t entry_ns;    /* uptime when the firmware let the kernel in */
    uint64_t tlb_flushes; /* of all harts since boot: satp changed, or sfence.vma */
    uint64_t tlb_remote;  /* fences that harts asked of one another, one for each hart asked */
    struct hart_info hart[SYSTEM_MAX_HARTS];
    char release[16]; /* of the kernel that runs: "0.3" */
    char build[16];   /* "release build" or "debug build" */
};

/* power() */
#define POWER_OFF 0
#define POWER_REBOOT 1

/* map() protections */
#define MAP_READ 1
#define MAP_WRITE 2
#define MAP_PRIVATE (-2) /* in place of a handle: the caller's own memory, zeroes, copied by fork; a guard page below */
#define MAP_AT 4 /* at the address that is given, and nowhere else; for what memory_create made */

/* Exit statuses of a whole QEMU run that are not the guest command's own (docs: README). */
#define RUN_STATUS_PANIC 121
#define RUN_STATUS_BAD_OPTION 122
#define RUN_STATUS_MACHINE 123 /* machine unfit: memory, initrd, unknown devices */
#define RUN_STATUS_TIMEOUT 124 /* set by the host side: the guest hung */
#define RUN_STATUS_NOT_FOUND 127

#endif

/*
 * The system calls: number, name. The number goes in a7, arguments in a0..a5 (reply: a0..a6),
 * the result comes back in a0: >= 0, or a negative errno. All other registers are kept, except
 * that receive and reply_receive return a message in a0..a7.
 * Arguments and errors, call by call: docs/system-calls.md; C prototypes: <kinglet/system.h>.
 */
#ifndef KINGLET_SYSCALL_H
#define KINGLET_SYSCALL_H

#define KINGLET_SYSCALLS(S) \
    /* processes */ \
    S(1, fork)          /* (flags) -> pid, 0 in the child */ \
    S(2, exec)          /* (path, argv, envp) */ \
    S(3, exec_image)    /* (memory handle, offset, length, argv, envp): exec from a memory object */ \
    S(4, exit)          /* (code) */ \
    S(5, wait)          /* (pid or -1, struct exit_status *, flags) -> pid */ \
    S(6, kill)          /* (pid, or -job, signal) */ \
    S(7, getpid) \
    S(8, getppid) \
    S(9, setjob)        /* (pid or 0, job; 0: a new one below the caller's) -> job */ \
    S(10, getjob)       /* (pid or 0) -> job */ \
    S(11, job_session)  /* (machine handle): the caller moves to a new job that heads a session */ \
    S(12, job_limits)   /* (job, const struct job_limits *set or 0, struct job_limits *old or 0) */ \
    S(13, process_open) /* (pid) -> handle that polls readable when it has ended */ \
    S(14, sleep)        /* (ns) */ \
    S(15, yield) \
    S(16, clock)        /* () -> ns since boot */ \
    S(17, setname)      /* (string) name shown by ps */ \
    S(18, rules)        /* (RULES_): what the caller gets; inherited by fork, gone with exec */ \
    S(130, thread_create) /* (entry, sp, argument in a0, tp) -> tid */ \
    S(131, thread_exit)   /* (value, address, length of the stack to be unmapped, THREAD_) */ \
    S(132, thread_join)   /* (tid, uint64 *value or 0) */ \
    S(133, thread_detach) /* (tid) */ \
    S(134, gettid) \
    /* memory */ \
    S(20, sbrk)         /* (delta) -> old break */ \
    S(21, map)          /* (memory or device handle, offset, length, MAP_, address) -> address */ \
    S(22, unmap)        /* (address, length) */ \
    S(23, memory_size)  /* (memory handle) -> bytes */ \
    S(28, sbrk_lazy)    /* (bytes) -> old break; the memory is looked for when it is touched */ \
    S(24, memory_create)   /* (bytes) -> memory handle; no page of it can be touched yet */ \
    S(25, memory_commit)   /* (memory handle, offset, bytes): these can be touched from now on */ \
    S(26, memory_decommit) /* (memory handle, offset, bytes): these not any more, and what they held is lost */ \
    S(27, memory_next)     /* (memory handle, offset, uint64 *end) -> where the next committed pages start */ \
    /* handles */ \
    S(30, dup) \
    S(31, dup2)         /* (from, to) */ \
    S(32, close) \
    S(33, fcntl)        /* (handle, command, argument) */ \
    S(34, pipe)         /* (int ends[2], O_NONBLOCK | O_CLOEXEC | O_CLOFORK) */ \
    S(35, read)         /* (handle, buffer, bytes) */ \
    S(36, write) \
    S(37, lseek)        /* (handle, offset, whence) */ \
    S(38, fstat) \
    S(39, ftruncate)    /* (handle, size) */ \
    S(40, getdents)     /* (handle, buffer, bytes) -> bytes of struct kdirent, 0 at the end */ \
    S(41, poll)         /* (struct pollfd *, n, timeout in ns or -1) */ \
    S(42, fsync) \
    /* message pipes */ \
    S(43, message_pipe)    /* (int ends[2], bytes, messages, flags as pipe): a pipe that keeps messages whole */ \
    S(44, message_send)    /* (handle, data, bytes, int handles[], count, timeout in ns or -1) */ \
    S(45, message_receive) /* (handle, buffer, bytes, int handles[], count, timeout in ns or -1) -> bytes */ \
    S(46, message_state)   /* (handle, struct message_state *) */ \
    /* submitted calls */ \
    S(47, completion_create) /* (O_NONBLOCK | O_CLOEXEC) -> completion handle: read gives struct completion records */ \
    S(48, submit)            /* (completion handle, const struct submission *): made while the caller goes on */ \
    S(49, submit_cancel)     /* (completion handle, tag): those under way end early -> how many were told to */ \
    /* paths */ \
    S(50, open)         /* (path, flags, mode) -> handle */ \
    S(51, stat) \
    S(52, mkdir)        /* (path, mode) */ \
    S(53, rmdir) \
    S(54, unlink) \
    S(55, link)         /* (old, new) */ \
    S(56, rename) \
    S(57, mknod)        /* (path, mode, major << 8 | minor) */ \
    S(58, chdir) \
    S(59, mount)        /* (path, session handle) */ \
    S(60, unmount)      /* (path) */ \
    S(61, set_root)     /* (session handle): becomes the process's root and current directory */ \
    /* channels */ \
    S(70, channel_create)   /* (rank) -> handle */ \
    S(71, channel_connect)  /* (channel, cookie, SESSION_) -> session handle, without asking the server */ \
    S(72, channel_serve)    /* (channel, buffer, bytes): I serve it; inline data goes there */ \
    S(73, receive)          /* (channel) -> message in registers */ \
    S(74, reply)            /* (channel, token, status, data, length, extra, flags) */ \
    S(75, reply_receive)    /* the same, then receive */ \
    S(76, grant_read)       /* (channel, token, offset, buffer, bytes): from the client's buffer */ \
    S(77, grant_write)      /* to the client's buffer */ \
    S(78, session_ready)    /* (channel, cookie, POLL bits): readiness of all sessions so named */ \
    S(79, channel_sessions) /* (channel, uint64 cookies[], n) -> how many live ones there are */ \
    S(80, call)             /* (session, op, arg0, arg1, buffer, bytes | CALL_ << 56, arg2) */ \
    S(81, notify)           /* (channel, bits) */ \
    S(82, channel_timer)    /* (channel, bits, ns from now; 0: disarm): one shot, one timer a channel */ \
    S(83, channel_keep)     /* (channel, key, session handle, or -1: drop it): kept for the next server */ \
    S(84, channel_kept)     /* (channel, key, uint64 *found) -> handle on the first kept from this key up */ \
    /* devices; the machine handle is INIT_HANDLE_MACHINE */ \
    S(90, device_claim)     /* (machine, compatible string, index) -> device handle */ \
    S(91, device_info)      /* (device, struct device_info *) */ \
    S(92, interrupt_bind)   /* (device, channel, bits) */ \
    S(93, interrupt_ack)    /* (device) */ \
    S(94, device_memory)    /* (device, uint64 *physical) -> memory handle: a page for the device to work on */ \
    /* futexes */ \
    S(120, futex_wait)      /* (uint32 *, expected, ns or -1, owner's pid or 0, FUTEX_, uint32 *release or 0) */ \
    S(121, futex_wake)      /* (uint32 *, n) -> how many */ \
    S(122, futex_change)    /* (uint32 *, old, new, n): as one step, change it and wake -> how many */ \
    /* the system */ \
    S(100, log)             /* (text, bytes): to the kernel's console */ \
    S(101, system_info)     /* (struct system_info *) */ \
    S(102, process_list)    /* (first pid, struct proc_info *, n) -> how many, in order of pid */ \
    S(135, thread_list)     /* (first tid, struct proc_info *, n) -> how many, in order of tid */ \
    S(103, sched_get)       /* (struct sched_params *) */ \
    S(104, sched_set)       /* (const struct sched_params *) */ \
    S(105, boot_option)     /* (name, buffer, bytes) -> length of the option's value; -ENOENT */ \
    S(106, power)           /* (POWER_, status) */ \
    S(107, trace_control)   /* (0 off, 1 on) -> old */ \
    S(108, dump)            /* () print every process on the kernel's console, as ^P does */ \
    S(109, getpinfo)        /* (first pid, struct pinfo *, n) -> how many, in order of pid */ \
    S(110, declare_burst)   /* (ns, 0: not any more): how long the caller computes from wait to wait */ \
    S(111, trace_filter)    /* (events or 0: leave them, struct trace_state *state or 0) */ \
    S(112, arrive)          /* (ns since boot): once, sleep until then, and count as made then */ \
    S(113, getrandom)       /* (buffer, bytes: up to RANDOM_BYTES_MAX) -> bytes */

enum syscall_number {
#define KINGLET_SYSCALL_ENUM(number, name) SYS_##name = number,
    KINGLET_SYSCALLS(KINGLET_SYSCALL_ENUM)
#undef KINGLET_SYSCALL_ENUM
    SYS_COUNT = 160
};

#define RANDOM_BYTES_MAX 256 /* of one getrandom */

/* What init finds in its handle table. */
#define INIT_HANDLE_INITRD 3  /* memory object: the initrd, a newc cpio archive */
#define INIT_HANDLE_MACHINE 4 /* the right to claim devices and to head sessions */

/* device_claim: the kernel's trace, as if it were a device. Its registers are struct trace_area, its interrupt
 * says that there is something to read. */
#define TRACE_DEVICE "kinglet,trace"

/* device_info */
struct device_info {
    char compatible[32];
    unsigned long base;      /* physical */
    unsigned long size;
    unsigned int interrupt;  /* PLIC source, 0: none */
    unsigned int clock_hz;   /* clock-frequency, 0: not given */
};

#endif

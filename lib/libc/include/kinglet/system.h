/*
 * Kinglet's own system calls, for programs and servers. POSIX's are in <unistd.h> and its kin.
 * All of these return >= 0, or a negative errno; none of them sets `errno`.
 */
#ifndef KINGLET_SYSTEM_H
#define KINGLET_SYSTEM_H

#include <kinglet/errno.h>
#include <kinglet/file.h>
#include <kinglet/futex.h>
#include <kinglet/message.h>
#include <kinglet/message_pipe.h>
#include <kinglet/process.h>
#include <kinglet/syscall.h>
#include <kinglet/trace.h>
#include <stddef.h>
#include <stdint.h>

/* processes */
int fork_flags(int flags);                                  /* FORK_DAEMON; as fork otherwise */
int exec_image(int memory, uint64_t offset, uint64_t length, char *const argv[], char *const envp[]);
int wait_status(int pid, struct exit_status *status, int flags); /* pid -1: any child; -> pid */
int setjob(int pid, int job);  /* pid 0: me; job 0: a new job below mine; -> job id */
int getjob(int pid);
int job_session(int machine);  /* I move to a new job that heads a session; -> job id */
int job_limits(int job, const struct job_limits *set, struct job_limits *old);
int process_open(int pid);     /* -> handle; polls POLLIN when the process has ended */
int sleep_ns(uint64_t ns);
void yield(void);
uint64_t clock_ns(void);       /* since boot */
int setname(const char *name);

/* memory */
void *map(int handle, uint64_t offset, uint64_t length, int prot); /* MAP_; errors: NULL and errno */
/* The same at this address, whose pages must be free: between 0x1000000000 and 0x2000000000. */
void *map_at(void *address, int handle, uint64_t offset, uint64_t length, int prot);
int unmap(void *address, uint64_t length);
int64_t memory_size(int handle); /* bytes */
/* Memory that processes share (docs/system-calls.md, "Memory objects"). */
int memory_create(uint64_t bytes); /* -> handle */
int memory_commit(int handle, uint64_t offset, uint64_t bytes);
int memory_decommit(int handle, uint64_t offset, uint64_t bytes);
int64_t memory_next(int handle, uint64_t offset, uint64_t *end); /* -> offset; -ENXIO: no more */

/* Message pipes (docs/system-calls.md, "Message pipes"). Timeouts in ns: negative for ever, 0 not at all. */
int message_pipe(int ends[2], uint64_t bytes, uint64_t messages, int flags); /* [0] receives; capacities, 0: as usual */
int message_send(int handle, const void *data, size_t bytes, const int *handles, unsigned count, int64_t timeout_ns);
int64_t message_receive(int handle, void *buffer, size_t bytes, int *handles, unsigned count, int64_t timeout_ns);
int message_state(int handle, struct message_state *state);
/* Futexes (docs/system-calls.md, "Futexes"); lib/mp is made of them. The word is a uint32_t, aligned, in any memory. */
/* Sleep while *word is `expected`, for ns at most (0: not at all; -1: for ever); `owner` is the tid that ps shows, or
 * 0; flags FUTEX_ROBUST, FUTEX_HAND_ON; `release`, or NULL: a lock's word that is made 0, and one waiter of it woken,
 * once I am sure to be woken myself. 0: woken; -EAGAIN: *word is another; -ETIMEDOUT; -EOWNERDEAD; -EINVAL; -EFAULT. */
int futex_wait(const volatile void *word, uint32_t expected, int64_t ns, int owner, int flags, volatile void *release);
/* Wake n of those who wait, the longest waiting first; -> how many. Does not block. */
int futex_wake(const volatile void *word, unsigned n);
/* If *word is `old`, make it `new`, with FUTEX_WAITERS in it if others wait still, and wake n; all as one step, which a
 * kill does not tear apart; -> how many, or -EAGAIN: it is another. Does not block. */
int futex_change(volatile void *word, uint32_t old, uint32_t new, unsigned n);
/* My pid and my tid, without a system call but for the first time in each process or thread. */
int self_pid(void);
extern _Thread_local int libc_known_tid; /* 0: not asked yet */
int libc_ask_tid(void);
static inline int self_tid(void)
{
    return libc_known_tid ? libc_known_tid : libc_ask_tid();
}

/* handles and paths without POSIX names */
int64_t getdents(int handle, void *buffer, size_t bytes); /* struct kdirent records; 0: end */
int mount(const char *path, int session);
int unmount(const char *path);
int set_root(int session);

/* channels, for servers and those who start them */
int channel_create(int rank);
int channel_connect(int channel, uint64_t cookie, int session_flags); /* -> session handle */
int channel_serve(int channel, void *buffer, size_t bytes);
void receive(int channel, struct message *message); /* errors: message->op < 0 */
int64_t reply(int channel, const struct reply *reply);
void reply_receive(int channel, const struct reply *reply, struct message *message);
int64_t grant_read(int channel, uint64_t token, uint64_t offset, void *buffer, size_t bytes);
int64_t grant_write(int channel, uint64_t token, uint64_t offset, const void *buffer, size_t bytes);
int session_ready(int channel, uint64_t cookie, int poll_bits);
int64_t channel_sessions(int channel, uint64_t *cookies, size_t n);
int channel_keep(int channel, uint64_t key, int session);       /* -1: drop what is kept under the key */
int channel_kept(int channel, uint64_t from, uint64_t *key);    /* -> handle; -ENOENT: no more */
int64_t call(int session, int op, uint64_t arg0, uint64_t arg1, void *buffer, size_t bytes, int flags);
/* The same with an op of 64 bits, and words for arg0, arg1 and arg2. */
int64_t call_words(int session, int64_t op, const uint64_t words[3], void *buffer, size_t bytes, int flags);
int notify(int channel, uint64_t bits);
int channel_timer(int channel, uint64_t bits, uint64_t ns);

/* devices, with the machine handle that init has */
int device_claim(int machine, const char *compatible, int index);
int device_info(int device, struct device_info *info);
int interrupt_bind(int device, int channel, uint64_t bits);
int interrupt_ack(int device);
/* A page for the device to work on: its own for ever, so it must be reset before the page is touched. -> handle */
int device_memory(int device, uint64_t *physical);

/* the system */
int log_write(const char *text, size_t bytes); /* to the kernel's console */
int system_info(struct system_info *info);
int process_list(int first_pid, struct proc_info *list, int n); /* -> how many, by rising pid */
int thread_list(int first_tid, struct proc_info *list, int n);  /* a record for each thread, by rising tid */
int getpinfo(int first_pid, struct pinfo *list, int n); /* the same, with the figures that schedulers are judged by */
int arrive(uint64_t ns);        /* once: sleep until then (ns since boot), and count as made then */
int declare_burst(uint64_t ns); /* for SJF: how long I compute from wait to wait; 0: guess */
int sched_get(struct sched_params *params);
int sched_set(const struct sched_params *params);
int boot_option(const char *name, char *buffer, size_t bytes); /* -> length of the value */
int power(int action, int status);
int trace_control(int on);
int trace_filter(uint64_t events, struct trace_state *state); /* events 0: only ask; state may be NULL */
int dump(void);

#endif

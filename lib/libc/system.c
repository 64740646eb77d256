/*
 * Kinglet's own system calls for processes, memory, jobs and the system at large
 * (<kinglet/system.h>). None of them sets errno, but for map, whose result is a pointer.
 */
#include "ecall.h"
#include "internal.h"
#include "lock.h"
#include <kinglet/system.h>

int fork_flags(int flags)
{
    return (int)libc_fork(flags);
}

int exec_image(int memory, uint64_t offset, uint64_t length, char *const argv[], char *const envp[])
{
    return (int)ecall6(SYS_exec_image, memory, ARGUMENT(offset), ARGUMENT(length), ARGUMENT(argv),
                       ARGUMENT(envp), 0);
}

int wait_status(int pid, struct exit_status *status, int flags)
{
    return (int)ecall3(SYS_wait, pid, ARGUMENT(status), flags);
}

int setjob(int pid, int job)
{
    return (int)ecall2(SYS_setjob, pid, job);
}

int getjob(int pid)
{
    return (int)ecall1(SYS_getjob, pid);
}

int job_session(int machine)
{
    return (int)ecall1(SYS_job_session, machine);
}

int job_limits(int job, const struct job_limits *set, struct job_limits *old)
{
    return (int)ecall3(SYS_job_limits, job, ARGUMENT(set), ARGUMENT(old));
}

int process_open(int pid)
{
    return (int)ecall1(SYS_process_open, pid);
}

int sleep_ns(uint64_t ns)
{
    return (int)ecall1(SYS_sleep, ARGUMENT(ns));
}

void yield(void)
{
    ecall0(SYS_yield);
}

uint64_t clock_ns(void)
{
    return (uint64_t)ecall0(SYS_clock);
}

int setname(const char *name)
{
    return (int)ecall1(SYS_setname, ARGUMENT(name));
}

void *map(int handle, uint64_t offset, uint64_t length, int prot)
{
    long address = ecall6(SYS_map, handle, ARGUMENT(offset), ARGUMENT(length), prot, 0, 0);
    return libc_result(address) < 0 ? NULL : (void *)address;
}

void *map_at(void *where, int handle, uint64_t offset, uint64_t length, int prot)
{
    long address =
        ecall6(SYS_map, handle, ARGUMENT(offset), ARGUMENT(length), prot | MAP_AT, ARGUMENT(where), 0);
    return libc_result(address) < 0 ? NULL : (void *)address;
}

int memory_create(uint64_t bytes)
{
    return (int)ecall1(SYS_memory_create, ARGUMENT(bytes));
}

int memory_commit(int handle, uint64_t offset, uint64_t bytes)
{
    return (int)ecall3(SYS_memory_commit, handle, ARGUMENT(offset), ARGUMENT(bytes));
}

int memory_decommit(int handle, uint64_t offset, uint64_t bytes)
{
    return (int)ecall3(SYS_memory_decommit, handle, ARGUMENT(offset), ARGUMENT(bytes));
}

int64_t memory_next(int handle, uint64_t offset, uint64_t *end)
{
    return ecall3(SYS_memory_next, handle, ARGUMENT(offset), ARGUMENT(end));
}

int futex_wait(const volatile void *word, uint32_t expected, int64_t ns, int owner, int flags, volatile void *release)
{
    return (int)ecall6(SYS_futex_wait, ARGUMENT(word), expected, ns, owner, flags, ARGUMENT(release));
}

int futex_wake(const volatile void *word, unsigned n)
{
    return (int)ecall2(SYS_futex_wake, ARGUMENT(word), n);
}

int futex_change(volatile void *word, uint32_t old, uint32_t new, unsigned n)
{
    return (int)ecall6(SYS_futex_change, ARGUMENT(word), old, new, n, 0, 0);
}

int unmap(void *address, uint64_t length)
{
    return (int)ecall2(SYS_unmap, ARGUMENT(address), ARGUMENT(length));
}

int64_t memory_size(int handle)
{
    return ecall1(SYS_memory_size, handle);
}

int message_pipe(int ends[2], uint64_t bytes, uint64_t messages, int flags)
{
    return (int)ecall6(SYS_message_pipe, ARGUMENT(ends), ARGUMENT(bytes), ARGUMENT(messages), flags, 0, 0);
}

int message_send(int handle, const void *data, size_t bytes, const int *handles, unsigned count, int64_t timeout_ns)
{
    return (int)ecall6(SYS_message_send, handle, ARGUMENT(data), ARGUMENT(bytes), ARGUMENT(handles), count, timeout_ns);
}

int64_t message_receive(int handle, void *buffer, size_t bytes, int *handles, unsigned count, int64_t timeout_ns)
{
    return ecall6(SYS_message_receive, handle, ARGUMENT(buffer), ARGUMENT(bytes), ARGUMENT(handles), count, timeout_ns);
}

int message_state(int handle, struct message_state *state)
{
    return (int)ecall2(SYS_message_state, handle, ARGUMENT(state));
}

int64_t getdents(int handle, void *buffer, size_t bytes)
{
    return ecall3(SYS_getdents, handle, ARGUMENT(buffer), ARGUMENT(bytes));
}

int mount(const char *path, int session)
{
    return (int)ecall2(SYS_mount, ARGUMENT(path), session);
}

int unmount(const char *path)
{
    return (int)ecall1(SYS_unmount, ARGUMENT(path));
}

int set_root(int session)
{
    return (int)ecall1(SYS_set_root, session);
}

int log_write(const char *text, size_t bytes)
{
    return (int)ecall2(SYS_log, ARGUMENT(text), ARGUMENT(bytes));
}

int system_info(struct system_info *info)
{
    return (int)ecall1(SYS_system_info, ARGUMENT(info));
}

int process_list(int first_pid, struct proc_info *list, int n)
{
    return (int)ecall3(SYS_process_list, first_pid, ARGUMENT(list), n);
}

int thread_list(int first_tid, struct proc_info *list, int n)
{
    return (int)ecall3(SYS_thread_list, first_tid, ARGUMENT(list), n);
}

int sched_get(struct sched_params *params)
{
    return (int)ecall1(SYS_sched_get, ARGUMENT(params));
}

int getpinfo(int first_pid, struct pinfo *list, int n)
{
    return (int)ecall3(SYS_getpinfo, first_pid, ARGUMENT(list), n);
}

int arrive(uint64_t ns)
{
    return (int)ecall1(SYS_arrive, ARGUMENT(ns));
}

int declare_burst(uint64_t ns)
{
    return (int)ecall1(SYS_declare_burst, ARGUMENT(ns));
}

int sched_set(const struct sched_params *params)
{
    return (int)ecall1(SYS_sched_set, ARGUMENT(params));
}

int boot_option(const char *name, char *buffer, size_t bytes)
{
    return (int)ecall3(SYS_boot_option, ARGUMENT(name), ARGUMENT(buffer), ARGUMENT(bytes));
}

int power(int action, int status)
{
    return (int)ecall2(SYS_power, action, status);
}

int trace_control(int on)
{
    return (int)ecall1(SYS_trace_control, on);
}

int trace_filter(uint64_t events, struct trace_state *state)
{
    return (int)ecall2(SYS_trace_filter, ARGUMENT(events), ARGUMENT(state));
}

int dump(void)
{
    return (int)ecall0(SYS_dump);
}

/*
 * The system call table: from the number in a7 to its function. trap.S calls system_call through
 * trap_upcalls; nothing else is decided here.
 */
#include "sys/calls.h"

#include "riscv/trace_point.h"

static int64_t (*const calls[SYS_COUNT])(const uint64_t a[7]) = {
#define SYS_ENTRY(number, name) [number] = sys_##name,
    KINGLET_SYSCALLS(SYS_ENTRY)
#undef SYS_ENTRY
};

bool system_call_exists(uint64_t number)
{
    return number < SYS_COUNT && calls[number];
}

/* Inline: the way of every trap. */
static inline __attribute__((always_inline)) int64_t dispatch(uint64_t number, const uint64_t a[7])
{
    TRACE(syscall_enter, 0, this_proc()->tid, number);
    int64_t result = system_call_exists(number) ? calls[number](a) : -ENOSYS;
    TRACE(syscall_leave, 0, this_proc()->tid, result);
    return result;
}

int64_t call_by_number(uint64_t number, const uint64_t a[7])
{
    return dispatch(number, a);
}

void system_call(struct trap_frame *frame)
{
    frame->a[0] = (uint64_t)dispatch(frame->a[7], frame->a);
}

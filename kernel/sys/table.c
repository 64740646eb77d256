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

void system_call(struct trap_frame *frame)
{
    uint64_t number = frame->a[7];
    TRACE(syscall_enter, 0, this_proc()->tid, number);
    int64_t result = -ENOSYS;
    if (number < SYS_COUNT && calls[number])
        result = calls[number](frame->a);
    frame->a[0] = (uint64_t)result;
    TRACE(syscall_leave, 0, this_proc()->tid, result);
}

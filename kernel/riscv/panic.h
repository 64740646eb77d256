/*
 * The end of the line: panic stops all harts, prints what is known (message, hart, who was running,
 * registers, symbolised backtrace, then the same of each other hart) and powers off with RUN_STATUS_PANIC. For bugs in the kernel only: no
 * input from a program, and no lack of memory, may reach one.
 */
#ifndef KERNEL_RISCV_PANIC_H
#define KERNEL_RISCV_PANIC_H

#include <stddef.h>
#include <stdint.h>

#ifdef KINGLET_DEBUG
#define DEBUG_BUILD 1
#else
#define DEBUG_BUILD 0
#endif

struct hart;
struct trap_frame;

/* Upward call, filled in by main: print who was running on a hart. Takes no locks. */
struct panic_upcalls {
    void (*describe)(const struct hart *hart);
};
extern struct panic_upcalls panic_upcalls;

/* The hart that reports a panic, or NULL. */
extern struct hart *panic_reporter;

/* Never comes back when another hart panics: `where` (enum hart_stop) is what the report says of this one.
 * Asked wherever a hart can be stopped: interrupts, and the wait for a lock. */
void panic_stop(int where) __attribute__((noreturn, cold));
static inline void panic_check(int where)
{
    if (__builtin_expect(__atomic_load_n(&panic_reporter, __ATOMIC_RELAXED) != NULL, 0))
        panic_stop(where);
}

void panic(const char *format, ...) __attribute__((noreturn, cold, format(printf, 1, 2)));

/* A trap taken in the kernel: the same, with the registers of `frame`. */
void panic_trap(const struct trap_frame *frame, uint64_t scause, uint64_t stval)
    __attribute__((noreturn, cold));

#define ASSERT(condition) \
    ((condition) ? (void)0 : panic("%s:%d: not true: %s", __FILE__, __LINE__, #condition))
#define DEBUG_ASSERT(condition) \
    ((!DEBUG_BUILD || (condition)) ? (void)0 : panic("%s:%d: not true: %s", __FILE__, __LINE__, #condition))

#endif

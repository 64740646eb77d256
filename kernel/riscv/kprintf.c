/*
 * Printing on the kernel's console (kprintf.h): formatting is lib/common's, the wire is the
 * firmware's. Any kernel code may call it, in any state; it allocates nothing.
 */
#include "riscv/kprintf.h"
#include <common/format.h>
#include "riscv/sbi.h"
#include "riscv/spinlock.h"

enum log_level klog_level = LOG_INFO;

static struct spinlock console_lock = SPINLOCK_INIT("console", LOCK_CONSOLE);

/* A panic prints whoever holds the lock: that hart may be the one that panics. */
static bool console_begin(void)
{
    if (this_hart()->panicking)
        return false;
    spin_lock(&console_lock);
    return true;
}

static void console_end(bool locked)
{
    if (locked)
        spin_unlock(&console_lock);
}

static void put(void *context, const char *text, size_t n)
{
    (void)context;
    sbi_console_write(text, n);
}

void kvprintf(const char *format, va_list args)
{
    bool locked = console_begin();
    format_va(put, NULL, NULL, format, args);
    console_end(locked);
}

void kprintf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    kvprintf(format, args);
    va_end(args);
}

void klog(enum log_level level, const char *format, ...)
{
    if (level > klog_level)
        return;
    va_list args;
    va_start(args, format);
    kvprintf(format, args);
    va_end(args);
}

void kputs_raw(const char *text, size_t n)
{
    bool locked = console_begin();
    sbi_console_write(text, n);
    console_end(locked);
}

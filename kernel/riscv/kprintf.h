/*
 * The kernel's own console: early boot, warnings, panics, and what servers log through it.
 * Polled, through the SBI, a few hundred instructions a character: not for bulk.
 */
#ifndef KERNEL_RISCV_KPRINTF_H
#define KERNEL_RISCV_KPRINTF_H

#include <stdarg.h>
#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Messages above this level are dropped; the loglevel= option sets it. */
extern enum log_level klog_level;

/* Format (see common/format.h) and print in one piece, under LOCK_CONSOLE; in a panic without. */
void kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void kvprintf(const char *format, va_list args);
void klog(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* n bytes as they are, in one piece. */
void kputs_raw(const char *text, size_t n);

#endif

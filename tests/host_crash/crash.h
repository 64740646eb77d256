/*
 * Ending a server at its n-th store into the memory that outlives it. The servers' sources are compiled with
 * -fsanitize=thread, which puts a call in front of each of their loads and stores; these calls come here, and
 * not to the thread sanitizer.
 */
#ifndef CRASH_H
#define CRASH_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

/* The memory. */
void crash_watch(const void *start, size_t bytes);
/* From here on count stores; before the n-th (from 0), jump to crash_back. UINT64_MAX: only count. */
void crash_at(uint64_t n);
uint64_t crash_stop(void); /* count no more: how many there were */
extern jmp_buf crash_back;

#endif

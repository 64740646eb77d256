/*
 * What the files of libc share with one another and hide from programs.
 */
#ifndef LIBC_INTERNAL_H
#define LIBC_INTERNAL_H

#include <common/format.h>
#include <stdbool.h>
#include <stdint.h>

/* A system call's result as POSIX wants it: a negative errno goes to errno and becomes -1. */
long libc_result(long result);

/* A child of fork forgets what it knew of its parent (self_pid, self_tid). */
void libc_forget(void);

/* Between these only the calling thread registers exit handlers, or runs them. There only when the program has threads
 * (weak symbols for exit and atexit). */
void libc_exit_lock(void);
void libc_exit_unlock(void);

/* Last component of argv[0], for messages; "?" before start-up. */
extern const char *libc_program_name;

/* Writes out all of stdio's buffers; there only when the program uses stdio (a weak symbol for exit). */
void libc_stdio_finish(void);

/* printf's floating point, for format_va. */
format_double libc_format_double;

/*
 * double_digits: the exact decimal value of a finite, positive double: 0.d1d2d3… * 10^*exponent,
 * d1 not 0. Gives the number of digits, without zeros at the end; at most DOUBLE_DIGITS_MAX.
 */
#define DOUBLE_DIGITS_MAX 800
int double_digits(double value, char *digits, int *exponent);

/* The text of a number after blanks: sign, prefix, digits. See strtol.c. */
uint64_t libc_parse_integer(const char *text, char **end, int base, uint64_t max, bool is_signed);

#endif

/*
 * UTF-8 as terminals show it: where characters begin, and how many columns they take.
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stddef.h>

/* Where the character that ends before `end` (> 0) begins. Bytes that are no UTF-8 are characters by
 * themselves, or part of a wrong one of at most four bytes. */
size_t utf8_start(const char *text, size_t end);
/* How many bytes the character at `text` has, of `n` > 0 that are there; 1 for a byte that begins none. */
size_t utf8_length(const char *text, size_t n);
/* Columns that terminals give a character of n bytes that is no control character: none to combining marks,
 * two to East Asian wide ones and emoji, else one. */
int utf8_columns(const char *text, size_t n);

#endif

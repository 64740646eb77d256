/*
 * assert: ends the program with its name, file, line and the expression that was false.
 * With NDEBUG defined it does nothing. May be included again after NDEBUG changed.
 */
#undef assert
#ifdef NDEBUG
#define assert(expression) ((void)0)
#else
#define assert(expression) \
    ((expression) ? (void)0 : libc_assert_failed(__FILE__, __LINE__, __func__, #expression))
#endif

#ifndef LIBC_ASSERT_H
#define LIBC_ASSERT_H

_Noreturn void libc_assert_failed(const char *file, int line, const char *function, const char *expression);

#ifndef __cplusplus
#define static_assert _Static_assert
#endif

#endif

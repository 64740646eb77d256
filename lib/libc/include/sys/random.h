/*
 * Random numbers, as Linux and the BSDs have them; POSIX's getentropy is in <unistd.h>. docs/limits.md says how random.
 */
#ifndef LIBC_SYS_RANDOM_H
#define LIBC_SYS_RANDOM_H

#include <sys/types.h>

/* There is one source, and nothing to wait for: neither makes a difference. */
#define GRND_NONBLOCK 1
#define GRND_RANDOM 2

/* Fills the buffer with random bytes. Does not block. -> bytes, or -1 and errno (EINVAL: flags; EFAULT). */
ssize_t getrandom(void *buffer, size_t bytes, unsigned flags);

#endif

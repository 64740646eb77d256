/*
 * Waiting for several handles at once. struct pollfd and the POLL… events are the system's own.
 */
#ifndef LIBC_POLL_H
#define LIBC_POLL_H

#include <kinglet/file.h>

typedef unsigned long nfds_t;

/* timeout in ms, negative: for ever. -> how many entries have revents, 0 after the timeout,
 * -1 and errno. */
int poll(struct pollfd *list, nfds_t n, int timeout_ms);

#endif

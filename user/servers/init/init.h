/*
 * What the parts of init share. main.c has the loop, services.c the servers and their restarts,
 * session.c the shell.
 */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <stdint.h>

/* When something that keeps ending may be started again. */
struct restarts {
    uint64_t ended[8]; /* the latest ends, in ns since boot, as a ring */
    unsigned ends;     /* ever */
};

#define RESTARTS_MAX 8 /* so many ends in a minute are too many */

/* Note an end. Gives the pause before the next start in ns: 0.1 s, doubling to 5 s with each end of the
 * last minute; 0 when it has ended RESTARTS_MAX times in that minute. */
uint64_t restarts_note(struct restarts *restarts, uint64_t now);

/* A line in the kernel's log: "init: ...\n". */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Words for how a process ended ("exited with 1", "ended by signal 9"); the next call overwrites them. */
struct exit_status;
const char *how_it_ended(const struct exit_status *status);
/* Move a handle out of the way of those that children expect, closed on exec. Gives the new one, or a
 * negative errno (also when `handle` is one). */
int put_away(int handle);

/* ---- services.c ---- */

/* Create the channels, claim the devices, start all servers. Gives the root session, or an error. */
int services_start(void);
/* A session with the tracer, or an error: there is none. Its fsync returns when all records are out. */
int services_tracer(void);
/* Take note that a child ended; false: it is none of the servers. */
bool services_ended(int pid, const struct exit_status *status);
/* Start what is due; gives when (ns since boot) the next one is, UINT64_MAX: none. */
uint64_t services_due(void);

/* ---- session.c ---- */

/* Start the shell (or the boot option `run`) with this root directory. */
void session_start(int root);
void session_ended(int pid, const struct exit_status *status);
uint64_t session_due(void);

#endif

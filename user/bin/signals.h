/*
 * Names of the signals, for the shell's `kill` and reports and for /bin/kill.
 */
#ifndef USER_SIGNALS_H
#define USER_SIGNALS_H

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct signal_name {
    int number;
    const char *name;
    const char *text; /* what the shell says of a child that it ended */
} signal_names[] = {
    {SIGINT, "INT", "Interrupt"},
    {SIGILL, "ILL", "Illegal instruction"},
    {SIGBUS, "BUS", "Bus error (no memory)"},
    {SIGKILL, "KILL", "Killed"},
    {SIGSEGV, "SEGV", "Segmentation fault"},
    {SIGPIPE, "PIPE", "Broken pipe"},
    {SIGTERM, "TERM", "Terminated"},
};

#define SIGNAL_NAMES (sizeof signal_names / sizeof signal_names[0])

/* "9", "KILL", "SIGKILL", "kill" -> the number (0 asks only whether the process is there); -1: no such. */
static inline int signal_number(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (end != text) {
        return *end == '\0' && number >= 0 && number < NSIG ? (int)number : -1;
    }
    if (strncasecmp(text, "SIG", 3) == 0) {
        text += 3;
    }
    for (size_t i = 0; i < SIGNAL_NAMES; i++) {
        if (strcasecmp(text, signal_names[i].name) == 0) {
            return signal_names[i].number;
        }
    }
    return -1;
}

/* The entry of a signal, or NULL. */
static inline const struct signal_name *signal_entry(int number)
{
    for (size_t i = 0; i < SIGNAL_NAMES; i++) {
        if (signal_names[i].number == number) {
            return &signal_names[i];
        }
    }
    return NULL;
}

#endif

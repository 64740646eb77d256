/*
 * What a blocked process waits for, in words. A new reason is a line of KINGLET_WAIT_REASONS.
 */
#include "sched/waitq.h"

const char *wait_reason_words(enum wait_reason reason)
{
    static const char *const words[] = {
#define REASON_WORDS(number, name, text) [number] = text,
        KINGLET_WAIT_REASONS(REASON_WORDS)
#undef REASON_WORDS
    };
    return (unsigned)reason < WAIT_REASONS ? words[reason] : "?";
}

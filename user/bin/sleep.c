/*
 * sleep: waits for so many seconds; fractions count, and s, m or h may follow. Several add up.
 */
#include <kinglet/system.h>
#include <stdbool.h>

#define TOOL "sleep"
#define USAGE "seconds[s|m|h] ..."
#include "tool.h"

#define LONGEST_SECONDS 1e9 /* 30 years: what fits in nanoseconds, with room */

int main(int argc, char **argv)
{
    double total = 0;
    if (argc < 2) {
        tool_usage();
    }
    for (int i = 1; i < argc; i++) {
        char *end;
        double seconds = strtod(argv[i], &end);
        bool good = end != argv[i] && seconds >= 0;
        if (*end == 's' || *end == 'm' || *end == 'h') {
            seconds *= *end == 'm' ? 60 : *end == 'h' ? 3600 : 1;
            end++;
        }
        if (!good || *end != '\0') {
            tool_complain(argv[i], "is no time to sleep");
            tool_usage();
        }
        total += seconds;
    }
    if (total > LONGEST_SECONDS) {
        total = LONGEST_SECONDS;
    }
    int result = sleep_ns((uint64_t)(total * 1e9));
    if (result < 0) {
        errno = -result;
        tool_error("interrupted");
    }
    return tool_status;
}

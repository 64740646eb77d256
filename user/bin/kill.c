/*
 * kill: ends processes. -l lists the signals; a negative number is a job, as `ps` shows it.
 */
#include "signals.h"

#define TOOL "kill"
#define USAGE "[-SIGNAL | -s SIGNAL] pid | -job ...   or   kill -l"
#include "tool.h"

int main(int argc, char **argv)
{
    int signal = SIGTERM;
    int i = 1;
    if (argc > 1 && strcmp(argv[1], "-l") == 0) {
        for (size_t s = 0; s < SIGNAL_NAMES; s++) {
            printf("%2d %s\n", signal_names[s].number, signal_names[s].name);
        }
        tool_exit();
    }
    if (argc > 2 && strcmp(argv[1], "-s") == 0) {
        signal = signal_number(argv[2]);
        i = 3;
    } else if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
        signal = signal_number(argv[1] + 1);
        i = 2;
    }
    if (signal < 0) {
        tool_complain(argv[i - 1], "no such signal (kill -l lists them)");
        return 2;
    }
    if (i < argc && strcmp(argv[i], "--") == 0) {
        i++;
    }
    if (i == argc) {
        tool_usage();
    }
    for (; i < argc; i++) {
        char *end;
        long target = strtol(argv[i], &end, 10);
        if (end == argv[i] || *end != '\0' || target == 0) {
            tool_complain(argv[i], "is no process and no -job");
        } else if (kill((pid_t)target, signal) < 0) {
            tool_error(argv[i]);
        }
    }
    tool_exit();
}

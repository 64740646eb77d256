/*
 * seq: prints whole numbers from first (1) to last, step by step (1).
 */
#define TOOL "seq"
#define USAGE "[first [step]] last"
#include "tool.h"

int main(int argc, char **argv)
{
    long value[3];
    if (argc < 2 || argc > 4) {
        tool_usage();
    }
    for (int i = 1; i < argc; i++) {
        char *end;
        value[i - 1] = strtol(argv[i], &end, 10);
        if (end == argv[i] || *end != '\0') {
            tool_complain(argv[i], "is no whole number");
            tool_usage();
        }
    }
    long first = argc > 2 ? value[0] : 1;
    long step = argc > 3 ? value[1] : 1;
    long last = value[argc - 2];
    if (step == 0) {
        tool_complain("step", "must not be 0");
        return 2;
    }
    for (long n = first; step > 0 ? n <= last : n >= last;) {
        printf("%ld\n", n);
        if (ferror(stdout) || __builtin_add_overflow(n, step, &n)) {
            break;
        }
    }
    tool_exit();
}

/*
 * yes: prints "y", or its arguments, line after line until its reader leaves.
 */
#define TOOL "yes"
#define USAGE "[word ...]"
#include "tool.h"

int main(int argc, char **argv)
{
    while (!ferror(stdout)) {
        for (int i = 1; i < argc; i++) {
            fputs(argv[i], stdout);
            putchar(i + 1 < argc ? ' ' : '\n');
        }
        if (argc == 1) {
            fputs("y\n", stdout);
        }
    }
    if (errno != EPIPE) {
        tool_error("write error");
    }
    return 1;
}

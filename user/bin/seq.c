/*
 * seq: prints whole numbers from first (1) to last, step by step (1). -s: what stands between them; -w: all
 * as wide as the widest, with zeros.
 */
#include <ctype.h>
#include <stdbool.h>
#include <unistd.h>

#define TOOL "seq"
#define USAGE "[-w] [-s separator] [first [step]] last"
#include "tool.h"

static int width_of(long n)
{
    return snprintf(NULL, 0, "%ld", n);
}

int main(int argc, char **argv)
{
    const char *separator = "\n";
    bool wide = false;
    long value[3];
    int option;
    /* "-5" is a number, not an option. */
    while (optind < argc && !(argv[optind][0] == '-' && isdigit((unsigned char)argv[optind][1])) &&
           (option = getopt(argc, argv, "s:w")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        if (option == 's') {
            separator = optarg;
        }
        wide |= option == 'w';
    }
    int count = argc - optind;
    if (count < 1 || count > 3) {
        tool_usage();
    }
    for (int i = 0; i < count; i++) {
        const char *text = argv[optind + i];
        char *end;
        value[i] = strtol(text, &end, 10);
        if (end == text || *end != '\0') {
            tool_complain(text, "is no whole number");
            tool_usage();
        }
    }
    long first = count > 1 ? value[0] : 1;
    long step = count > 2 ? value[1] : 1;
    long last = value[count - 1];
    if (step == 0) {
        tool_complain("step", "must not be 0");
        return 2;
    }
    bool any = step > 0 ? first <= last : first >= last;
    int width = 0;
    if (wide && any) { /* the last one printed may lie before `last` */
        long reached = last - (long)(((unsigned long)last - (unsigned long)first) % (unsigned long)step);
        if (step < 0) {
            reached = last + (long)(((unsigned long)first - (unsigned long)last) % (0 - (unsigned long)step));
        }
        width = width_of(first) > width_of(reached) ? width_of(first) : width_of(reached);
    }
    for (long n = first; step > 0 ? n <= last : n >= last;) {
        printf("%s%0*ld", n != first ? separator : "", width, n);
        if (ferror(stdout) || __builtin_add_overflow(n, step, &n)) {
            break;
        }
    }
    if (any) {
        putchar('\n');
    }
    tool_exit();
}

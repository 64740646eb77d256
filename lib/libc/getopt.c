/*
 * Options of a command line, by POSIX's rules (XBD 12.2): they end at the first operand or at "--".
 */
#include "internal.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *optarg;
int optind = 1, opterr = 1, optopt;

static int rest; /* place within a group of letters like -abc; 0: at the start of a new argument */

static int complain(char *const argv[], const char *options, const char *what, const char *then)
{
    const char *name = argv[0] ? argv[0] : libc_program_name;
    const char *slash = strrchr(name, '/');
    if (opterr && options[0] != ':')
        dprintf(STDERR_FILENO, "%s: %s -%c%s\n", slash ? slash + 1 : name, what, optopt, then);
    return '?';
}

int getopt(int argc, char *const argv[], const char *options)
{
    if (optind < 1) {
        optind = 1;
        rest = 0;
    }
    optarg = NULL;
    if (rest == 0) {
        const char *word = optind < argc ? argv[optind] : NULL;
        if (!word || word[0] != '-' || word[1] == '\0')
            return -1;
        if (strcmp(word, "--") == 0) {
            optind++;
            return -1;
        }
        rest = 1;
    }
    char *word = argv[optind];
    optopt = (unsigned char)word[rest++];
    const char *option = optopt == ':' ? NULL : strchr(options, optopt);
    bool ends = word[rest] == '\0';
    if (!option || option[1] != ':') {
        if (ends) {
            optind++;
            rest = 0;
        }
        return option ? optopt : complain(argv, options, "unknown option", "");
    }
    optind++;
    if (!ends)
        optarg = word + rest;
    else if (optind < argc)
        optarg = argv[optind++];
    rest = 0;
    if (optarg)
        return optopt;
    int result = complain(argv, options, "option", " needs an argument");
    return options[0] == ':' ? ':' : result;
}

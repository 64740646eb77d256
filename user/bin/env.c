/*
 * env: prints the environment, or runs a command in a changed one. Status 125: env itself failed; 126, 127:
 * the command cannot be run, or is not there.
 */
#include <stdbool.h>
#include <unistd.h>

#define TOOL "env"
#define USAGE "[-i0] [-u name] [name=value ...] [command [argument ...]]"
#define TOOL_FAILURE 125
#include "tool.h"

static void change(const char *name, const char *value)
{
    if ((value != NULL ? setenv(name, value, 1) : unsetenv(name)) < 0) {
        tool_error(name);
        exit(TOOL_FAILURE);
    }
}

int main(int argc, char **argv)
{
    static char *nothing[] = {NULL};
    char end = '\n';
    int option;
    while ((option = getopt(argc, argv, "0iu:")) != -1) {
        switch (option) {
        case '0':
            end = '\0';
            break;
        case 'i':
            environ = nothing;
            break;
        case 'u':
            change(optarg, NULL);
            break;
        default:
            fprintf(stderr, "usage: " TOOL " " USAGE "\n");
            return TOOL_FAILURE;
        }
    }
    if (optind < argc && strcmp(argv[optind], "-") == 0) {
        environ = nothing;
        optind++;
    }
    for (; optind < argc; optind++) {
        char *equals = strchr(argv[optind], '=');
        if (equals == NULL) {
            break;
        }
        *equals = '\0';
        change(argv[optind], equals + 1);
    }
    if (optind < argc) {
        if (end == '\0') {
            tool_complain("-0", "goes with no command");
            return TOOL_FAILURE;
        }
        execvp(argv[optind], argv + optind);
        int status = errno == ENOENT ? 127 : 126;
        tool_error(argv[optind]);
        return status;
    }
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        fputs(*entry, stdout);
        putchar(end);
    }
    tool_exit();
}

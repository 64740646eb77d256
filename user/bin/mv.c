/*
 * mv: gives a file another name, or moves files into a directory, also across file systems.
 */
#define TOOL "mv"
#define USAGE "[-f] from to   or   mv from ... directory"
#include "tool.h"
#include "files.h"

static void move(const char *from, const char *to)
{
    if (rename(from, to) == 0) {
        return;
    }
    if (errno != EXDEV) {
        fprintf(stderr, TOOL ": %s to %s: %s\n", from, to, strerror(errno));
        tool_status = 1;
        return;
    }
    if (is_directory(from)) {
        tool_complain(from, "a directory cannot be moved to another file system (cp -r, then rm -r)");
    } else if (copy_file(from, to) == 0 && unlink(from) < 0) {
        tool_error(from);
    }
}

int main(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "f")) != -1) {
        if (option == '?') {
            tool_usage();
        }
    }
    act_on_targets(argc, argv, move);
}

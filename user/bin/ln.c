/*
 * ln: gives a file one more name (a hard link). -f: removes what has that name now.
 */
#define TOOL "ln"
#define USAGE "[-f] file new-name   or   ln [-f] file ... directory"
#include "tool.h"
#include "files.h"

static bool force;

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void make_link(const char *from, const char *to)
{
    if (is_directory(from)) {
        tool_complain(from, "is a directory: it can have one name only");
        return;
    }
    int result = link(from, to);
    if (result < 0 && errno == EEXIST && force) {
        if (same_file(from, to)) {
            return; /* it has that name already: removing it could lose the file */
        }
        result = unlink(to) < 0 ? -1 : link(from, to);
    }
    if (result < 0) {
        fprintf(stderr, TOOL ": %s to %s: %s\n", from, to, strerror(errno));
        tool_status = 1;
    }
}

int main(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "fs")) != -1) {
        if (option == 's') {
            tool_complain("-s", "symbolic links are not supported");
            return 1;
        }
        if (option == '?') {
            tool_usage();
        }
        force = true;
    }
    act_on_targets(argc, argv, make_link);
}

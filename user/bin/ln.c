/*
 * ln: gives a file one more name (a hard link). -f: removes what has that name now.
 */
#define TOOL "ln"
#define USAGE "[-f] file new-name   or   ln [-f] file ... directory"
#include "tool.h"
#include "files.h"

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void make_link(const char *from, const char *to, bool force)
{
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
    bool force = false;
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
    if (argc - optind < 2) {
        tool_usage();
    }
    const char *to = argv[argc - 1];
    bool into = is_directory(to);
    if (argc - optind > 2 && !into) {
        tool_complain(to, "is not a directory");
        return 1;
    }
    for (int i = optind; i < argc - 1; i++) {
        char *name = tool_basename(argv[i]);
        char *target = into ? tool_join(to, name) : tool_memory(strdup(to));
        if (is_directory(argv[i])) {
            tool_complain(argv[i], "is a directory: it can have one name only");
        } else {
            make_link(argv[i], target, force);
        }
        free(target);
        free(name);
    }
    tool_exit();
}

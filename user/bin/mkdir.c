/*
 * mkdir: makes directories. -p: also those above, and no complaint about one that is there.
 */
#define TOOL "mkdir"
#define USAGE "[-p] directory ..."
#include "tool.h"
#include "files.h"

static int make(const char *path, bool parents)
{
    if (mkdir(path, 0777) == 0 || (parents && errno == EEXIST && is_directory(path))) {
        return 0;
    }
    tool_error(path);
    return -1;
}

static void make_parents(char *path)
{
    for (char *s = path + 1; *s != '\0'; s++) {
        if (*s == '/' && s[1] != '/' && s[1] != '\0') {
            *s = '\0';
            int result = make(path, true);
            *s = '/';
            if (result < 0) {
                return;
            }
        }
    }
    make(path, true);
}

int main(int argc, char **argv)
{
    bool parents = false;
    int option;
    while ((option = getopt(argc, argv, "p")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        parents = true;
    }
    if (optind == argc) {
        tool_usage();
    }
    for (int i = optind; i < argc; i++) {
        if (parents && argv[i][0] != '\0') {
            make_parents(argv[i]);
        } else {
            make(argv[i], false);
        }
    }
    tool_exit();
}

/*
 * rmdir: removes empty directories.
 */
#include <unistd.h>

#define TOOL "rmdir"
#define USAGE "directory ..."
#include "tool.h"

int main(int argc, char **argv)
{
    if (getopt(argc, argv, "") != -1 || optind == argc) {
        tool_usage();
    }
    for (int i = optind; i < argc; i++) {
        if (rmdir(argv[i]) < 0) {
            tool_error(argv[i]);
        }
    }
    tool_exit();
}

/*
 * sync: waits until the files named, or the root directory's file system, hold what was written.
 */
#define TOOL "sync"
#define USAGE "[file ...]"
#include "tool.h"
#include "files.h"

static void sync_path(const char *path)
{
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fsync(fd) < 0) {
        tool_error(path);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    if (getopt(argc, argv, "") != -1) {
        tool_usage();
    }
    if (optind == argc) {
        sync_path("/");
    }
    for (int i = optind; i < argc; i++) {
        sync_path(argv[i]);
    }
    tool_exit();
}

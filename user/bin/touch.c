/*
 * touch: makes files that are not there yet. (Times of files that are there stay as they are.)
 */
#define TOOL "touch"
#define USAGE "file ..."
#include "tool.h"
#include "files.h"

int main(int argc, char **argv)
{
    if (getopt(argc, argv, "") != -1 || optind == argc) {
        tool_usage();
    }
    for (int i = optind; i < argc; i++) {
        int fd = is_directory(argv[i]) ? -1 : open(argv[i], O_WRONLY | O_CREAT, 0666);
        if (fd >= 0) {
            close(fd);
        } else if (!is_directory(argv[i])) {
            tool_error(argv[i]);
        }
    }
    tool_exit();
}

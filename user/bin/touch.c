/*
 * touch: makes files that are not there yet, and gives the others the present time. -c: makes none.
 */
#define TOOL "touch"
#define USAGE "[-c] file ..."
#include "tool.h"
#include "files.h"

/* A file's time changes when its size is set, even to what it was. */
static void touch(const char *path, bool create)
{
    struct stat st;
    int fd = open(path, O_WRONLY | (create ? O_CREAT : 0), 0666);
    if (fd < 0) {
        if (create ? !is_directory(path) : errno != ENOENT && !is_directory(path)) {
            tool_error(path);
        }
        return;
    }
    if (fstat(fd, &st) < 0 || (S_ISREG(st.st_mode) && ftruncate(fd, (off_t)st.st_size) < 0)) {
        tool_error(path);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    bool create = true;
    int option;
    while ((option = getopt(argc, argv, "cam")) != -1) { /* there is one time, so -a and -m say nothing */
        if (option == '?') {
            tool_usage();
        }
        create = create && option != 'c';
    }
    if (optind == argc) {
        tool_usage();
    }
    for (; optind < argc; optind++) {
        touch(argv[optind], create);
    }
    tool_exit();
}

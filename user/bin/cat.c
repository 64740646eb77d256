/*
 * cat: files, one after the other, to standard output. -n numbers the lines.
 */
#define TOOL "cat"
#define USAGE "[-n] [file ...]   (- is standard input)"
#include "tool.h"
#include "files.h"

static bool numbers;
static unsigned long line;
static bool line_start = true;

/* 0, or -1: the output is not taken any more. */
static int put(const char *data, size_t bytes)
{
    if (!numbers) {
        return write_all(1, data, bytes);
    }
    for (size_t i = 0; i < bytes && !ferror(stdout); i++) {
        if (line_start) {
            printf("%6lu\t", ++line);
        }
        putchar(data[i]);
        line_start = data[i] == '\n';
    }
    fflush(stdout);
    return ferror(stdout) ? -1 : 0;
}

static void copy(int fd, const char *name)
{
    static char block[COPY_BYTES];
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0) {
        if (put(block, (size_t)n) < 0) {
            if (errno != EPIPE) {
                tool_error("write error");
            }
            exit(1);
        }
    }
    if (n < 0) {
        tool_error(name);
    }
}

int main(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "nu")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        numbers = numbers || option == 'n';
    }
    if (optind == argc) {
        copy(0, "standard input");
    }
    for (int i = optind; i < argc; i++) {
        if (strcmp(argv[i], "-") == 0) {
            copy(0, "standard input");
            continue;
        }
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            tool_error(argv[i]);
        } else {
            copy(fd, argv[i]);
            close(fd);
        }
    }
    tool_exit();
}

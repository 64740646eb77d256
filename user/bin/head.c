/*
 * head: the first lines (10, -n N or -N) or bytes (-c N) of files.
 */
#include <ctype.h>

#define TOOL "head"
#define USAGE "[-n lines | -c bytes] [file ...]"
#include "tool.h"
#include "files.h"

static long parse_count(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end != '\0' || n < 0) {
        tool_complain(text, "is no count");
        tool_usage();
    }
    return n;
}

static void head(int fd, const char *name, long left, bool bytes)
{
    static char block[4096];
    ssize_t n;
    while (left > 0) {
        size_t want = bytes && left < (long)sizeof block ? (size_t)left : sizeof block;
        n = read(fd, block, want);
        if (n == 0) {
            return;
        }
        if (n < 0) {
            tool_error(name);
            return;
        }
        ssize_t used = 0;
        for (; used < n && left > 0; used++) {
            left -= bytes || block[used] == '\n';
        }
        if (fwrite(block, 1, (size_t)used, stdout) < (size_t)used) {
            tool_exit();
        }
        if (used < n) {
            /* What was read too much belongs to whoever reads on; a pipe cannot take it back. */
            lseek(fd, used - n, SEEK_CUR);
        }
    }
}

int main(int argc, char **argv)
{
    long count = 10;
    bool bytes = false;
    int option;
    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) {
        count = parse_count(argv[1] + 1);
        argv++;
        argc--;
    }
    while ((option = getopt(argc, argv, "n:c:")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        count = parse_count(optarg);
        bytes = option == 'c';
    }
    if (optind == argc) {
        head(0, "standard input", count, bytes);
    }
    for (int i = optind; i < argc; i++) {
        int fd = strcmp(argv[i], "-") == 0 ? 0 : open(argv[i], O_RDONLY);
        if (fd < 0) {
            tool_error(argv[i]);
            continue;
        }
        if (argc - optind > 1) {
            printf("%s==> %s <==\n", i > optind ? "\n" : "", argv[i]);
        }
        head(fd, argv[i], count, bytes);
        if (fd > 0) {
            close(fd);
        }
    }
    tool_exit();
}

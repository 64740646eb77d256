/*
 * wc: counts lines, words and bytes. -l, -w, -c: only that count.
 */
#include <ctype.h>

#define TOOL "wc"
#define USAGE "[-lwc] [file ...]"
#include "tool.h"
#include "files.h"

struct counts {
    unsigned long lines, words, bytes;
};

static bool want_lines, want_words, want_bytes;

static void print_counts(const struct counts *c, const char *name)
{
    /* A single number stands alone, so that $(wc -l < file) is a number. */
    int width = want_lines + want_words + want_bytes > 1 ? 7 : 1;
    const char *gap = "";
    const unsigned long values[] = {c->lines, c->words, c->bytes};
    const bool wanted[] = {want_lines, want_words, want_bytes};
    for (int i = 0; i < 3; i++) {
        if (wanted[i]) {
            printf("%s%*lu", gap, width, values[i]);
            gap = " ";
        }
    }
    printf(name != NULL ? " %s\n" : "\n", name);
}

static struct counts count(int fd, const char *name)
{
    static char block[COPY_BYTES];
    struct counts c = {0, 0, 0};
    bool in_word = false;
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0) {
        c.bytes += (unsigned long)n;
        for (ssize_t i = 0; i < n; i++) {
            bool space = isspace((unsigned char)block[i]);
            c.lines += block[i] == '\n';
            c.words += !space && !in_word;
            in_word = !space;
        }
    }
    if (n < 0) {
        tool_error(name);
    }
    return c;
}

int main(int argc, char **argv)
{
    struct counts total = {0, 0, 0};
    int option;
    while ((option = getopt(argc, argv, "lwc")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        want_lines |= option == 'l';
        want_words |= option == 'w';
        want_bytes |= option == 'c';
    }
    if (!want_lines && !want_words && !want_bytes) {
        want_lines = want_words = want_bytes = true;
    }
    if (optind == argc) {
        struct counts c = count(0, "standard input");
        print_counts(&c, NULL);
    }
    for (int i = optind; i < argc; i++) {
        int fd = strcmp(argv[i], "-") == 0 ? 0 : open(argv[i], O_RDONLY);
        if (fd < 0) {
            tool_error(argv[i]);
            continue;
        }
        struct counts c = count(fd, argv[i]);
        if (fd > 0) {
            close(fd);
        }
        print_counts(&c, argv[i]);
        total.lines += c.lines;
        total.words += c.words;
        total.bytes += c.bytes;
    }
    if (argc - optind > 1) {
        print_counts(&total, "total");
    }
    tool_exit();
}

/*
 * sort: prints the lines of its files in order. Status 1: -c found that they are not; 2: trouble.
 * -m is taken and sorts as well, which for sorted files is the same.
 */
#include "sort.h"

#include <fcntl.h>
#include <unistd.h>

#define TOOL "sort"
#define TOOL_FAILURE 2
#define USAGE "[-bcCdfimnrsu] [-k from[,to]] [-t separator] [-o file] [file ...]"
#include "../tool.h"

_Noreturn static void fail(const char *what)
{
    tool_error(what);
    exit(TOOL_FAILURE);
}

_Noreturn static void fail_with(const char *what, const char *why)
{
    tool_complain(what, why);
    exit(TOOL_FAILURE);
}

static void read_file(struct lines *lines, const char *name)
{
    int fd = strcmp(name, "-") == 0 ? 0 : open(name, O_RDONLY);
    if (fd < 0 || lines_read(lines, fd) < 0) {
        fail(fd == 0 ? "standard input" : name);
    }
    if (fd > 0) {
        close(fd);
    }
}

/* -c, -C: says the first line that is out of order. */
_Noreturn static void check(const struct lines *lines, const char *name, bool unique, bool silent)
{
    for (size_t i = 1; i < lines->count; i++) {
        int result = compare_lines(&lines->item[i - 1], &lines->item[i]);
        if (result > 0 || (result == 0 && unique)) {
            if (!silent) {
                fprintf(stderr, TOOL ": %s:%zu: disorder: %.*s\n", name, i + 1, (int)lines->item[i].length,
                        lines->item[i].text);
            }
            exit(1);
        }
    }
    exit(0);
}

static void write_lines(const struct lines *lines, FILE *out, bool unique)
{
    const struct line *last = NULL;
    for (size_t i = 0; i < lines->count && !ferror(out); i++) {
        const struct line *line = &lines->item[i];
        if (unique && last != NULL && compare_lines(last, line) == 0) {
            continue;
        }
        last = line;
        fwrite(line->text, 1, line->length, out);
        putc('\n', out);
    }
}

static void take_separator(const char *text)
{
    if (strcmp(text, "\\0") == 0) {
        order.separator = '\0';
    } else if (text[0] != '\0' && text[1] == '\0') {
        order.separator = (unsigned char)text[0];
    } else {
        fail_with(text, "a separator is one byte");
    }
}

int main(int argc, char **argv)
{
    struct lines lines = {0};
    const char *output = NULL;
    bool unique = false, checks = false, silent = false;
    int option;
    while ((option = getopt(argc, argv, "bcCdfik:mno:rst:u")) != -1) {
        switch (option) {
        case 'c':
        case 'C':
            checks = true;
            silent |= option == 'C';
            break;
        case 'k':
            if (!key_add(optarg)) {
                fail_with(optarg, "is no key; field[.character][bdfinr][,field[.character][bdfinr]] is expected");
            }
            break;
        case 'm':
            break;
        case 'o':
            output = optarg;
            break;
        case 's':
            order.whole_line_last = false;
            break;
        case 't':
            take_separator(optarg);
            break;
        case 'u':
            unique = true;
            order.whole_line_last = false;
            break;
        default:
            if (!manner_set(&order.manner, (char)option, true, true)) {
                tool_usage();
            }
        }
    }
    keys_inherit();
    if (checks) {
        const char *name = optind < argc ? argv[optind] : "-";
        if (argc - optind > 1) {
            fail_with(argv[optind + 1], "-c checks one file");
        }
        order.whole_line_last = order.whole_line_last && !unique;
        read_file(&lines, name);
        check(&lines, name, unique, silent);
    }
    if (optind == argc) {
        read_file(&lines, "-");
    }
    for (int i = optind; i < argc; i++) {
        read_file(&lines, argv[i]);
    }
    lines_sort(&lines);
    /* Only now: the output may be one of the inputs. */
    FILE *out = output != NULL ? fopen(output, "w") : stdout;
    if (out == NULL) {
        fail(output);
    }
    write_lines(&lines, out, unique);
    if (output != NULL && (ferror(out) || fclose(out) == EOF)) {
        fail(output);
    }
    tool_exit();
}

/*
 * hexdump: bytes as numbers. Lines that repeat the one before are shown once, as "*", but with -v.
 */
#include <ctype.h>
#include <stdint.h>

#define TOOL "hexdump"
#define USAGE "[-bcCdovx] [-n length] [-s skip] [file ...]"
#include "tool.h"
#include "files.h"

#define LINE 16

enum format { FORMAT_HEX, FORMAT_CANONICAL, FORMAT_OCTAL_BYTES, FORMAT_CHARACTERS, FORMAT_DECIMAL, FORMAT_OCTAL, FORMAT_WIDE_HEX };

/* The files one after another, as one stream. */
struct input {
    char **name; /* the next one; NULL at the end */
    int fd;      /* -1: none is open */
    const char *now;
    uint64_t left; /* of -n */
};

static void open_next(struct input *in)
{
    while (in->fd < 0 && *in->name != NULL) {
        in->now = *in->name++;
        in->fd = strcmp(in->now, "-") == 0 ? 0 : open(in->now, O_RDONLY);
        if (in->fd < 0) {
            tool_error(in->now);
        }
    }
}

/* Bytes of the stream, as many as wanted unless it ends. */
static size_t take(struct input *in, unsigned char *to, size_t wanted)
{
    size_t got = 0;
    if (wanted > in->left) {
        wanted = in->left;
    }
    while (got < wanted) {
        open_next(in);
        if (in->fd < 0) {
            break;
        }
        ssize_t n = read(in->fd, to + got, wanted - got);
        if (n < 0) {
            tool_error(in->now);
        }
        if (n <= 0) {
            if (in->fd > 0) {
                close(in->fd);
            }
            in->fd = -1;
        } else {
            got += (size_t)n;
        }
    }
    in->left -= got;
    return got;
}

/* Leaves out the first bytes. A file is not read for that, unless it may end before. */
static void skip(struct input *in, uint64_t bytes)
{
    static unsigned char nowhere[4096];
    struct stat st;
    uint64_t left = in->left;
    in->left = UINT64_MAX;
    while (bytes > 0) {
        open_next(in);
        if (in->fd >= 0 && fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > bytes &&
            lseek(in->fd, 0, SEEK_CUR) == 0) {
            lseek(in->fd, (off_t)bytes, SEEK_SET);
            break;
        }
        size_t n = take(in, nowhere, bytes < sizeof nowhere ? bytes : sizeof nowhere);
        if (n == 0) {
            tool_complain("-s", "there are fewer bytes than are to be skipped");
            break;
        }
        bytes -= n;
    }
    in->left = left;
}

static void put_character(unsigned char c)
{
    static const char letters[] = "0abtnvfr";
    static const char values[] = "\0\a\b\t\n\v\f\r";
    const char *at = memchr(values, c, sizeof values - 1);
    if (at != NULL) {
        printf("  \\%c", letters[at - values]);
    } else if (isprint(c)) {
        printf("   %c", c);
    } else {
        printf(" %03o", c);
    }
}

static void put_canonical(const unsigned char *line, size_t n)
{
    for (size_t i = 0; i < LINE; i++) {
        if (i % 8 == 0) {
            putchar(' ');
        }
        if (i < n) {
            printf(" %02x", line[i]);
        } else {
            fputs("   ", stdout);
        }
    }
    fputs("  |", stdout);
    for (size_t i = 0; i < n; i++) {
        putchar(isprint(line[i]) ? line[i] : '.');
    }
    putchar('|');
}

/* Two bytes as the machine's number of 16 bits; a last one alone counts as it is. */
static void put_words(const unsigned char *line, size_t n, enum format format)
{
    static const char *const forms[] = {
        [FORMAT_HEX] = " %04x",
        [FORMAT_DECIMAL] = "   %05u",
        [FORMAT_OCTAL] = "  %06o",
        [FORMAT_WIDE_HEX] = "    %04x",
    };
    int width = format == FORMAT_HEX ? 5 : 8;
    for (size_t i = 0; i < LINE; i += 2) {
        if (i < n) {
            printf(forms[format], line[i] | (i + 1 < n ? line[i + 1] << 8 : 0));
        } else {
            printf("%*s", width, "");
        }
    }
}

static void put_line(uint64_t offset, const unsigned char *line, size_t n, enum format format)
{
    printf(format == FORMAT_CANONICAL ? "%08llx" : "%07llx", (unsigned long long)offset);
    switch (format) {
    case FORMAT_CANONICAL:
        put_canonical(line, n);
        break;
    case FORMAT_CHARACTERS:
    case FORMAT_OCTAL_BYTES:
        for (size_t i = 0; i < LINE; i++) {
            if (i >= n) {
                fputs("    ", stdout);
            } else if (format == FORMAT_CHARACTERS) {
                put_character(line[i]);
            } else {
                printf(" %03o", line[i]);
            }
        }
        break;
    default:
        put_words(line, n, format);
        break;
    }
    putchar('\n');
}

static void dump(struct input *in, uint64_t offset, enum format format, bool all)
{
    unsigned char lines[2][LINE];
    bool starred = false;
    size_t n;
    unsigned i = 0;
    for (; (n = take(in, lines[i % 2], LINE)) > 0; i++, offset += n) {
        if (!all && i > 0 && n == LINE && memcmp(lines[0], lines[1], LINE) == 0) {
            if (!starred) {
                puts("*");
            }
            starred = true;
            continue;
        }
        starred = false;
        put_line(offset, lines[i % 2], n, format);
        if (ferror(stdout)) {
            tool_exit();
        }
    }
    if (i > 0) {
        printf(format == FORMAT_CANONICAL ? "%08llx\n" : "%07llx\n", (unsigned long long)offset);
    }
}

/* A number in C's notation, perhaps with k, m, g, or b (512) behind it. */
static uint64_t parse_bytes(const char *text)
{
    char *end;
    unsigned long long n = isdigit((unsigned char)*text) ? strtoull(text, &end, 0) : 0;
    if (!isdigit((unsigned char)*text)) {
        tool_complain(text, "is no number of bytes");
        tool_usage();
    }
    unsigned long long unit = 1;
    if (*end != '\0') {
        switch (tolower((unsigned char)*end++)) {
        case 'b':
            unit = 512;
            break;
        case 'k':
            unit = 1024;
            break;
        case 'm':
            unit = 1024 * 1024;
            break;
        case 'g':
            unit = 1024 * 1024 * 1024;
            break;
        default:
            unit = 0;
        }
    }
    if (*end != '\0' || unit == 0 || __builtin_mul_overflow(n, unit, &n)) {
        tool_complain(text, "is no number of bytes");
        tool_usage();
    }
    return n;
}

int main(int argc, char **argv)
{
    static const char letters[] = "\0Cbcdox" /* in the order of enum format */;
    static char *standard_input[] = {"-", NULL};
    struct input in = {.fd = -1, .left = UINT64_MAX};
    enum format format = FORMAT_HEX;
    uint64_t skipped = 0;
    bool all = false;
    int option;
    while ((option = getopt(argc, argv, "bcCdon:s:vx")) != -1) {
        switch (option) {
        case 'n':
            in.left = parse_bytes(optarg);
            break;
        case 's':
            skipped = parse_bytes(optarg);
            break;
        case 'v':
            all = true;
            break;
        case '?':
            tool_usage();
        default:
            format = (enum format)((const char *)memchr(letters, option, sizeof letters - 1) - letters);
        }
    }
    in.name = optind < argc ? argv + optind : standard_input;
    if (skipped > 0) {
        skip(&in, skipped);
    }
    dump(&in, skipped, format, all);
    tool_exit();
}

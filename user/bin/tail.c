/*
 * tail: the last lines (10, -n N or -N) or bytes (-c N) of files; with +N from the N-th one on. -f goes on
 * with what is appended, until it is ended.
 */
#include <ctype.h>
#include <kinglet/system.h>

#define TOOL "tail"
#define USAGE "[-fqv] [-n [+]lines | -c [+]bytes] [file ...]"
#include "tool.h"
#include "files.h"

#define FOLLOW_NS 250000000 /* how often -f looks */
#define MOST 1000000000     /* that are kept */

static bool bytes;      /* -c */
static bool from_start; /* +N */
static size_t count = 10;
static char block[COPY_BYTES];

static void copy_rest(FILE *file)
{
    size_t n;
    while ((n = fread(block, 1, sizeof block, file)) > 0) {
        if (fwrite(block, 1, n, stdout) < n) {
            tool_exit();
        }
    }
}

/* +N: leaves out what comes before. */
static void tail_from(FILE *file)
{
    int c;
    for (size_t left = count > 0 ? count - 1 : 0; left > 0 && (c = getc(file)) != EOF;) {
        left -= bytes || c == '\n';
    }
    copy_rest(file);
}

/* Keeps the last lines in a ring while it reads. */
static void tail_lines(FILE *file)
{
    struct line {
        char *text;
        size_t length;
    };
    struct line *ring = tool_memory(calloc(count > 0 ? count : 1, sizeof *ring));
    size_t next = 0, room = 0;
    char *line = NULL;
    ssize_t n;
    while ((n = getline(&line, &room, file)) >= 0) {
        if (count == 0) {
            continue;
        }
        free(ring[next].text);
        ring[next] = (struct line){.text = line, .length = (size_t)n};
        next = (next + 1) % count;
        line = NULL;
        room = 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct line *kept = &ring[(next + i) % count];
        if (kept->text != NULL) {
            fwrite(kept->text, 1, kept->length, stdout);
            free(kept->text);
        }
    }
    free(line);
    free(ring);
}

/* The last bytes, in a ring as well; of a file the rest is not read. */
static void tail_bytes(FILE *file)
{
    struct stat st;
    if (fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode)) {
        off_t now = lseek(fileno(file), 0, SEEK_CUR);
        if (now >= 0 && st.st_size > count && (uint64_t)now < st.st_size - count) {
            lseek(fileno(file), (off_t)(st.st_size - count), SEEK_SET);
        }
    }
    char *ring = tool_memory(malloc(count > 0 ? count : 1));
    size_t next = 0, n;
    bool full = false;
    while ((n = fread(block, 1, sizeof block, file)) > 0) {
        for (size_t i = 0; i < n && count > 0; i++) {
            ring[next++] = block[i];
            full |= next == count;
            next %= count;
        }
    }
    if (full) {
        fwrite(ring + next, 1, count - next, stdout);
    }
    fwrite(ring, 1, next, stdout);
    free(ring);
}

static void print_title(const char *name)
{
    static bool before;
    printf("%s==> %s <==\n", before ? "\n" : "", name);
    before = true;
}

static void tail(FILE *file, const char *name)
{
    if (from_start) {
        tail_from(file);
    } else if (bytes) {
        tail_bytes(file);
    } else {
        tail_lines(file);
    }
    if (ferror(file)) {
        tool_error(name);
    }
}

/* -f. Ends only when the output has no reader, or when there is nothing to follow. */
static void follow(FILE **files, char *const *names, int n, bool titles)
{
    int last = n - 1;
    struct stat st;
    for (;;) {
        bool any = false;
        for (int i = 0; i < n; i++) {
            if (files[i] == NULL) {
                continue;
            }
            int fd = fileno(files[i]);
            any = true;
            if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (off_t)st.st_size < lseek(fd, 0, SEEK_CUR)) {
                tool_complain(names[i], "has become shorter; it is shown from its start");
                lseek(fd, 0, SEEK_SET);
            }
            ssize_t got;
            while ((got = read(fd, block, sizeof block)) > 0) {
                if (titles && last != i) {
                    print_title(names[i]);
                }
                last = i;
                fwrite(block, 1, (size_t)got, stdout);
            }
            if (got < 0) {
                tool_error(names[i]);
                fclose(files[i]);
                files[i] = NULL;
            }
        }
        if (!any || fflush(stdout) != 0) {
            return;
        }
        sleep_ns(FOLLOW_NS);
    }
}

static void take_count(const char *text)
{
    char *end;
    from_start = text[0] == '+';
    text += text[0] == '+' || text[0] == '-';
    long n = strtol(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end != '\0' || n > MOST) {
        tool_complain(text, "is no count");
        tool_usage();
    }
    count = (size_t)n;
}

int main(int argc, char **argv)
{
    static char *standard_input[] = {"-", NULL};
    bool follows = false, quiet = false, titles = false;
    int option;
    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) {
        take_count(argv[1]);
        argv++;
        argc--;
    }
    while ((option = getopt(argc, argv, "c:fn:qv")) != -1) {
        switch (option) {
        case 'c':
        case 'n':
            bytes = option == 'c';
            take_count(optarg);
            break;
        case 'f':
            follows = true;
            break;
        case 'q':
            quiet = true;
            break;
        case 'v':
            titles = true;
            break;
        default:
            tool_usage();
        }
    }
    char **names = optind < argc ? argv + optind : standard_input;
    int n = optind < argc ? argc - optind : 1;
    FILE **files = tool_memory(calloc((size_t)n, sizeof *files));
    titles = !quiet && (titles || n > 1);
    for (int i = 0; i < n; i++) {
        bool standard = strcmp(names[i], "-") == 0;
        files[i] = standard ? stdin : fopen(names[i], "r");
        if (files[i] == NULL) {
            tool_error(names[i]);
            continue;
        }
        if (titles) {
            print_title(standard ? "standard input" : names[i]);
        }
        tail(files[i], standard ? "standard input" : names[i]);
        if (!follows && !standard) {
            fclose(files[i]);
        }
    }
    if (follows && fflush(stdout) == 0) {
        if (files[0] == stdin) {
            struct stat st;
            if (fstat(0, &st) == 0 && S_ISFIFO(st.st_mode)) {
                files[0] = NULL; /* its writers have gone: nothing more will come */
            }
        }
        follow(files, names, n, titles);
    }
    tool_exit();
}

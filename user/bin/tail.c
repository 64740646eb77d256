/*
 * tail: the last lines of files (10, or -n N).
 */
#include <ctype.h>

#define TOOL "tail"
#define USAGE "[-n lines] [file ...]"
#include "tool.h"
#include "files.h"

/* Keeps the last `count` lines in a ring while it reads. */
static void tail(FILE *file, const char *name, size_t count)
{
    char **ring = tool_memory(calloc(count > 0 ? count : 1, sizeof *ring));
    size_t *length = tool_memory(calloc(count > 0 ? count : 1, sizeof *length));
    size_t next = 0, room = 0;
    char *line = NULL;
    ssize_t n;
    while (count > 0 && (n = getline(&line, &room, file)) >= 0) {
        free(ring[next]);
        ring[next] = line;
        length[next] = (size_t)n;
        next = (next + 1) % count;
        line = NULL;
        room = 0;
    }
    if (ferror(file)) {
        tool_error(name);
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = (next + i) % count;
        if (ring[at] != NULL) {
            fwrite(ring[at], 1, length[at], stdout);
            free(ring[at]);
        }
    }
    free(line);
    free(ring);
    free(length);
}

int main(int argc, char **argv)
{
    long count = 10;
    int option;
    char *end = "";
    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) {
        count = strtol(argv[1] + 1, &end, 10);
        argv++;
        argc--;
    }
    while ((option = getopt(argc, argv, "n:")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        count = strtol(optarg, &end, 10);
    }
    if (*end != '\0' || count < 0 || count > 1000000) {
        tool_usage();
    }
    if (optind == argc) {
        tail(stdin, "standard input", (size_t)count);
    }
    for (int i = optind; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");
        if (file == NULL) {
            tool_error(argv[i]);
            continue;
        }
        if (argc - optind > 1) {
            printf("%s==> %s <==\n", i > optind ? "\n" : "", argv[i]);
        }
        tail(file, argv[i], (size_t)count);
        fclose(file);
    }
    tool_exit();
}

/*
 * grep: prints the lines that match a pattern. -i any case, -v those that do not, -n with numbers, -c only
 * how many, -l only names of files, -q only the status, -r all files below, -E extended, -F plain text,
 * -w whole words, -x whole lines, -e PATTERN (several), -h without and -H with the file's name, -s quiet.
 * Status: 0 found, 1 not found, 2 trouble.
 */
#define TOOL "grep"
#define USAGE "[-EFivnclqrwxhHs] [-e pattern | pattern] [file ...]"
#include "../tool.h"
#include "../files.h"
#include "regex.h"

struct pattern {
    struct pattern *next;
    struct regex regex;
};

static struct pattern *patterns;
static bool extended, fixed, ignore_case, invert, numbers, count_only, names_only, quiet, recursive, words,
    whole, never_name, always_name, silent;
static bool found, trouble;

static void complain_file(const char *name)
{
    if (!silent) {
        tool_error(name);
    }
    trouble = true;
}

/* Wraps what was asked for in the operators that -F, -w and -x stand for. */
static char *build(const char *text, size_t n)
{
    char *out = tool_memory(malloc(2 * n + 16));
    char *to = out;
    const char *open = extended ? "(" : "\\(", *close = extended ? ")" : "\\)";
    if (whole || words) {
        to = stpcpy(to, whole ? "^" : "\\<");
        to = fixed ? to : stpcpy(to, open);
    }
    for (size_t i = 0; i < n; i++) {
        if (fixed && strchr(".[]*^$\\", text[i]) != NULL) {
            *to++ = '\\';
        }
        *to++ = text[i];
    }
    if (whole || words) {
        to = fixed ? to : stpcpy(to, close);
        to = stpcpy(to, whole ? "$" : "\\>");
    }
    *to = '\0';
    return out;
}

/* One pattern a line. */
static void add_patterns(const char *text)
{
    for (;;) {
        size_t n = strcspn(text, "\n");
        struct pattern *p = tool_memory(calloc(1, sizeof *p));
        char *source = build(text, n);
        if (!regex_compile(&p->regex, source, extended, ignore_case)) {
            fprintf(stderr, TOOL ": %.100s: %s\n", text, p->regex.error);
            exit(2);
        }
        free(source);
        p->next = patterns;
        patterns = p;
        if (text[n] == '\0') {
            return;
        }
        text += n + 1;
    }
}

static bool matches(const char *line, size_t n)
{
    for (const struct pattern *p = patterns; p != NULL; p = p->next) {
        if (regex_search(&p->regex, line, n)) {
            return true;
        }
    }
    return false;
}

static void search(FILE *file, const char *name, bool with_name)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    unsigned long number = 0, count = 0;
    while (!ferror(stdout) && (n = getline(&line, &room, file)) >= 0) {
        bool newline = n > 0 && line[n - 1] == '\n';
        number++;
        if (matches(line, (size_t)(n - newline)) == invert) {
            continue;
        }
        found = true;
        count++;
        if (quiet) {
            exit(0);
        }
        if (names_only) {
            break;
        }
        if (count_only) {
            continue;
        }
        if (with_name) {
            printf("%s:", name);
        }
        if (numbers) {
            printf("%lu:", number);
        }
        fwrite(line, 1, (size_t)(n - newline), stdout);
        putchar('\n');
    }
    if (ferror(file)) {
        complain_file(name);
    }
    if (names_only && count > 0) {
        printf("%s\n", name);
    } else if (count_only && !names_only) {
        printf("%s%s%lu\n", with_name ? name : "", with_name ? ":" : "", count);
    }
    free(line);
}

static void search_path(const char *path, bool with_name)
{
    if (is_directory(path)) {
        char **names = recursive ? list_directory(path, false) : NULL;
        if (!recursive && !silent) {
            tool_complain(path, "is a directory (-r searches it)");
        }
        trouble |= names == NULL;
        for (char **name = names; name != NULL && *name != NULL; name++) {
            char *inner = tool_join(path, *name);
            search_path(inner, with_name);
            free(inner);
        }
        free_names(names);
        return;
    }
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        complain_file(path);
        return;
    }
    search(file, path, with_name);
    fclose(file);
}

static void set_option(int option)
{
    static const struct {
        char letter;
        bool *flag;
    } flags[] = {
        {'E', &extended}, {'F', &fixed}, {'i', &ignore_case}, {'v', &invert}, {'n', &numbers},
        {'c', &count_only}, {'l', &names_only}, {'q', &quiet}, {'r', &recursive}, {'R', &recursive},
        {'w', &words}, {'x', &whole}, {'h', &never_name}, {'H', &always_name}, {'s', &silent},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (flags[i].letter == option) {
            *flags[i].flag = true;
            return;
        }
    }
    if (option != 'e' && option != 'G') {
        tool_usage();
    }
}

int main(int argc, char **argv)
{
    static const char letters[] = "EFGivnclqrRwxhHse:";
    int option;
    bool given = false;
    while ((option = getopt(argc, argv, letters)) != -1) {
        set_option(option);
        given |= option == 'e';
    }
    extended = extended && !fixed;
    /* Once more for the patterns: all options must be known before one is compiled. */
    int first = optind;
    optind = 1;
    while (given && (option = getopt(argc, argv, letters)) != -1) {
        if (option == 'e') {
            add_patterns(optarg);
        }
    }
    if (!given) {
        if (first == argc) {
            tool_usage();
        }
        add_patterns(argv[first++]);
    }
    bool with_name = always_name || (!never_name && (argc - first > 1 || recursive));
    if (first == argc && recursive) {
        search_path(".", with_name);
    } else if (first == argc) {
        search(stdin, "(standard input)", always_name);
    }
    for (int i = first; i < argc; i++) {
        if (strcmp(argv[i], "-") == 0) {
            search(stdin, "(standard input)", with_name);
        } else {
            search_path(argv[i], with_name);
        }
    }
    tool_status = trouble ? 2 : found ? 0 : 1;
    tool_exit();
}

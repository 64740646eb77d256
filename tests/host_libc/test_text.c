/*
 * libc's strings, integers from text, sorting, options and environment, mostly against the host's.
 */
// sources: lib/libc/strings.c lib/libc/ctype.c lib/libc/strtol.c lib/libc/sort.c lib/libc/getopt.c
// sources: lib/libc/environ.c lib/libc/errno.c lib/common/string.c

#include "check.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <strings.h>

char *kinglet_strncpy(char *to, const char *from, size_t n);
char *kinglet_strcat(char *to, const char *from);
char *kinglet_strncat(char *to, const char *from, size_t n);
char *kinglet_strstr(const char *text, const char *wanted);
size_t kinglet_strspn(const char *s, const char *accept);
size_t kinglet_strcspn(const char *s, const char *reject);
char *kinglet_strtok_r(char *s, const char *separators, char **state);
char *kinglet_strndup(const char *s, size_t n);
int kinglet_strncasecmp(const char *a, const char *b, size_t n);
long kinglet_strtol(const char *text, char **end, int base);
unsigned long kinglet_strtoul(const char *text, char **end, int base);
void kinglet_qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));
void *kinglet_bsearch(const void *key, const void *base, size_t n, size_t size,
                      int (*compare)(const void *, const void *));
char *kinglet_getenv(const char *name);
int kinglet_setenv(const char *name, const char *value, int overwrite);
int kinglet_unsetenv(const char *name);
int kinglet_getopt(int argc, char *const argv[], const char *options);
int kinglet_isalnum(int c), kinglet_isalpha(int c), kinglet_isblank(int c), kinglet_iscntrl(int c);
int kinglet_isdigit(int c), kinglet_isgraph(int c), kinglet_islower(int c), kinglet_isprint(int c);
int kinglet_ispunct(int c), kinglet_isspace(int c), kinglet_isupper(int c), kinglet_isxdigit(int c);
int kinglet_tolower(int c), kinglet_toupper(int c);
extern _Thread_local int kinglet_errno;
extern int kinglet_optind, kinglet_opterr, kinglet_optopt;
extern char *kinglet_optarg;

char **kinglet_environ;
const char *libc_program_name = "test";

void *kinglet_malloc(size_t bytes)
{
    return malloc(bytes);
}

void *kinglet_calloc(size_t n, size_t bytes)
{
    return calloc(n, bytes);
}

void *kinglet_reallocarray(void *memory, size_t n, size_t bytes)
{
    return realloc(memory, n * bytes);
}

void kinglet_free(void *memory)
{
    free(memory);
}

static char complaint[200];

int kinglet_dprintf(int fd, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(complaint, sizeof complaint, format, arguments);
    va_end(arguments);
    return n;
}

CASE(character_classes_are_those_of_the_c_locale)
{
#define SAME(function) CHECK_EQUAL(!!kinglet_##function(c), !!function(c))
    for (int c = -1; c < 256; c++) {
        SAME(isalnum);
        SAME(isalpha);
        SAME(isblank);
        SAME(iscntrl);
        SAME(isdigit);
        SAME(isgraph);
        SAME(islower);
        SAME(isprint);
        SAME(ispunct);
        SAME(isspace);
        SAME(isupper);
        SAME(isxdigit);
        CHECK_EQUAL(kinglet_tolower(c), tolower(c));
        CHECK_EQUAL(kinglet_toupper(c), toupper(c));
    }
}

static char *random_text(unsigned max, unsigned letters)
{
    unsigned length = random_below(max);
    char *text = malloc(length + 1);
    for (unsigned i = 0; i < length; i++)
        text[i] = (char)("aAbBcC:\xe4"[random_below(letters)]);
    text[length] = '\0';
    return text;
}

CASE(searches_find_what_the_host_finds)
{
    for (int i = 0; i < 20000; i++) {
        char *text = random_text(30, 1 + random_below(8)), *part = random_text(4, 1 + random_below(8));
        CHECK(kinglet_strstr(text, part) == strstr(text, part));
        CHECK_EQUAL(kinglet_strspn(text, part), strspn(text, part));
        CHECK_EQUAL(kinglet_strcspn(text, part), strcspn(text, part));
        size_t n = random_below(6);
        int found = kinglet_strncasecmp(text, part, n), wanted = strncasecmp(text, part, n);
        CHECK_EQUAL((found > 0) - (found < 0), (wanted > 0) - (wanted < 0));
        free(text);
        free(part);
    }
}

CASE(copies_end_where_they_should)
{
    for (int i = 0; i < 5000; i++) {
        char *text = random_text(30, 8), found[100], wanted[100];
        size_t n = random_below(40);
        memset(found, 'x', sizeof found);
        memset(wanted, 'x', sizeof wanted);
        kinglet_strncpy(found, text, n);
        strncpy(wanted, text, n);
        CHECK(memcmp(found, wanted, sizeof found) == 0);
        found[n] = wanted[n] = '\0';
        kinglet_strncat(found, text, n / 2);
        strncat(wanted, text, n / 2);
        kinglet_strcat(found, text);
        strcat(wanted, text);
        CHECK_TEXT(found, wanted);
        char *copy = kinglet_strndup(text, n), *host = strndup(text, n);
        CHECK_TEXT(copy, host);
        free(copy), free(host), free(text);
    }
}

CASE(strtok_r_splits_as_the_host_does)
{
    for (int i = 0; i < 5000; i++) {
        char *text = random_text(40, 7), *copy = strdup(text), *state, *host_state;
        char *found = kinglet_strtok_r(text, ":b", &state), *wanted = strtok_r(copy, ":b", &host_state);
        while (wanted) {
            CHECK_TEXT(found, wanted);
            found = kinglet_strtok_r(NULL, ":b", &state);
            wanted = strtok_r(NULL, ":b", &host_state);
        }
        CHECK(found == NULL);
        CHECK(kinglet_strtok_r(NULL, ":b", &state) == NULL);
        free(text), free(copy);
    }
}

static void check_number(const char *text, int base)
{
    char *exact = exact_copy(text, strlen(text) + 1), *end, *host_end;
    kinglet_errno = errno = 0;
    long found = kinglet_strtol(exact, &end, base), wanted = strtol(exact, &host_end, base);
    CHECK_EQUAL(found, wanted);
    CHECK_EQUAL(end - exact, host_end - exact);
    CHECK_EQUAL(kinglet_errno == ERANGE, errno == ERANGE);
    kinglet_errno = errno = 0;
    CHECK_EQUAL(kinglet_strtoul(exact, &end, base), strtoul(exact, &host_end, base));
    CHECK_EQUAL(end - exact, host_end - exact);
    CHECK_EQUAL(kinglet_errno == ERANGE, errno == ERANGE);
    free(exact);
}

CASE(integers_are_read_as_the_host_reads_them)
{
    static const char *const texts[] = {
        "", " ", "-", "+", "0", "-0", "0x", "0xg", "0x1f", "-0X1F", " \t\n12abc", "077", "08",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
        "18446744073709551615", "18446744073709551616", "-18446744073709551615", "-18446744073709551616",
        "99999999999999999999999", "0x7fffffffffffffff", "zZ", "--1", "1 2", "+7",
    };
    static const int bases[] = {0, 2, 8, 10, 16, 36};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (int b = 0; b < 6; b++)
            check_number(texts[i], bases[b]);
    }
    for (int i = 0; i < 20000; i++) {
        char text[40];
        snprintf(text, sizeof text, random_below(2) ? "%ld" : "%#lx",
                 (long)(random_u64() >> random_below(64)));
        check_number(text, bases[random_below(6)]);
    }
    CHECK_EQUAL(kinglet_strtol("1", NULL, 37), 0);
    CHECK_EQUAL(kinglet_errno, EINVAL);
}

static int compare_longs(const void *a, const void *b)
{
    long left, right; /* elements of odd sizes are not aligned */
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return (left > right) - (left < right);
}

CASE(qsort_sorts_and_bsearch_finds)
{
    for (int round = 0; round < 400; round++) {
        size_t n = random_below(200), size = sizeof(long) + random_below(2) * 3;
        char *list = malloc(n * size + 1);
        long sum = 0, sum_after = 0;
        for (size_t i = 0; i < n; i++) {
            long value = (long)random_below(round % 2 ? 10 : 100000);
            memset(list + i * size, 0, size);
            memcpy(list + i * size, &value, sizeof value);
            sum += value;
        }
        kinglet_qsort(list, n, size, compare_longs);
        for (size_t i = 0; i < n; i++) {
            long value;
            memcpy(&value, list + i * size, sizeof value);
            sum_after += value;
            CHECK(i == 0 || compare_longs(list + (i - 1) * size, list + i * size) <= 0);
            char *hit = kinglet_bsearch(&value, list, n, size, compare_longs);
            CHECK(hit && compare_longs(hit, &value) == 0 && (size_t)(hit - list) % size == 0);
        }
        CHECK_EQUAL(sum, sum_after);
        long absent = -1;
        CHECK(kinglet_bsearch(&absent, list, n, size, compare_longs) == NULL);
        free(list);
    }
}

/* The letters that getopt gives for argv, arguments in brackets, then the index of the first operand. */
static const char *options_of(const char *options, char **argv)
{
    static char found[200];
    int argc = 0, n = 0, letter;
    while (argv[argc])
        argc++;
    kinglet_optind = 1;
    complaint[0] = '\0';
    while ((letter = kinglet_getopt(argc, argv, options)) != -1) {
        n += sprintf(found + n, "%c", letter);
        if (kinglet_optarg)
            n += sprintf(found + n, "[%s]", kinglet_optarg);
        CHECK(n < 150);
    }
    sprintf(found + n, " %d", kinglet_optind);
    return found;
}

#define ARGV(...) ((char *[]){"/bin/prog", __VA_ARGS__, NULL})

CASE(getopt_follows_posix)
{
    CHECK_TEXT(options_of("abc:", ARGV("-a", "-b", "x", "-a")), "ab 3");
    CHECK_TEXT(options_of("abc:", ARGV("-abc", "x", "y")), "abc[x] 3");
    CHECK_TEXT(options_of("abc:", ARGV("-cx", "--", "-a")), "c[x] 3");
    CHECK_TEXT(options_of("abc:", ARGV("-", "-a")), " 1");
    CHECK_TEXT(options_of("abc:", ARGV("-c", "-a", "-b")), "c[-a]b 4");
    CHECK_TEXT(complaint, "");
    CHECK_TEXT(options_of("ab", ARGV("-xa", "-:")), "?a? 3");
    CHECK_TEXT(complaint, "prog: unknown option -:\n");
    CHECK_TEXT(options_of("ab", ARGV("-x")), "? 2");
    CHECK_TEXT(complaint, "prog: unknown option -x\n");
    CHECK_EQUAL(kinglet_optopt, 'x');
    CHECK_TEXT(options_of("c:", ARGV("-c")), "? 2");
    CHECK_TEXT(complaint, "prog: option -c needs an argument\n");
    CHECK_TEXT(options_of(":c:", ARGV("-c")), ": 2");
    CHECK_TEXT(complaint, "");
}

CASE(the_environment_can_be_changed)
{
    static char *start[] = {"PATH=/bin", "EMPTY=", "HOME=/", NULL};
    kinglet_environ = start;
    CHECK_TEXT(kinglet_getenv("PATH"), "/bin");
    CHECK_TEXT(kinglet_getenv("EMPTY"), "");
    CHECK(kinglet_getenv("PAT") == NULL);
    CHECK(kinglet_getenv("") == NULL);
    CHECK_EQUAL(kinglet_setenv("PATH", "/sbin", 0), 0);
    CHECK_TEXT(kinglet_getenv("PATH"), "/bin");
    CHECK_EQUAL(kinglet_setenv("PATH", "/sbin", 1), 0);
    CHECK_TEXT(kinglet_getenv("PATH"), "/sbin");
    CHECK_TEXT(start[0], "PATH=/bin");
    char name[20];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "N%d", i);
        CHECK_EQUAL(kinglet_setenv(name, name, 1), 0);
        CHECK_EQUAL(kinglet_setenv("PATH", name, 1), 0);
    }
    CHECK_TEXT(kinglet_getenv("N57"), "N57");
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "N%d", i);
        CHECK_EQUAL(kinglet_unsetenv(name), 0);
        CHECK(kinglet_getenv(name) == NULL);
    }
    CHECK_TEXT(kinglet_getenv("HOME"), "/");
    CHECK_EQUAL(kinglet_setenv("A=B", "", 1), -1);
    CHECK_EQUAL(kinglet_errno, EINVAL);
    CHECK_EQUAL(kinglet_unsetenv(""), -1);
    while (kinglet_environ[0]) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(kinglet_environ[0], "="), kinglet_environ[0]);
        CHECK_EQUAL(kinglet_unsetenv(name), 0);
    }
    free(kinglet_environ);
}

/*
 * `test` and `[`, for the shell and as programs: questions about strings, numbers and files; status 0 yes,
 * 1 no, 2 not understood. Asks the file system for nothing but stat and access.
 */
#ifndef USER_TEST_H
#define USER_TEST_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEST_NESTING_MAX 100

/* Says why a question was not understood; `what` may be NULL. */
typedef void test_complain(const char *name, const char *what, const char *why);

struct test_question {
    char **word; /* the next one */
    int left;
    int depth;
    bool failed;
    test_complain *complain;
};

static inline bool test_ask_or(struct test_question *q);

/* -1: not a decimal number. */
static inline int test_number(const char *text, long *out)
{
    char *end;
    *out = strtol(text, &end, 10);
    return end == text || *end != '\0' ? -1 : 0;
}

static inline bool test_fail(struct test_question *q, const char *why, const char *what)
{
    if (!q->failed) {
        q->complain("test", what, why);
    }
    q->failed = true;
    q->left = 0;
    return false;
}

static inline bool test_ask_file(char letter, const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        return false;
    }
    switch (letter) {
    case 'f':
        return S_ISREG(st.st_mode);
    case 'd':
        return S_ISDIR(st.st_mode);
    case 'c':
        return S_ISCHR(st.st_mode);
    case 'p':
        return S_ISFIFO(st.st_mode);
    case 'b':
        return S_ISBLK(st.st_mode);
    case 's':
        return st.st_size > 0;
    case 'r':
        return access(path, R_OK) == 0;
    case 'w':
        return access(path, W_OK) == 0;
    case 'x':
        return access(path, X_OK) == 0;
    case 'h':
    case 'L':
    case 'S':
        return false; /* there are no symbolic links and no sockets */
    case 'u':
    case 'g':
    case 'k':
        return (st.st_mode & (letter == 'u' ? 04000u : letter == 'g' ? 02000u : 01000u)) != 0;
    default:
        return true; /* -e, and -O -G: there is one user */
    }
}

static inline bool test_ask_one(struct test_question *q, const char *operator, const char *operand)
{
    long number;
    switch (operator[1]) {
    case 'n':
        return *operand != '\0';
    case 'z':
        return *operand == '\0';
    case 't':
        return test_number(operand, &number) == 0 ? isatty((int)number) : test_fail(q, "is no number", operand);
    default:
        return test_ask_file(operator[1], operand);
    }
}

/* -nt, -ot, -ef. A file that is not there is older than any that is. */
static inline bool test_compare_files(const char *a, const char *operator, const char *b)
{
    struct stat x, y;
    bool has_x = stat(a, &x) == 0, has_y = stat(b, &y) == 0;
    switch (operator[1]) {
    case 'n':
        return has_x && (!has_y || x.st_mtime_ns > y.st_mtime_ns);
    case 'o':
        return has_y && (!has_x || x.st_mtime_ns < y.st_mtime_ns);
    default:
        return has_x && has_y && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    }
}

static inline bool test_is_about_files(const char *word)
{
    return strcmp(word, "-nt") == 0 || strcmp(word, "-ot") == 0 || strcmp(word, "-ef") == 0;
}

static inline bool test_ask_two(struct test_question *q, const char *a, const char *operator, const char *b)
{
    static const char *const numeric[] = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
    if (strcmp(operator, "=") == 0 || strcmp(operator, "==") == 0) {
        return strcmp(a, b) == 0;
    }
    if (strcmp(operator, "!=") == 0) {
        return strcmp(a, b) != 0;
    }
    if (strcmp(operator, "<") == 0 || strcmp(operator, ">") == 0) {
        return operator[0] == '<' ? strcmp(a, b) < 0 : strcmp(a, b) > 0;
    }
    if (test_is_about_files(operator)) {
        return test_compare_files(a, operator, b);
    }
    for (int i = 0; i < 6; i++) {
        long x, y;
        if (strcmp(operator, numeric[i]) != 0) {
            continue;
        }
        if (test_number(a, &x) < 0 || test_number(b, &y) < 0) {
            return test_fail(q, "is no number", test_number(a, &x) < 0 ? a : b);
        }
        const bool answers[] = {x == y, x != y, x < y, x <= y, x > y, x >= y};
        return answers[i];
    }
    return test_fail(q, "is no operator", operator);
}

static inline bool test_is_binary(const char *word)
{
    static const char *const words[] = {"=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return test_is_about_files(word);
}

static inline bool test_is_unary(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && strchr("nzefdbcpsrwxtLhSugkOG", word[1]) != NULL && word[2] == '\0';
}

static inline void test_advance(struct test_question *q, int n)
{
    q->word += n;
    q->left -= n;
}

static inline bool test_ask_primary(struct test_question *q)
{
    char **w = q->word;
    if (q->left == 0) {
        return test_fail(q, "an operand is missing", NULL);
    }
    if (q->left >= 3 && test_is_binary(w[1])) {
        test_advance(q, 3);
        return test_ask_two(q, w[0], w[1], w[2]);
    }
    if (q->left >= 2 && strcmp(w[0], "!") == 0) {
        if (++q->depth > TEST_NESTING_MAX) {
            return test_fail(q, "nested too deeply", NULL);
        }
        test_advance(q, 1);
        bool answer = !test_ask_primary(q);
        q->depth--;
        return answer;
    }
    if (q->left >= 3 && strcmp(w[0], "(") == 0) {
        if (++q->depth > TEST_NESTING_MAX) {
            return test_fail(q, "nested too deeply", NULL);
        }
        test_advance(q, 1);
        bool answer = test_ask_or(q);
        q->depth--;
        if (q->left == 0 || strcmp(q->word[0], ")") != 0) {
            return test_fail(q, "a bracket is not closed", NULL);
        }
        test_advance(q, 1);
        return answer;
    }
    if (q->left >= 2 && test_is_unary(w[0])) {
        test_advance(q, 2);
        return test_ask_one(q, w[0], w[1]);
    }
    test_advance(q, 1);
    return w[0][0] != '\0';
}

static inline bool test_ask_and(struct test_question *q)
{
    bool answer = test_ask_primary(q);
    while (q->left > 0 && strcmp(q->word[0], "-a") == 0) {
        test_advance(q, 1);
        bool right = test_ask_primary(q);
        answer = answer && right;
    }
    return answer;
}

static inline bool test_ask_or(struct test_question *q)
{
    bool answer = test_ask_and(q);
    while (q->left > 0 && strcmp(q->word[0], "-o") == 0) {
        test_advance(q, 1);
        bool right = test_ask_and(q);
        answer = answer || right;
    }
    return answer;
}

/* Of three words and of four POSIX (test, "The algorithm") says by their number what they mean, so that words
 * which only look like operators are taken as what they are: [ "$a" -a "$b" ] with a='!'. */
static inline bool test_ask(struct test_question *q)
{
    char **w = q->word;
    if (q->left == 4 && strcmp(w[0], "!") == 0) {
        test_advance(q, 1);
        return !test_ask(q);
    }
    if (q->left == 3 && (strcmp(w[1], "-a") == 0 || strcmp(w[1], "-o") == 0)) {
        bool left = w[0][0] != '\0', right = w[2][0] != '\0';
        test_advance(q, 3);
        return w[1][1] == 'a' ? left && right : left || right;
    }
    if (q->left == 3 && !test_is_binary(w[1]) && strcmp(w[0], "(") == 0 && strcmp(w[2], ")") == 0) {
        test_advance(q, 3);
        return w[1][0] != '\0';
    }
    return test_ask_or(q);
}

/* The whole of `test` and, by argv[0], `[`. */
static inline int test_main(int argc, char **argv, test_complain *complain)
{
    const char *name = strrchr(argv[0], '/') != NULL ? strrchr(argv[0], '/') + 1 : argv[0];
    struct test_question q = {.word = argv + 1, .left = argc - 1, .complain = complain};
    if (strcmp(name, "[") == 0) {
        if (argc < 2 || strcmp(argv[argc - 1], "]") != 0) {
            complain("[", NULL, "the closing ] is missing");
            return 2;
        }
        q.left--;
    }
    if (q.left == 0) {
        return 1;
    }
    bool answer = test_ask(&q);
    if (!q.failed && q.left > 0) {
        test_fail(&q, "not understood", q.word[0]);
    }
    return q.failed ? 2 : !answer;
}

#endif

/*
 * `test` and `[`: questions about strings, numbers and files; status 0 yes, 1 no, 2 not understood.
 * Called as a builtin. Must never ask the file system for anything but stat.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

struct question {
    char **word; /* the next one */
    int left;
    int depth;
    bool failed;
};

static bool ask_or(struct question *q);

static bool fail(struct question *q, const char *why, const char *what)
{
    if (!q->failed) {
        complain("test: %s%s%s", what != NULL ? what : "", what != NULL ? ": " : "", why);
    }
    q->failed = true;
    q->left = 0;
    return false;
}

static bool ask_file(char letter, const char *path)
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
    case 's':
        return st.st_size > 0;
    default:
        return true; /* there are no permissions: -e -r -w -x */
    }
}

static bool ask_one(struct question *q, const char *operator, const char *operand)
{
    long number;
    switch (operator[1]) {
    case 'n':
        return *operand != '\0';
    case 'z':
        return *operand == '\0';
    case 't':
        return parse_number(operand, &number) == 0 ? isatty((int)number) : fail(q, "is no number", operand);
    default:
        return ask_file(operator[1], operand);
    }
}

static bool ask_two(struct question *q, const char *a, const char *operator, const char *b)
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
    for (int i = 0; i < 6; i++) {
        long x, y;
        if (strcmp(operator, numeric[i]) != 0) {
            continue;
        }
        if (parse_number(a, &x) < 0 || parse_number(b, &y) < 0) {
            return fail(q, "is no number", parse_number(a, &x) < 0 ? a : b);
        }
        const bool answers[] = {x == y, x != y, x < y, x <= y, x > y, x >= y};
        return answers[i];
    }
    return fail(q, "is no operator", operator);
}

static bool is_binary(const char *word)
{
    static const char *const words[] = {"=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_unary(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && strchr("nzefdcpsrwxt", word[1]) != NULL && word[2] == '\0';
}

static void advance(struct question *q, int n)
{
    q->word += n;
    q->left -= n;
}

static bool ask_primary(struct question *q)
{
    char **w = q->word;
    if (q->left == 0) {
        return fail(q, "an operand is missing", NULL);
    }
    if (q->left >= 3 && is_binary(w[1])) {
        advance(q, 3);
        return ask_two(q, w[0], w[1], w[2]);
    }
    if (q->left >= 2 && strcmp(w[0], "!") == 0) {
        if (++q->depth > SH_NESTING_MAX) {
            return fail(q, "nested too deeply", NULL);
        }
        advance(q, 1);
        bool answer = !ask_primary(q);
        q->depth--;
        return answer;
    }
    if (q->left >= 3 && strcmp(w[0], "(") == 0) {
        if (++q->depth > SH_NESTING_MAX) {
            return fail(q, "nested too deeply", NULL);
        }
        advance(q, 1);
        bool answer = ask_or(q);
        q->depth--;
        if (q->left == 0 || strcmp(q->word[0], ")") != 0) {
            return fail(q, "a bracket is not closed", NULL);
        }
        advance(q, 1);
        return answer;
    }
    if (q->left >= 2 && is_unary(w[0])) {
        advance(q, 2);
        return ask_one(q, w[0], w[1]);
    }
    advance(q, 1);
    return w[0][0] != '\0';
}

static bool ask_and(struct question *q)
{
    bool answer = ask_primary(q);
    while (q->left > 0 && strcmp(q->word[0], "-a") == 0) {
        advance(q, 1);
        bool right = ask_primary(q);
        answer = answer && right;
    }
    return answer;
}

static bool ask_or(struct question *q)
{
    bool answer = ask_and(q);
    while (q->left > 0 && strcmp(q->word[0], "-o") == 0) {
        advance(q, 1);
        bool right = ask_and(q);
        answer = answer || right;
    }
    return answer;
}

int builtin_test(int argc, char **argv)
{
    struct question q = {.word = argv + 1, .left = argc - 1};
    if (strcmp(argv[0], "[") == 0) {
        if (strcmp(argv[argc - 1], "]") != 0) {
            complain("[: the closing ] is missing");
            return 2;
        }
        q.left--;
    }
    if (q.left == 0) {
        return 1;
    }
    bool answer = ask_or(&q);
    if (!q.failed && q.left > 0) {
        fail(&q, "not understood", q.word[0]);
    }
    return q.failed ? 2 : !answer;
}

/*
 * $((…)): C's integer operators on long, by precedence climbing.
 * Called by expansion, after the dollars inside have been expanded. Must never divide by zero
 * or recurse without bound.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "sh.h"

struct reader {
    const char *s;
    const char *whole;
    int depth;
    bool failed;
};

static long binary(struct reader *r, int lowest);

static long fail(struct reader *r, const char *why)
{
    if (!r->failed) {
        complain("$((%.60s)): %s", r->whole, why);
    }
    r->failed = true;
    r->s = "";
    return 0;
}

static void blanks(struct reader *r)
{
    while (isspace((unsigned char)*r->s)) {
        r->s++;
    }
}

static long name_value(struct reader *r)
{
    struct buffer name = {0};
    while (is_name_char(*r->s)) {
        buffer_push(&name, *r->s++);
    }
    const char *value = var_get(name.text);
    char *end = NULL;
    long number = value != NULL ? strtol(value, &end, 0) : 0;
    bool good = value == NULL || *end == '\0';
    buffer_free(&name);
    return good ? number : fail(r, "a variable in it is not a number");
}

static long unary(struct reader *r)
{
    blanks(r);
    if (++r->depth > SH_NESTING_MAX) {
        return fail(r, "nested too deeply");
    }
    long value;
    char c = *r->s;
    if (c != '\0' && strchr("+-!~", c) != NULL) {
        r->s++;
        value = unary(r);
        value = c == '-' ? (long)-(unsigned long)value : c == '!' ? !value : c == '~' ? ~value : value;
    } else if (c == '(') {
        r->s++;
        value = binary(r, 0);
        blanks(r);
        if (*r->s == ')') {
            r->s++;
        } else {
            value = fail(r, "a bracket is not closed");
        }
    } else if (isdigit((unsigned char)c)) {
        char *end;
        value = strtol(r->s, &end, 0);
        r->s = end;
    } else if (is_name_start(c)) {
        value = name_value(r);
    } else {
        value = fail(r, "a number is missing");
    }
    r->depth--;
    return value;
}

/* Longer operators first: the first one that fits is taken. */
static const struct {
    char text[3];
    char rank;
} operators[] = {
    {"||", 1}, {"&&", 2}, {"==", 6}, {"!=", 6}, {"<=", 7}, {">=", 7}, {"<<", 8}, {">>", 8}, {"|", 3},
    {"^", 4}, {"&", 5}, {"<", 7}, {">", 7}, {"+", 9}, {"-", 9}, {"*", 10}, {"/", 10}, {"%", 10},
};

/* Wraps on overflow, as the machine does. */
static long apply(struct reader *r, const char *operator, long a, long b)
{
    unsigned long ua = (unsigned long)a;
    unsigned long ub = (unsigned long)b;
    switch (operator[0]) {
    case '|':
        return operator[1] == '|' ? a || b : a | b;
    case '&':
        return operator[1] == '&' ? a && b : a & b;
    case '^':
        return a ^ b;
    case '=':
        return a == b;
    case '!':
        return a != b;
    case '<':
        return operator[1] == '<' ? (long)(ua << (ub & 63)) : operator[1] == '=' ? a <= b : a < b;
    case '>':
        return operator[1] == '>' ? a >> (ub & 63) : operator[1] == '=' ? a >= b : a > b;
    case '+':
        return (long)(ua + ub);
    case '-':
        return (long)(ua - ub);
    case '*':
        return (long)(ua * ub);
    default:
        if (b == 0) {
            return fail(r, "division by zero");
        }
        if (a == LONG_MIN && b == -1) {
            return operator[0] == '/' ? a : 0;
        }
        return operator[0] == '/' ? a / b : a % b;
    }
}

static long binary(struct reader *r, int lowest)
{
    long left = unary(r);
    for (;;) {
        size_t i = 0;
        size_t count = sizeof operators / sizeof operators[0];
        blanks(r);
        while (i < count && strncmp(r->s, operators[i].text, strlen(operators[i].text)) != 0) {
            i++;
        }
        if (i == count || operators[i].rank <= lowest) {
            return left;
        }
        r->s += strlen(operators[i].text);
        left = apply(r, operators[i].text, left, binary(r, operators[i].rank));
    }
}

int arithmetic(const char *text, long *result)
{
    struct reader r = {.s = text, .whole = text};
    *result = binary(&r, 0);
    blanks(&r);
    if (!r.failed && *r.s != '\0') {
        fail(&r, "an operator is missing");
    }
    return r.failed ? -1 : 0;
}

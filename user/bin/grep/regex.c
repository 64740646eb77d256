/*
 * Matching without backtracking: the pattern becomes a small program, and match.c runs a text through all
 * its states at once (K. Thompson, CACM 11(6), 1968).
 * Called by grep. Must never recurse deeper than REGEX_NESTING brackets and REGEX_MAX alternatives.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "regex.h"

static bool regex_alternatives(struct regex *r);

static bool regex_fail(struct regex *r, const char *error)
{
    if (r->error == NULL) {
        r->error = error;
    }
    return false;
}

static bool regex_emit(struct regex *r, enum regex_op op, int x, int y)
{
    if (r->size == REGEX_MAX) {
        return regex_fail(r, "the pattern is too long");
    }
    r->code[r->size++] = (struct regex_instruction){op, (uint16_t)x, (uint16_t)y};
    return true;
}

/* Makes room for an instruction at `at`: what follows moves up, and so do the jumps into it. */
static bool regex_insert(struct regex *r, int at, enum regex_op op, int x, int y)
{
    if (!regex_emit(r, RX_MATCH, 0, 0)) {
        return false;
    }
    memmove(&r->code[at + 1], &r->code[at], (size_t)(r->size - 1 - at) * sizeof r->code[0]);
    for (int i = at + 1; i < r->size; i++) {
        struct regex_instruction *c = &r->code[i];
        if (c->op == RX_SPLIT || c->op == RX_JUMP) {
            c->x += c->x >= at;
            c->y += c->op == RX_SPLIT && c->y >= at;
        }
    }
    r->code[at] = (struct regex_instruction){op, (uint16_t)x, (uint16_t)y};
    return true;
}

/* An operator of the syntax at r->s: plain in extended patterns, after a backslash in basic ones. */
static bool regex_at(const struct regex *r, char c)
{
    return r->extended ? r->s[0] == c : r->s[0] == '\\' && r->s[1] == c;
}

static void regex_skip(struct regex *r)
{
    r->s += r->extended ? 1 : 2;
}

static void regex_set_add(const struct regex *r, uint8_t *set, unsigned char c)
{
    set[c >> 3] |= (uint8_t)(1 << (c & 7));
    if (r->ignore_case) {
        set[(unsigned char)toupper(c) >> 3] |= (uint8_t)(1 << (toupper(c) & 7));
        set[(unsigned char)tolower(c) >> 3] |= (uint8_t)(1 << (tolower(c) & 7));
    }
}

/* [:name:] at r->s (on the first colon): adds the class; false if there is none of that name. */
static bool regex_class(struct regex *r, uint8_t *set)
{
    static const struct {
        const char *name;
        int (*test)(int);
    } classes[] = {
        {"alpha", isalpha}, {"digit", isdigit}, {"alnum", isalnum}, {"space", isspace}, {"upper", isupper},
        {"lower", islower}, {"punct", ispunct}, {"xdigit", isxdigit}, {"print", isprint}, {"cntrl", iscntrl},
        {"blank", isblank}, {"graph", isgraph},
    };
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        size_t n = strlen(classes[i].name);
        if (strncmp(r->s + 1, classes[i].name, n) == 0 && strncmp(r->s + 1 + n, ":]", 2) == 0) {
            for (int c = 1; c < 256; c++) {
                if (classes[i].test(c)) {
                    regex_set_add(r, set, (unsigned char)c);
                }
            }
            r->s += n + 3;
            return true;
        }
    }
    return false;
}

static uint8_t *regex_new_set(struct regex *r)
{
    void *wider = realloc(r->sets, (size_t)(r->set_count + 1) * sizeof *r->sets);
    if (wider == NULL) {
        regex_fail(r, "out of memory");
        return NULL;
    }
    r->sets = wider;
    memset(r->sets[r->set_count], 0, sizeof *r->sets);
    return r->sets[r->set_count++];
}

static bool regex_brackets(struct regex *r)
{
    uint8_t *set = regex_new_set(r);
    if (set == NULL) {
        return false;
    }
    r->s++;
    bool negate = *r->s == '^';
    const char *first = r->s += negate;
    while (*r->s != ']' || r->s == first) {
        if (*r->s == '\0') {
            return regex_fail(r, "[ is not closed");
        }
        if (r->s[0] == '[' && r->s[1] == ':') {
            r->s++;
            if (!regex_class(r, set)) {
                return regex_fail(r, "unknown class of characters in [: :]");
            }
            continue;
        }
        unsigned char low = (unsigned char)*r->s++;
        unsigned char high = low;
        if (r->s[0] == '-' && r->s[1] != ']' && r->s[1] != '\0') {
            high = (unsigned char)r->s[1];
            r->s += 2;
        }
        if (high < low) {
            return regex_fail(r, "a range in [ ] runs backwards");
        }
        for (int c = low; c <= high; c++) {
            regex_set_add(r, set, (unsigned char)c);
        }
    }
    r->s++;
    for (int i = 0; negate && i < 32; i++) {
        set[i] = (uint8_t)~set[i];
    }
    return regex_emit(r, RX_SET, r->set_count - 1, 0);
}

static bool regex_byte(struct regex *r, unsigned char c)
{
    return regex_emit(r, RX_BYTE, r->ignore_case ? tolower(c) : c, 0);
}

/* \w and \W */
static bool regex_word_set(struct regex *r, bool negate)
{
    uint8_t *set = regex_new_set(r);
    for (int c = 0; set != NULL && c < 256; c++) {
        if ((isalnum(c) || c == '_') != negate) {
            set[c >> 3] |= (uint8_t)(1 << (c & 7));
        }
    }
    return set != NULL && regex_emit(r, RX_SET, r->set_count - 1, 0);
}

static bool regex_atom(struct regex *r, const char *start)
{
    char c = *r->s;
    if (regex_at(r, '(')) {
        regex_skip(r);
        if (++r->depth > REGEX_NESTING) {
            return regex_fail(r, "nested too deeply");
        }
        if (!regex_alternatives(r)) {
            return false;
        }
        r->depth--;
        if (!regex_at(r, ')')) {
            return regex_fail(r, "a bracket is not closed");
        }
        regex_skip(r);
        return true;
    }
    if (c == '[') {
        return regex_brackets(r);
    }
    r->s++;
    if (c == '.') {
        return regex_emit(r, RX_ANY, 0, 0);
    }
    if (c == '^' && (r->extended || r->s == start + 1)) {
        return regex_emit(r, RX_START, 0, 0);
    }
    bool at_end = *r->s == '\0' || (r->s[0] == '\\' && (r->s[1] == ')' || r->s[1] == '|'));
    if (c == '$' && (r->extended || at_end)) {
        return regex_emit(r, RX_END, 0, 0);
    }
    if (c == '\\') {
        c = *r->s;
        if (c == '\0') {
            return regex_fail(r, "a backslash at the end");
        }
        r->s++;
        if (c == '<' || c == '>') {
            return regex_emit(r, c == '<' ? RX_WORD_START : RX_WORD_END, 0, 0);
        }
        if (c == 'w' || c == 'W') {
            return regex_word_set(r, c == 'W');
        }
        if (isdigit((unsigned char)c)) {
            return regex_fail(r, "back-references are not supported");
        }
    }
    return regex_byte(r, (unsigned char)c);
}

/* The two numbers of {low,high} at r->s; high -1: no limit. */
static bool regex_counts(struct regex *r, long *low, long *high)
{
    char *end;
    regex_skip(r);
    *low = *high = strtol(r->s, &end, 10);
    bool good = isdigit((unsigned char)*r->s);
    if (good && *end == ',') {
        r->s = end + 1;
        *high = isdigit((unsigned char)*r->s) ? strtol(r->s, &end, 10) : (end++, -1);
    }
    r->s = end;
    if (!good || !regex_at(r, '}') || *low > REGEX_REPEAT || *high > REGEX_REPEAT || (*high >= 0 && *high < *low)) {
        return regex_fail(r, "numbers up to 255, the smaller first, are expected in { }");
    }
    regex_skip(r);
    return true;
}

/* The code from `from` to `to` once more, at the end. */
static bool regex_copy(struct regex *r, int from, int to)
{
    int shift = r->size - from;
    bool good = true;
    for (int i = from; good && i < to; i++) {
        struct regex_instruction c = r->code[i];
        if (c.op == RX_SPLIT || c.op == RX_JUMP) {
            c.x = (uint16_t)(c.x + shift);
            c.y = (uint16_t)(c.y + shift);
        }
        good = regex_emit(r, c.op, c.x, c.y);
    }
    return good;
}

/* {low,high} after the code that starts at `at`: as many copies of it, those above `low` to be passed by. */
static bool regex_interval(struct regex *r, int at)
{
    long low, high;
    if (!regex_counts(r, &low, &high)) {
        return false;
    }
    if (high == 0) {
        r->size = at;
        return true;
    }
    bool good = low > 0 || regex_insert(r, at, RX_SPLIT, at + 1, REGEX_END);
    int first = at + (low == 0), after = r->size, last = first;
    for (long i = 1; good && i < (high < 0 ? low : high); i++) {
        good = i < low || regex_emit(r, RX_SPLIT, r->size + 1, REGEX_END);
        last = r->size;
        good = good && regex_copy(r, first, after);
    }
    if (high < 0) {
        good = good && regex_emit(r, RX_SPLIT, last, REGEX_END);
    }
    for (int i = at; i < r->size; i++) {
        if (r->code[i].op == RX_SPLIT && r->code[i].y == REGEX_END) {
            r->code[i].y = (uint16_t)r->size;
        }
    }
    return good;
}

/* An atom and the * + ? { } behind it. */
static bool regex_repeated(struct regex *r, const char *start)
{
    int at = r->size;
    /* A * with nothing before it stands for itself. */
    bool literal = *r->s == '*' && (r->s == start || (r->s == start + 1 && *start == '^'));
    if (literal) {
        r->s++;
    }
    if (literal ? !regex_byte(r, '*') : !regex_atom(r, start)) {
        return false;
    }
    for (;;) {
        if (regex_at(r, '{') && (!r->extended || isdigit((unsigned char)r->s[1]))) {
            if (!regex_interval(r, at)) {
                return false;
            }
            continue;
        }
        bool star = *r->s == '*', plus = regex_at(r, '+'), maybe = regex_at(r, '?');
        if (!star && !plus && !maybe) {
            return true;
        }
        if (star) {
            r->s++;
        } else {
            regex_skip(r);
        }
        if (plus) {
            if (!regex_emit(r, RX_SPLIT, at, r->size + 1)) {
                return false;
            }
        } else if (!regex_insert(r, at, RX_SPLIT, at + 1, r->size + 1 + star)
                   || (star && !regex_emit(r, RX_JUMP, at, 0))) {
            return false;
        }
    }
}

static bool regex_alternatives(struct regex *r)
{
    int at = r->size;
    const char *start = r->s;
    while (*r->s != '\0' && !regex_at(r, '|') && !(r->depth > 0 && regex_at(r, ')'))) {
        if (!regex_repeated(r, start)) {
            return false;
        }
    }
    if (!regex_at(r, '|')) {
        return true;
    }
    regex_skip(r);
    if (!regex_insert(r, at, RX_SPLIT, at + 1, r->size + 2)) {
        return false;
    }
    int jump = r->size;
    if (!regex_emit(r, RX_JUMP, 0, 0) || !regex_alternatives(r)) {
        return false;
    }
    r->code[jump].x = (uint16_t)r->size;
    return true;
}

bool regex_compile(struct regex *r, const char *pattern, bool extended, bool ignore_case)
{
    *r = (struct regex){.s = pattern, .extended = extended, .ignore_case = ignore_case};
    if (!regex_alternatives(r)) {
        return false;
    }
    if (*r->s != '\0') {
        return regex_fail(r, "a closing bracket without an opening one");
    }
    return regex_emit(r, RX_MATCH, 0, 0);
}

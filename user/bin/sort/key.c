/*
 * What sort compares: the parts of a line that -k names, and in which manner. Rules: POSIX.1-2017, sort.
 */
#include "sort.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TOOL "sort"
#define TOOL_FAILURE 2
#define USAGE ""
#include "../tool.h"

struct order order = {.separator = -1, .whole_line_last = true};

/* ---- the options ---- */

bool manner_set(struct manner *manner, char letter, bool at_start, bool at_end)
{
    switch (letter) {
    case 'b':
        manner->skip_start |= at_start;
        manner->skip_end |= at_end;
        return true;
    case 'd':
        return manner->dictionary = true;
    case 'f':
        return manner->fold = true;
    case 'i':
        return manner->printable = true;
    case 'n':
        return manner->numeric = true;
    case 'r':
        return manner->reverse = true;
    default:
        return false;
    }
}

/* "3", "3.2": moves *text on. Without a character, *character stays. False: there is no field number. */
static bool parse_place(const char **text, size_t *field, size_t *character)
{
    char *end;
    if (!isdigit((unsigned char)**text)) {
        return false;
    }
    *field = strtoul(*text, &end, 10);
    if (*end == '.') {
        if (!isdigit((unsigned char)end[1])) {
            return false;
        }
        *character = strtoul(end + 1, &end, 10);
    }
    *text = end;
    return *field > 0;
}

bool key_add(const char *text)
{
    struct key key = {.first_character = 1};
    if (!parse_place(&text, &key.first_field, &key.first_character) || key.first_character == 0) {
        return false;
    }
    while (*text != '\0' && *text != ',' && manner_set(&key.manner, *text, true, false)) {
        text++;
    }
    if (*text == ',') {
        text++;
        if (!parse_place(&text, &key.last_field, &key.last_character)) {
            return false;
        }
        while (*text != '\0' && manner_set(&key.manner, *text, false, true)) {
            text++;
        }
    }
    if (*text != '\0') {
        return false;
    }
    struct key **last = &order.keys;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = tool_memory(malloc(sizeof key));
    **last = key;
    return true;
}

void keys_inherit(void)
{
    static const struct manner none;
    for (struct key *key = order.keys; key != NULL; key = key->next) {
        if (memcmp(&key->manner, &none, sizeof none) == 0) {
            key->manner = order.manner;
        }
    }
}

/* ---- where a key begins and ends in a line ---- */

static const char *skip_blanks(const char *s, const char *end)
{
    while (s < end && isblank((unsigned char)*s)) {
        s++;
    }
    return s;
}

/* The end of the field that starts at s. */
static const char *field_end(const char *s, const char *end)
{
    if (order.separator >= 0) {
        const char *found = memchr(s, order.separator, (size_t)(end - s));
        return found != NULL ? found : end;
    }
    s = skip_blanks(s, end); /* blanks in front belong to the field */
    while (s < end && !isblank((unsigned char)*s)) {
        s++;
    }
    return s;
}

/* Where the n-th field starts; the end of the line if it has fewer. */
static const char *field_start(const char *s, const char *end, size_t n)
{
    for (; n > 1 && s < end; n--) {
        s = field_end(s, end);
        if (order.separator >= 0 && s < end) {
            s++;
        }
    }
    return s;
}

static const char *forward(const char *s, const char *end, size_t n)
{
    return (size_t)(end - s) < n ? end : s + n;
}

static struct line key_of(const struct key *key, const struct line *line)
{
    const char *end = line->text + line->length;
    const char *first = field_start(line->text, end, key->first_field);
    const char *last = end;
    if (key->manner.skip_start) {
        first = skip_blanks(first, end);
    }
    first = forward(first, end, key->first_character - 1);
    if (key->last_field > 0) {
        last = field_start(line->text, end, key->last_field);
        if (key->last_character == 0) {
            last = field_end(last, end);
        } else {
            if (key->manner.skip_end) {
                last = skip_blanks(last, end);
            }
            last = forward(last, end, key->last_character);
        }
    }
    return (struct line){.text = first, .length = last > first ? (size_t)(last - first) : 0};
}

/* ---- comparing ---- */

/* A number of any length, as written: nothing is converted, so nothing overflows. */
struct number {
    bool negative;
    const char *digits; /* before the point, without zeros in front */
    size_t count;
    const char *fraction; /* without zeros at the end */
    size_t fraction_count;
};

static struct number read_number(const struct line *text)
{
    struct number n = {0};
    const char *end = text->text + text->length;
    const char *s = skip_blanks(text->text, end);
    n.negative = s < end && *s == '-';
    s += n.negative;
    while (s < end && *s == '0') {
        s++;
    }
    n.digits = s;
    while (s < end && isdigit((unsigned char)*s)) {
        s++;
    }
    n.count = (size_t)(s - n.digits);
    if (s < end && *s == '.') {
        n.fraction = ++s;
        while (s < end && isdigit((unsigned char)*s)) {
            s++;
        }
        n.fraction_count = (size_t)(s - n.fraction);
        while (n.fraction_count > 0 && n.fraction[n.fraction_count - 1] == '0') {
            n.fraction_count--;
        }
    }
    if (n.count + n.fraction_count == 0) {
        n.negative = false; /* -0, and what is no number, are 0 */
    }
    return n;
}

static int compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t both = a_length < b_length ? a_length : b_length;
    int result = both > 0 ? memcmp(a, b, both) : 0;
    return result != 0 ? result : (a_length > b_length) - (a_length < b_length);
}

static int compare_numbers(const struct line *a, const struct line *b)
{
    struct number x = read_number(a), y = read_number(b);
    if (x.negative != y.negative) {
        return x.negative ? -1 : 1;
    }
    int result = (x.count > y.count) - (x.count < y.count);
    if (result == 0) {
        result = compare_bytes(x.digits, x.count, y.digits, y.count);
    }
    if (result == 0) {
        result = compare_bytes(x.fraction, x.fraction_count, y.fraction, y.fraction_count);
    }
    return x.negative ? -result : result;
}

/* Whether the manner passes over this byte. Bytes of UTF-8 above 127 are taken for letters. */
static bool passed_over(const struct manner *m, unsigned char c)
{
    return c < 0x80 && ((m->dictionary && !isalnum(c) && !isblank(c)) || (m->printable && !isprint(c)));
}

static int compare_text(const struct manner *m, const struct line *a, const struct line *b)
{
    if (!m->dictionary && !m->printable && !m->fold) {
        return compare_bytes(a->text, a->length, b->text, b->length);
    }
    size_t i = 0, j = 0;
    for (;; i++, j++) {
        while (i < a->length && passed_over(m, (unsigned char)a->text[i])) {
            i++;
        }
        while (j < b->length && passed_over(m, (unsigned char)b->text[j])) {
            j++;
        }
        if (i >= a->length || j >= b->length) {
            return (i < a->length) - (j < b->length);
        }
        int x = (unsigned char)a->text[i], y = (unsigned char)b->text[j];
        if (m->fold) {
            x = toupper(x);
            y = toupper(y);
        }
        if (x != y) {
            return x - y;
        }
    }
}

static int compare_key(const struct manner *m, const struct line *a, const struct line *b)
{
    int result = m->numeric ? compare_numbers(a, b) : compare_text(m, a, b);
    return m->reverse ? -result : result;
}

int compare_lines(const struct line *a, const struct line *b)
{
    int result = 0;
    for (const struct key *key = order.keys; key != NULL && result == 0; key = key->next) {
        struct line x = key_of(key, a), y = key_of(key, b);
        result = compare_key(&key->manner, &x, &y);
    }
    if (order.keys == NULL) {
        static const struct key whole = {.first_field = 1, .first_character = 1, .manner = {.skip_start = true}};
        bool skip = order.manner.skip_start;
        struct line x = skip ? key_of(&whole, a) : *a, y = skip ? key_of(&whole, b) : *b;
        result = compare_key(&order.manner, &x, &y);
    }
    if (result == 0 && order.whole_line_last) {
        result = compare_bytes(a->text, a->length, b->text, b->length);
        result = order.manner.reverse ? -result : result;
    }
    return result;
}

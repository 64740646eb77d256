/*
 * Runs a text through all states of a compiled pattern at once. Called by grep.
 * Must never take more than length of text times length of pattern.
 */
#include <ctype.h>
#include <string.h>

#include "regex.h"

/* The states that a text can be in before its next byte. */
struct regex_states {
    uint16_t list[REGEX_MAX];
    int count;
};

static bool regex_is_word(const char *text, size_t length, size_t at)
{
    return at < length && (isalnum((unsigned char)text[at]) || text[at] == '_');
}

/* Whether an instruction that takes no byte lets pass at this place. */
static bool regex_passes(enum regex_op op, const char *text, size_t length, size_t at)
{
    bool before = at > 0 && regex_is_word(text, length, at - 1);
    bool after = regex_is_word(text, length, at);
    switch (op) {
    case RX_START:
        return at == 0;
    case RX_END:
        return at == length;
    case RX_WORD_START:
        return !before && after;
    default:
        return before && !after;
    }
}

/* Adds state pc and all that follow from it without a byte; true: the match is complete. */
static bool regex_follow(const struct regex *r, struct regex_states *s, uint16_t pc, const char *text,
                         size_t length, size_t at)
{
    static uint16_t stack[2 * REGEX_MAX];
    static size_t seen[REGEX_MAX]; /* place + 1 at which a state was entered last in this text */
    int top = 0;
    if (at == 0 && s->count == 0) {
        memset(seen, 0, (size_t)r->size * sizeof seen[0]);
    }
    stack[top++] = pc;
    while (top > 0) {
        pc = stack[--top];
        const struct regex_instruction *c = &r->code[pc];
        if (seen[pc] == at + 1) {
            continue;
        }
        seen[pc] = at + 1;
        if (c->op == RX_MATCH) {
            return true;
        } else if (c->op == RX_SPLIT) {
            stack[top++] = c->y;
            stack[top++] = c->x;
        } else if (c->op == RX_JUMP) {
            stack[top++] = c->x;
        } else if (c->op <= RX_SET) {
            s->list[s->count++] = pc;
        } else if (regex_passes(c->op, text, length, at)) {
            stack[top++] = (uint16_t)(pc + 1);
        }
    }
    return false;
}

bool regex_search(const struct regex *r, const char *text, size_t length)
{
    static struct regex_states states[2];
    states[0].count = 0;
    if (regex_follow(r, &states[0], 0, text, length, 0)) {
        return true;
    }
    for (size_t at = 0; at < length; at++) {
        const struct regex_states *now = &states[at & 1];
        struct regex_states *next = &states[~at & 1];
        unsigned char byte = (unsigned char)text[at];
        unsigned char folded = r->ignore_case ? (unsigned char)tolower(byte) : byte;
        next->count = 0;
        for (int i = 0; i < now->count; i++) {
            const struct regex_instruction *c = &r->code[now->list[i]];
            bool fits = c->op == RX_ANY || (c->op == RX_BYTE && c->x == folded)
                        || (c->op == RX_SET && (r->sets[c->x][byte >> 3] >> (byte & 7) & 1));
            if (fits && regex_follow(r, next, (uint16_t)(now->list[i] + 1), text, length, at + 1)) {
                return true;
            }
        }
        /* A match may also start here. */
        if (regex_follow(r, next, 0, text, length, at + 1)) {
            return true;
        }
    }
    return false;
}

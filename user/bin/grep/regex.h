/*
 * Regular expressions, basic and extended: . [ ] [^ ] [: :] * + ? { } | ( ) ^ $ \< \> \w \W.
 * What they lack: back-references.
 */
#ifndef GREP_REGEX_H
#define GREP_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGEX_MAX 2048    /* instructions */
#define REGEX_NESTING 100 /* brackets inside one another */
#define REGEX_REPEAT 255  /* in { } */
#define REGEX_END 0xffff  /* while compiling: a jump to where an interval's code will end */

enum regex_op {
    RX_BYTE, RX_ANY, RX_SET, /* take a byte */
    RX_START, RX_END, RX_WORD_START, RX_WORD_END,
    RX_SPLIT, RX_JUMP, RX_MATCH
};

struct regex_instruction {
    enum regex_op op;
    uint16_t x, y; /* RX_BYTE: x the byte; RX_SET: x its number; RX_SPLIT: both ways; RX_JUMP: x */
};

struct regex {
    struct regex_instruction code[REGEX_MAX];
    int size;
    uint8_t (*sets)[32]; /* 256 bits each */
    int set_count;
    bool extended, ignore_case;
    /* while compiling */
    const char *s;
    int depth;
    const char *error;
};

/* false: r->error says why. */
bool regex_compile(struct regex *r, const char *pattern, bool extended, bool ignore_case);
/* Whether the pattern matches somewhere in the text, which may hold any bytes. */
bool regex_search(const struct regex *r, const char *text, size_t length);

#endif

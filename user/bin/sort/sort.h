/*
 * sort: what its files share. main.c has the options and the order of the work, key.c what is compared,
 * lines.c the lines in memory and the merge sort over them.
 */
#ifndef SORT_H
#define SORT_H

#include <stdbool.h>
#include <stddef.h>

struct line {
    const char *text; /* may hold NULs */
    size_t length;    /* without the newline */
};

/* How one key is compared: the letters of -k and the options of the same name. */
struct manner {
    bool skip_start, skip_end; /* b: blanks in front do not count */
    bool dictionary;           /* d: only letters, digits and blanks */
    bool fold;                 /* f: small letters as capitals */
    bool printable;            /* i: nothing but what can be printed */
    bool numeric;              /* n */
    bool reverse;              /* r */
};

struct key {
    struct key *next;
    size_t first_field, first_character; /* from 1 */
    size_t last_field, last_character;   /* last_field 0: to the end of the line; character 0: of the field */
    struct manner manner;
};

struct order {
    struct key *keys;     /* none: the whole line is the key, compared in `manner` */
    struct manner manner; /* of the options outside -k */
    int separator;        /* of -t; -1: fields begin where blanks begin */
    bool whole_line_last; /* lines with equal keys go by all their bytes */
};
extern struct order order;

/* ---- key.c ---- */

int compare_lines(const struct line *a, const struct line *b);
/* Adds the key of "-k text"; false: it is none. */
bool key_add(const char *text);
/* Takes a letter of bdfinr into `manner`; false: it is none of them. At a key's start or end b has its say
 * only there. */
bool manner_set(struct manner *manner, char letter, bool at_start, bool at_end);
/* Keys without letters of their own are compared as the options say. Once, when all are known. */
void keys_inherit(void);

/* ---- lines.c ---- */

struct lines {
    struct line *item;
    size_t count, room;
};
/* Adds the lines of a file, which stay in memory. 0, or -1 and errno. */
int lines_read(struct lines *lines, int fd);
/* Stable: equal lines stay in their order. n log n at worst. */
void lines_sort(struct lines *lines);

#endif

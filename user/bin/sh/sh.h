/*
 * The shell, in the order of the work: input -> lexer -> parser (a tree of nodes) -> expand -> run.
 * Shared by all files of user/bin/sh. The tree of one complete command lives in an arena and is
 * freed after that command has run; everything else is malloc'ed and owned by whom the comment names.
 */
#ifndef SH_H
#define SH_H

#include <stdbool.h>
#include <stddef.h>

#define SH_NESTING_MAX 100         /* brackets, substitutions and compound commands inside one another */
#define SH_LINE_MAX (1024 * 1024)  /* bytes of one complete command */

/* Why the running commands are being left; run() returns at once while it is not UNWIND_NONE. */
enum unwind { UNWIND_NONE, UNWIND_BREAK, UNWIND_CONTINUE, UNWIND_RETURN, UNWIND_TOP };

struct shell {
    bool interactive; /* prompts and makes jobs; false in every forked copy of the shell */
    int terminal;     /* interactive: a handle on the terminal */
    bool errexit;     /* set -e */
    bool xtrace;      /* set -x */
    int status;       /* $? */
    int pid;          /* $$ */
    bool substituted; /* $(…) has set the status */
    int background;   /* $!: the last process started with &, 0 for none */
    int argc;         /* positional parameters; argv[0] is $0 */
    char **argv;
    enum unwind unwind;
    int unwind_loops; /* UNWIND_BREAK, UNWIND_CONTINUE: how many loops to leave */
    int loops;        /* loops that are running */
    int calls;        /* functions and sourced files that are running */
};
extern struct shell shell;

/* ---- util.c ---- */
struct buffer {
    char *text; /* NUL-terminated once anything was pushed */
    size_t used, room;
};
struct strings {
    char **item; /* NULL-terminated once anything was pushed */
    size_t used, room;
};
struct arena_block;
struct arena {
    struct arena_block *blocks;
    size_t left; /* bytes free in the first block */
    bool keep;   /* a function was defined from this tree: never free it */
};

void *xmalloc(size_t bytes); /* never NULL: ends the shell with a message when memory is out */
void *xrealloc(void *old, size_t bytes);
char *xstrdup(const char *text);
void memory_reserve(void); /* sets aside what lets an interactive shell live through a shortage, anew */
void buffer_push(struct buffer *b, char c);
void buffer_append(struct buffer *b, const char *text, size_t n);
char *buffer_take(struct buffer *b); /* the text, now the caller's; b is empty again */
void buffer_free(struct buffer *b);
void strings_push(struct strings *s, char *item); /* takes the item over */
void strings_free(struct strings *s);
void strings_offer(struct strings *s, const char *prefix, const char *item); /* a copy, if it begins so */
void *arena_alloc(struct arena *a, size_t bytes); /* zeroed */
char *arena_copy(struct arena *a, const char *text, size_t n);
void arena_free(struct arena *a);
void complain(const char *format, ...) __attribute__((format(printf, 1, 2))); /* "sh: …\n" on stderr */

/* ---- input.c ---- */
enum input_result { INPUT_LINE, INPUT_END, INPUT_INTERRUPTED, INPUT_FAILED };
struct input {
    const char *text; /* what is left of a string, or NULL: read from fd */
    int fd;
    bool prompts;  /* write a prompt before each line */
    bool byte_wise; /* children read on from where we stop: take no byte too many */
    char *block;   /* read ahead, when not byte_wise */
    size_t position, filled;
    int line;      /* number of the last line handed out */
    int failures;  /* of reading, since it last went well */
};
void input_string(struct input *in, const char *text);
void input_handle(struct input *in, int fd, bool prompts, bool byte_wise);
void input_done(struct input *in);
/* Appends the next line with its newline (added at the end of the input if missing) to `out`.
 * `first`: the start of a command (prompt with the directory), else a continuation ("> "). */
enum input_result input_line(struct input *in, bool first, struct buffer *out);

/* ---- lexer.c ---- */
enum token {
    TOKEN_END, TOKEN_NEWLINE, TOKEN_WORD, TOKEN_REDIRECT, TOKEN_PIPE, TOKEN_AND, TOKEN_OR, TOKEN_SEMICOLON,
    TOKEN_CASE_END, TOKEN_BACKGROUND, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_ERROR
};
enum redirect_kind {
    REDIRECT_READ, REDIRECT_WRITE, REDIRECT_APPEND, REDIRECT_READ_WRITE, REDIRECT_DUP, REDIRECT_HERE
};
struct redirect {
    struct redirect *next;
    enum redirect_kind kind;
    int fd;       /* what is redirected */
    char *target; /* word as written; here-document: its text */
    bool literal; /* here-document: nothing in it is expanded */
    bool strip_tabs;
};
struct lexer {
    struct input *in;
    struct arena *arena;
    struct buffer line;
    size_t position;
    enum token token;        /* the token looked at */
    char *word;              /* TOKEN_WORD: as written, in the arena */
    enum redirect_kind kind; /* TOKEN_REDIRECT */
    int fd;
    bool strip_tabs;
    struct redirect *here[8]; /* here-documents whose text starts after this line */
    int here_count;
    bool interrupted, failed; /* input ended by ^C; by an error that has been reported */
};
void lexer_start(struct lexer *lx, struct input *in, struct arena *arena);
void lexer_done(struct lexer *lx);
bool lexer_at_end(struct lexer *lx); /* nothing but white space is left of a string input */
enum token lexer_next(struct lexer *lx); /* moves on; the new token */
void lexer_error(struct lexer *lx, const char *message, const char *near); /* reports once */
/* The end of the expansion that starts at s ('$' or '`'), or NULL if the text ends before it. */
const char *skip_expansion(const char *s, int depth);
bool is_name_start(char c);
bool is_name_char(char c);

/* ---- parser.c ---- */
enum node_kind {
    NODE_SIMPLE,     /* assignments, words, redirects */
    NODE_PIPELINE,   /* list of commands */
    NODE_NOT,        /* left */
    NODE_AND, NODE_OR, NODE_SEQUENCE, /* left, right */
    NODE_BACKGROUND, /* left */
    NODE_SUBSHELL, NODE_GROUP,        /* left, redirects */
    NODE_IF,         /* condition, left, right (else) */
    NODE_WHILE, NODE_UNTIL,           /* condition, left */
    NODE_FOR,        /* name, words (word_count -1: "$@"), left */
    NODE_CASE,       /* name (the word), arms */
    NODE_FUNCTION,   /* name, left */
};
struct case_arm {
    struct case_arm *next;
    char **patterns;
    int pattern_count;
    struct node *body;
};
struct node {
    enum node_kind kind;
    struct node *condition, *left, *right;
    struct node *next; /* in a pipeline */
    char *name;
    char **words;
    int word_count;
    char **assignments;
    int assignment_count;
    struct redirect *redirects;
    struct case_arm *arms;
};
enum parse_result { PARSE_COMMAND, PARSE_NOTHING, PARSE_END, PARSE_ERROR, PARSE_INTERRUPTED };
/* One complete command (a line and what belongs to it). NOTHING: an empty line. */
enum parse_result parse_command(struct lexer *lx, struct node **out);
char *node_text(const struct node *n); /* text.c: the command as people would type it; the caller's to free */

/* ---- vars.c ---- */
void vars_import(char **environment);
const char *var_get(const char *name); /* NULL: not set */
void var_set(const char *name, const char *value);
void var_export(const char *name);
void var_unset(const char *name);
char **vars_environment(void); /* for exec; valid until the next call */
void vars_print(bool exported_only);
void vars_offer(const char *prefix, struct strings *out); /* the names that begin so, added */

/* ---- expand.c, arith.c, glob.c: -1 and a message on a bad expansion ---- */
int expand_words(char *const *words, int count, struct strings *out);
char *expand_one(const char *word);     /* no field splitting, no file names; NULL on error */
char *expand_pattern(const char *word); /* quoted characters come with a backslash in front */
char *expand_here(const char *text);
int arithmetic(const char *text, long *result);
bool pattern_match(const char *pattern, const char *text);
void glob_expand(const char *pattern, struct strings *out); /* pushes nothing if nothing matches */
void pattern_unescape(char *pattern);

/* ---- run.c, simple.c, redirect.c, exec.c ---- */
#define RUN_LAST 1      /* this process has nothing to do afterwards: exec in place */
#define RUN_CONDITION 2 /* a failure is an answer: no errexit */
int run(struct node *n, int flags);
int run_simple(struct node *n, int flags);
/* A pipeline of one or more commands (linked by next), each in a process of its own; `whole` names it. */
int run_processes(struct node *first, struct node *whole, bool background);
int run_string(const char *text, int flags); /* RUN_LAST: the shell may be replaced by the last command */
int run_input(struct input *in, int flags);
#define REDIRECT_SAVED_MAX 16
struct saved_handles {
    int count;
    int fd[REDIRECT_SAVED_MAX];
    int copy[REDIRECT_SAVED_MAX]; /* -1: it was closed */
};
/* 0, or -1 after a message (what was done is then undone); saved NULL: for good. */
int redirect_apply(const struct redirect *list, struct saved_handles *saved);
void redirect_restore(struct saved_handles *saved);
void exec_program(char **argv) __attribute__((noreturn)); /* or a message and exit 126, 127 */
void shell_exit(int status) __attribute__((noreturn));
void become_subshell(void); /* in the child of a fork */
struct node *function_find(const char *name);
void function_define(const char *name, struct node *body);
void functions_offer(const char *prefix, struct strings *out);

/* ---- builtins.c, job_builtins.c, test.c, read.c ---- */
typedef int builtin_function(int argc, char **argv);
builtin_function *builtin_find(const char *name);
void builtins_offer(const char *prefix, struct strings *out);
int builtin_history(int argc, char **argv);
int builtin_wait(int argc, char **argv);
int builtin_jobs(int argc, char **argv);
int builtin_fg(int argc, char **argv);
int builtin_kill(int argc, char **argv);
int builtin_test(int argc, char **argv);
int builtin_read(int argc, char **argv);
int builtin_source(int argc, char **argv);
int script_open(const char *path); /* -> handle above 9; -1 and errno, ENOEXEC if it is no text */
int parse_number(const char *text, long *out); /* -1: not a decimal number */

#endif

/*
 * Recursive descent from tokens to the tree of one complete command: lists, pipelines and
 * simple commands here, the others in compound.c. Called by run_input.
 * Must never recurse deeper than SH_NESTING_MAX brackets, whatever the input.
 */
#include <string.h>

#include "parser.h"

static struct node *parse_and_or(struct parser *p);

struct node *new_node(struct parser *p, enum node_kind kind)
{
    struct node *n = arena_alloc(p->lx->arena, sizeof *n);
    n->kind = kind;
    return n;
}

static struct node *new_pair(struct parser *p, enum node_kind kind, struct node *left, struct node *right)
{
    struct node *n = new_node(p, kind);
    n->left = left;
    n->right = right;
    return n;
}

/* Puts n behind what *last is so far; chains grow to the right, so that run() can walk them in a loop. */
static void append(struct parser *p, struct node ***last, enum node_kind kind, struct node *n)
{
    if (**last == NULL) {
        **last = n;
    } else {
        **last = new_pair(p, kind, **last, n);
        *last = &(**last)->right;
    }
}

const char *token_text(struct lexer *lx)
{
    static const char *const names[] = {
        [TOKEN_END] = "end of input", [TOKEN_NEWLINE] = "end of line", [TOKEN_REDIRECT] = "< or >",
        [TOKEN_PIPE] = "|", [TOKEN_AND] = "&&", [TOKEN_OR] = "||", [TOKEN_SEMICOLON] = ";",
        [TOKEN_CASE_END] = ";;", [TOKEN_BACKGROUND] = "&", [TOKEN_OPEN] = "(", [TOKEN_CLOSE] = ")",
        [TOKEN_ERROR] = "error",
    };
    return lx->token == TOKEN_WORD ? lx->word : names[lx->token];
}

struct node *unexpected(struct parser *p)
{
    lexer_error(p->lx, "unexpected", token_text(p->lx));
    return NULL;
}

bool at_word(struct parser *p, const char *word)
{
    return p->lx->token == TOKEN_WORD && strcmp(p->lx->word, word) == 0;
}

void skip_newlines(struct parser *p)
{
    while (p->lx->token == TOKEN_NEWLINE) {
        lexer_next(p->lx);
    }
}

/* Words that end a list when they stand where a command could start. */
bool at_list_end(struct parser *p)
{
    static const char *const words[] = {"then", "else", "elif", "fi", "do", "done", "esac", "}"};
    if (p->lx->token == TOKEN_CLOSE || p->lx->token == TOKEN_CASE_END || p->lx->token == TOKEN_END) {
        return true;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (at_word(p, words[i])) {
            return true;
        }
    }
    return false;
}

struct node *parse_compound_list(struct parser *p)
{
    struct node *list = NULL;
    struct node **last = &list;
    skip_newlines(p);
    while (!at_list_end(p)) {
        struct node *n = parse_and_or(p);
        if (n == NULL) {
            return NULL;
        }
        enum token separator = p->lx->token;
        if (separator == TOKEN_BACKGROUND) {
            n = new_pair(p, NODE_BACKGROUND, n, NULL);
        }
        append(p, &last, NODE_SEQUENCE, n);
        if (separator != TOKEN_BACKGROUND && separator != TOKEN_SEMICOLON && separator != TOKEN_NEWLINE) {
            break;
        }
        lexer_next(p->lx);
        skip_newlines(p);
    }
    return list != NULL ? list : unexpected(p);
}

/* NAME=… : the length of NAME, or 0. */
static size_t assignment_name(const char *word)
{
    size_t n = 0;
    if (!is_name_start(word[0])) {
        return 0;
    }
    while (is_name_char(word[n])) {
        n++;
    }
    return word[n] == '=' ? n : 0;
}

/* A here-document's delimiter without its quotes; they say that the text is literal. */
static void here_delimiter(struct redirect *r)
{
    char *to = r->target;
    for (const char *from = r->target; *from != '\0'; from++) {
        if (*from == '\'' || *from == '"' || *from == '\\') {
            r->literal = true;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static bool parse_redirect(struct parser *p, struct node *n)
{
    struct lexer *lx = p->lx;
    struct redirect *r = arena_alloc(lx->arena, sizeof *r);
    r->kind = lx->kind;
    r->fd = lx->fd;
    r->strip_tabs = lx->strip_tabs;
    if (lexer_next(lx) != TOKEN_WORD) {
        lexer_error(lx, "a file name is missing after < or >, found", token_text(lx));
        return false;
    }
    r->target = lx->word;
    if (r->kind == REDIRECT_HERE) {
        if (lx->here_count == (int)(sizeof lx->here / sizeof lx->here[0])) {
            lexer_error(lx, "too many here-documents on one line", NULL);
            return false;
        }
        here_delimiter(r);
        lx->here[lx->here_count++] = r;
    }
    struct redirect **end = &n->redirects;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = r;
    lexer_next(lx);
    return true;
}

void push_word(struct parser *p, char ***words, int *count, char *word)
{
    /* Room doubles at each power of two; the arena keeps the outgrown copies until the command ends. */
    if ((*count & (*count - 1)) == 0) {
        size_t room = *count > 0 ? (size_t)*count * 2 : 1;
        char **wider = arena_alloc(p->lx->arena, room * sizeof *wider);
        if (*count > 0) {
            memcpy(wider, *words, (size_t)*count * sizeof *wider);
        }
        *words = wider;
    }
    (*words)[(*count)++] = word;
}

static struct node *parse_body(struct parser *p); /* any command, for a function */

static struct node *parse_simple(struct parser *p)
{
    struct lexer *lx = p->lx;
    struct node *n = new_node(p, NODE_SIMPLE);
    for (;;) {
        if (lx->token == TOKEN_REDIRECT) {
            if (!parse_redirect(p, n)) {
                return NULL;
            }
        } else if (lx->token == TOKEN_WORD && n->word_count == 0 && assignment_name(lx->word) > 0) {
            push_word(p, &n->assignments, &n->assignment_count, lx->word);
            lexer_next(lx);
        } else if (lx->token == TOKEN_WORD) {
            push_word(p, &n->words, &n->word_count, lx->word);
            lexer_next(lx);
        } else {
            break;
        }
    }
    if (lx->token == TOKEN_OPEN && n->word_count == 1 && n->assignment_count == 0 && n->redirects == NULL) {
        n->kind = NODE_FUNCTION;
        n->name = n->words[0];
        if (lexer_next(lx) != TOKEN_CLOSE) {
            return unexpected(p);
        }
        lexer_next(lx);
        skip_newlines(p);
        n->left = parse_body(p);
        return n->left != NULL ? n : NULL;
    }
    bool empty = n->word_count == 0 && n->assignment_count == 0 && n->redirects == NULL;
    return empty ? unexpected(p) : n;
}

/* One command with its redirects. */
static struct node *parse_one(struct parser *p)
{
    if (!at_compound(p)) {
        return at_list_end(p) ? unexpected(p) : parse_simple(p);
    }
    struct node *n = parse_compound(p);
    while (n != NULL && p->lx->token == TOKEN_REDIRECT) {
        if (!parse_redirect(p, n)) {
            return NULL;
        }
    }
    return n;
}

static struct node *parse_body(struct parser *p)
{
    if (++p->depth > SH_NESTING_MAX) {
        lexer_error(p->lx, "nested too deeply", NULL);
        return NULL;
    }
    struct node *n = parse_one(p);
    p->depth--;
    return n;
}

static struct node *parse_pipeline(struct parser *p)
{
    if (at_word(p, "!")) {
        lexer_next(p->lx);
        if (at_word(p, "!")) {
            return unexpected(p);
        }
        struct node *inner = parse_pipeline(p);
        return inner != NULL ? new_pair(p, NODE_NOT, inner, NULL) : NULL;
    }
    struct node *first = parse_body(p);
    struct node *last = first;
    while (last != NULL && p->lx->token == TOKEN_PIPE) {
        lexer_next(p->lx);
        skip_newlines(p);
        last = last->next = parse_body(p);
    }
    if (last == NULL) {
        return NULL;
    }
    return first != last ? new_pair(p, NODE_PIPELINE, first, NULL) : first;
}

static struct node *parse_and_or(struct parser *p)
{
    struct node *list = parse_pipeline(p);
    struct node **last = &list;
    while (list != NULL && (p->lx->token == TOKEN_AND || p->lx->token == TOKEN_OR)) {
        enum node_kind kind = p->lx->token == TOKEN_AND ? NODE_AND : NODE_OR;
        lexer_next(p->lx);
        skip_newlines(p);
        struct node *n = parse_pipeline(p);
        if (n == NULL) {
            return NULL;
        }
        append(p, &last, kind, n);
    }
    return list;
}

/* The top line: like a compound list, but a newline completes it. */
static struct node *parse_line(struct parser *p)
{
    struct node *list = NULL;
    struct node **last = &list;
    while (p->lx->token != TOKEN_NEWLINE && p->lx->token != TOKEN_END) {
        struct node *n = parse_and_or(p);
        if (n == NULL) {
            return NULL;
        }
        enum token separator = p->lx->token;
        if (separator == TOKEN_BACKGROUND) {
            n = new_pair(p, NODE_BACKGROUND, n, NULL);
        }
        append(p, &last, NODE_SEQUENCE, n);
        if (separator == TOKEN_BACKGROUND || separator == TOKEN_SEMICOLON) {
            lexer_next(p->lx);
        } else if (separator != TOKEN_NEWLINE && separator != TOKEN_END) {
            return unexpected(p);
        }
    }
    return list;
}

enum parse_result parse_command(struct lexer *lx, struct node **out)
{
    struct parser p = {.lx = lx};
    *out = NULL;
    if (lx->position == lx->line.used) {
        lx->position = lx->line.used = 0; /* the next line is the start of a command */
    }
    lx->token = TOKEN_NEWLINE;
    lexer_next(lx);
    if (lx->token == TOKEN_END) {
        return PARSE_END;
    }
    if (lx->token == TOKEN_NEWLINE) {
        return PARSE_NOTHING;
    }
    if (lx->token != TOKEN_ERROR) {
        *out = parse_line(&p);
    }
    if (lx->token == TOKEN_ERROR) {
        lx->position = lx->line.used = 0;
        lx->here_count = 0;
        *out = NULL;
        bool interrupted = lx->interrupted;
        lx->interrupted = false;
        return interrupted ? PARSE_INTERRUPTED : PARSE_ERROR;
    }
    return PARSE_COMMAND;
}

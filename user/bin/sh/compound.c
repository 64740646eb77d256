/*
 * The compound commands: ( ) { } if while until for case.
 * Called by parser.c. Must never accept a construct that is not closed.
 */
#include <string.h>

#include "parser.h"

static bool expect_word(struct parser *p, const char *word)
{
    if (!at_word(p, word)) {
        char message[32] = "expected ";
        strcat(message, word);
        lexer_error(p->lx, message, token_text(p->lx));
        return false;
    }
    lexer_next(p->lx);
    return true;
}

static struct node *parse_if(struct parser *p)
{
    struct node *n = new_node(p, NODE_IF);
    lexer_next(p->lx);
    if ((n->condition = parse_compound_list(p)) == NULL || !expect_word(p, "then")
        || (n->left = parse_compound_list(p)) == NULL) {
        return NULL;
    }
    if (at_word(p, "elif")) {
        if (++p->depth > SH_NESTING_MAX) {
            lexer_error(p->lx, "nested too deeply", NULL);
            return NULL;
        }
        n->right = parse_if(p); /* takes the "fi" as well */
        p->depth--;
        return n->right != NULL ? n : NULL;
    }
    if (at_word(p, "else")) {
        lexer_next(p->lx);
        if ((n->right = parse_compound_list(p)) == NULL) {
            return NULL;
        }
    }
    return expect_word(p, "fi") ? n : NULL;
}

static struct node *parse_do(struct parser *p, struct node *n)
{
    if (!expect_word(p, "do") || (n->left = parse_compound_list(p)) == NULL || !expect_word(p, "done")) {
        return NULL;
    }
    return n;
}

static struct node *parse_while(struct parser *p, enum node_kind kind)
{
    struct node *n = new_node(p, kind);
    lexer_next(p->lx);
    n->condition = parse_compound_list(p);
    return n->condition != NULL ? parse_do(p, n) : NULL;
}

static struct node *parse_for(struct parser *p)
{
    struct node *n = new_node(p, NODE_FOR);
    if (lexer_next(p->lx) != TOKEN_WORD || !is_name_start(p->lx->word[0])) {
        return unexpected(p);
    }
    n->name = p->lx->word;
    n->word_count = -1;
    lexer_next(p->lx);
    skip_newlines(p);
    if (at_word(p, "in")) {
        n->word_count = 0;
        while (lexer_next(p->lx) == TOKEN_WORD) {
            push_word(p, &n->words, &n->word_count, p->lx->word);
        }
        if (p->lx->token != TOKEN_SEMICOLON && p->lx->token != TOKEN_NEWLINE) {
            return unexpected(p);
        }
    }
    if (p->lx->token == TOKEN_SEMICOLON) {
        lexer_next(p->lx);
    }
    skip_newlines(p);
    return parse_do(p, n);
}

static struct case_arm *parse_arm(struct parser *p)
{
    struct lexer *lx = p->lx;
    struct case_arm *arm = arena_alloc(lx->arena, sizeof *arm);
    if (lx->token == TOKEN_OPEN) {
        lexer_next(lx);
    }
    for (;;) {
        if (lx->token != TOKEN_WORD) {
            unexpected(p);
            return NULL;
        }
        push_word(p, &arm->patterns, &arm->pattern_count, lx->word);
        if (lexer_next(lx) != TOKEN_PIPE) {
            break;
        }
        lexer_next(lx);
    }
    if (lx->token != TOKEN_CLOSE) {
        unexpected(p);
        return NULL;
    }
    lexer_next(lx);
    skip_newlines(p);
    if (!at_list_end(p) && (arm->body = parse_compound_list(p)) == NULL) {
        return NULL;
    }
    return arm;
}

static struct node *parse_case(struct parser *p)
{
    struct lexer *lx = p->lx;
    struct node *n = new_node(p, NODE_CASE);
    struct case_arm **end = &n->arms;
    if (lexer_next(lx) != TOKEN_WORD) {
        return unexpected(p);
    }
    n->name = lx->word;
    lexer_next(lx);
    skip_newlines(p);
    if (!expect_word(p, "in")) {
        return NULL;
    }
    skip_newlines(p);
    while (!at_word(p, "esac")) {
        if ((*end = parse_arm(p)) == NULL) {
            return NULL;
        }
        end = &(*end)->next;
        if (lx->token == TOKEN_CASE_END) {
            lexer_next(lx);
            skip_newlines(p);
        } else if (!at_word(p, "esac")) {
            return unexpected(p);
        }
    }
    lexer_next(lx);
    return n;
}

static struct node *parse_brackets(struct parser *p)
{
    bool subshell = p->lx->token == TOKEN_OPEN;
    struct node *n = new_node(p, subshell ? NODE_SUBSHELL : NODE_GROUP);
    lexer_next(p->lx);
    if ((n->left = parse_compound_list(p)) == NULL) {
        return NULL;
    }
    if (subshell ? p->lx->token != TOKEN_CLOSE : !at_word(p, "}")) {
        return unexpected(p);
    }
    lexer_next(p->lx);
    return n;
}

bool at_compound(struct parser *p)
{
    static const char *const words[] = {"{", "if", "while", "until", "for", "case"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (at_word(p, words[i])) {
            return true;
        }
    }
    return p->lx->token == TOKEN_OPEN;
}

struct node *parse_compound(struct parser *p)
{
    if (p->lx->token == TOKEN_OPEN || at_word(p, "{")) {
        return parse_brackets(p);
    }
    if (at_word(p, "if")) {
        return parse_if(p);
    }
    if (at_word(p, "for")) {
        return parse_for(p);
    }
    if (at_word(p, "case")) {
        return parse_case(p);
    }
    return parse_while(p, at_word(p, "while") ? NODE_WHILE : NODE_UNTIL);
}

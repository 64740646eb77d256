/*
 * What parser.c and compound.c share. Each function is entered with the token it starts at in
 * lx->token and leaves with the token after it there; NULL: an error that has been reported.
 */
#ifndef SH_PARSER_H
#define SH_PARSER_H

#include "sh.h"

struct parser {
    struct lexer *lx;
    int depth; /* of commands inside commands */
};

struct node *new_node(struct parser *p, enum node_kind kind);
const char *token_text(struct lexer *lx); /* for messages */
struct node *unexpected(struct parser *p);
bool at_word(struct parser *p, const char *word);
bool at_list_end(struct parser *p);
void skip_newlines(struct parser *p);
void push_word(struct parser *p, char ***words, int *count, char *word);
struct node *parse_compound_list(struct parser *p); /* newlines separate as ; does */
struct node *parse_compound(struct parser *p);      /* the token starts a compound command */
bool at_compound(struct parser *p);

#endif

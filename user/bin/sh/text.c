/*
 * The tree of a command as text again, for `jobs` and for messages about a job.
 * Called when a job is made. Shortened where the whole would not help: it is for people.
 */
#include <stdio.h>
#include <string.h>

#include "sh.h"

#define TEXT_MAX 200

static void add(struct buffer *b, const char *text)
{
    if (b->used < TEXT_MAX) {
        buffer_append(b, text, strlen(text));
    }
}

static void add_words(struct buffer *b, char *const *words, int count)
{
    for (int i = 0; i < count && b->used < TEXT_MAX; i++) {
        add(b, b->used > 0 && b->text[b->used - 1] != ' ' ? " " : "");
        add(b, words[i]);
    }
}

static void add_redirects(struct buffer *b, const struct redirect *r)
{
    static const char *const signs[] = {
        [REDIRECT_READ] = "<", [REDIRECT_WRITE] = ">", [REDIRECT_APPEND] = ">>",
        [REDIRECT_READ_WRITE] = "<>", [REDIRECT_DUP] = ">&", [REDIRECT_HERE] = "<<",
    };
    for (; r != NULL && b->used < TEXT_MAX; r = r->next) {
        char start[8];
        bool usual = r->fd == (r->kind == REDIRECT_READ || r->kind == REDIRECT_HERE ? 0 : 1);
        if (usual) {
            snprintf(start, sizeof start, " %s", signs[r->kind]);
        } else {
            snprintf(start, sizeof start, " %d%s", r->fd, signs[r->kind]);
        }
        add(b, start);
        add(b, r->kind == REDIRECT_HERE ? "..." : r->target);
    }
}

static void add_node(struct buffer *b, const struct node *n)
{
    if (n == NULL || b->used >= TEXT_MAX) {
        return;
    }
    switch (n->kind) {
    case NODE_SIMPLE:
        add_words(b, n->assignments, n->assignment_count);
        add_words(b, n->words, n->word_count);
        break;
    case NODE_PIPELINE:
        for (const struct node *member = n->left; member != NULL; member = member->next) {
            add_node(b, member);
            add(b, member->next != NULL ? " | " : "");
        }
        return;
    case NODE_NOT:
        add(b, "! ");
        add_node(b, n->left);
        return;
    case NODE_AND:
    case NODE_OR:
    case NODE_SEQUENCE:
        add_node(b, n->left);
        add(b, n->kind == NODE_AND ? " && " : n->kind == NODE_OR ? " || " : "; ");
        add_node(b, n->right);
        return;
    case NODE_BACKGROUND:
        add_node(b, n->left);
        add(b, " &");
        return;
    case NODE_SUBSHELL:
    case NODE_GROUP:
        add(b, n->kind == NODE_SUBSHELL ? "( " : "{ ");
        add_node(b, n->left);
        add(b, n->kind == NODE_SUBSHELL ? " )" : "; }");
        break;
    case NODE_IF:
        add(b, "if ");
        add_node(b, n->condition);
        add(b, "; then ... fi");
        break;
    case NODE_WHILE:
    case NODE_UNTIL:
        add(b, n->kind == NODE_WHILE ? "while " : "until ");
        add_node(b, n->condition);
        add(b, "; do ... done");
        break;
    case NODE_FOR:
    case NODE_CASE:
        add(b, n->kind == NODE_FOR ? "for " : "case ");
        add(b, n->name);
        add(b, " ...");
        break;
    case NODE_FUNCTION:
        add(b, n->name);
        add(b, "() ...");
        break;
    }
    add_redirects(b, n->redirects);
}

char *node_text(const struct node *n)
{
    struct buffer b = {0};
    add_node(&b, n);
    if (b.used > TEXT_MAX) {
        b.used = TEXT_MAX;
        buffer_append(&b, "...", 3);
    }
    return buffer_take(&b);
}

/*
 * Runs the tree of a command. Called by main with each complete command, and by itself.
 * Must never let an error end an interactive shell: a fork that fails is reported, the command
 * has a status, and the next one is read.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "jobs.h"
#include "sh.h"

#define INTERRUPT_COMMANDS 256 /* how often a loop that starts no processes looks for ^C */

struct shell shell;
static struct arena *tree; /* of the complete command that is running */

void shell_exit(int status)
{
    fflush(stdout);
    exit(status);
}

void become_subshell(void)
{
    shell.interactive = false;
    shell.loops = 0;
    jobs_forget();
}

/* After the body of a loop: whether to go on with the next round. */
static bool next_round(void)
{
    if (shell.unwind == UNWIND_BREAK || shell.unwind == UNWIND_CONTINUE) {
        bool here = --shell.unwind_loops == 0;
        bool again = here && shell.unwind == UNWIND_CONTINUE;
        if (here) {
            shell.unwind = UNWIND_NONE;
        }
        return again;
    }
    return shell.unwind == UNWIND_NONE;
}

static int run_while(struct node *n)
{
    int status = 0;
    shell.loops++;
    for (;;) {
        bool answer = run(n->condition, RUN_CONDITION) == 0;
        if (shell.unwind != UNWIND_NONE) {
            if (next_round()) {
                continue;
            }
            break;
        }
        if (answer != (n->kind == NODE_WHILE)) {
            break;
        }
        status = run(n->left, 0);
        if (!next_round()) {
            break;
        }
    }
    shell.loops--;
    return shell.unwind == UNWIND_NONE ? status : shell.status;
}

static int run_for(struct node *n)
{
    struct strings words = {0};
    int status = 0;
    if (n->word_count < 0) {
        for (int i = 1; i < shell.argc; i++) {
            strings_push(&words, xstrdup(shell.argv[i]));
        }
    } else if (expand_words(n->words, n->word_count, &words) < 0) {
        strings_free(&words);
        return 1;
    }
    shell.loops++;
    for (size_t i = 0; i < words.used; i++) {
        var_set(n->name, words.item[i]);
        status = run(n->left, 0);
        if (!next_round()) {
            break;
        }
    }
    shell.loops--;
    strings_free(&words);
    return status;
}

static int run_case(struct node *n, int flags)
{
    char *word = expand_one(n->name);
    struct node *body = NULL;
    bool found = false;
    bool good = word != NULL;
    for (struct case_arm *arm = n->arms; arm != NULL && good && !found; arm = arm->next) {
        for (int i = 0; i < arm->pattern_count && good && !found; i++) {
            char *pattern = expand_pattern(arm->patterns[i]);
            good = pattern != NULL;
            found = good && pattern_match(pattern, word);
            free(pattern);
        }
        body = found ? arm->body : NULL;
    }
    free(word);
    return !good ? 1 : body != NULL ? run(body, flags) : 0;
}

static int run_if(struct node *n, int flags)
{
    int answer = run(n->condition, RUN_CONDITION);
    if (shell.unwind != UNWIND_NONE) {
        return answer;
    }
    struct node *body = answer == 0 ? n->left : n->right;
    return body != NULL ? run(body, flags) : 0;
}

static int run_compound(struct node *n, int flags)
{
    struct saved_handles saved = {0};
    if (n->kind == NODE_SUBSHELL && !(flags & RUN_LAST)) {
        return run_processes(n, n, false);
    }
    if (redirect_apply(n->redirects, flags & RUN_LAST ? NULL : &saved) < 0) {
        return 1;
    }
    int status;
    switch (n->kind) {
    case NODE_IF:
        status = run_if(n, flags);
        break;
    case NODE_WHILE:
    case NODE_UNTIL:
        status = run_while(n);
        break;
    case NODE_FOR:
        status = run_for(n);
        break;
    case NODE_CASE:
        status = run_case(n, flags);
        break;
    default:
        status = run(n->left, flags);
        break;
    }
    fflush(stdout);
    redirect_restore(&saved);
    return status;
}

/* Everything but the chains of ; && || that run() walks. */
static int run_command(struct node *n, int flags)
{
    static unsigned commands;
    int status;
    if (shell.interactive && ++commands % INTERRUPT_COMMANDS == 0 && interrupt_asked()) {
        shell.unwind = UNWIND_TOP;
        return shell.status = 128 + SIGINT;
    }
    switch (n->kind) {
    case NODE_SIMPLE:
        status = run_simple(n, flags);
        break;
    case NODE_PIPELINE:
        status = run_processes(n->left, n, false);
        break;
    case NODE_NOT:
        status = !run(n->left, RUN_CONDITION);
        flags |= RUN_CONDITION;
        break;
    case NODE_BACKGROUND:
        status = run_processes(n->left->kind == NODE_PIPELINE ? n->left->left : n->left, n->left, true);
        break;
    case NODE_FUNCTION:
        function_define(n->name, n->left);
        tree->keep = true;
        status = 0;
        break;
    default:
        status = run_compound(n, flags);
        break;
    }
    if (shell.unwind == UNWIND_NONE) {
        shell.status = status;
        if (status != 0 && shell.errexit && !(flags & RUN_CONDITION)) {
            shell_exit(status);
        }
    }
    return shell.status;
}

int run(struct node *n, int flags)
{
    while (shell.unwind == UNWIND_NONE) {
        if (n->kind == NODE_SEQUENCE) {
            run(n->left, flags & ~RUN_LAST);
            n = n->right;
        } else if (n->kind == NODE_AND || n->kind == NODE_OR) {
            int status = run(n->left, RUN_CONDITION);
            /* What an && or || skips, up to an operator that goes on. */
            while (n->kind == NODE_AND ? status != 0 : n->kind == NODE_OR ? status == 0 : false) {
                n = n->right;
            }
            if (n->kind != NODE_AND && n->kind != NODE_OR) {
                return status;
            }
            n = n->right;
        } else {
            return run_command(n, flags);
        }
    }
    return shell.status;
}

/* One complete command after another. -> the status of the last one. */
int run_input(struct input *in, int flags)
{
    struct arena arena = {0};
    struct arena *outer = tree;
    struct lexer lx;
    lexer_start(&lx, in, &arena);
    for (;;) {
        struct node *n;
        if (in->prompts) {
            watch_stop();
            jobs_report(false);
            memory_reserve();
        }
        enum parse_result result = parse_command(&lx, &n);
        if (result == PARSE_END) {
            break;
        }
        if (result == PARSE_COMMAND) {
            bool last = (flags & RUN_LAST) && lexer_at_end(&lx);
            tree = &arena;
            run(n, (flags & RUN_CONDITION) | (last ? RUN_LAST : 0));
        } else if (result == PARSE_INTERRUPTED) {
            shell.status = 128 + SIGINT;
        } else if (result == PARSE_ERROR) {
            shell.status = 2;
            if (!in->prompts || lx.failed) {
                shell.unwind = UNWIND_TOP;
            }
        }
        arena_free(&arena);
        if (shell.unwind == UNWIND_TOP && in->prompts && !lx.failed) {
            shell.unwind = UNWIND_NONE;
        }
        if (shell.unwind != UNWIND_NONE) {
            break;
        }
    }
    arena_free(&arena);
    lexer_done(&lx);
    tree = outer;
    return shell.status;
}

int run_string(const char *text, int flags)
{
    struct input in;
    if (shell.calls >= SH_NESTING_MAX) {
        complain("commands run one another too deeply");
        shell.unwind = UNWIND_TOP;
        return shell.status = 2;
    }
    shell.calls++;
    input_string(&in, text);
    int status = run_input(&in, flags);
    input_done(&in);
    shell.calls--;
    return status;
}

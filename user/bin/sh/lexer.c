/*
 * Splits lines into tokens. Words keep their quotes and dollars: expand.c reads those.
 * Called by the parser. Asks the input for a further line only while a token is unfinished
 * or the parser wants more. Must never look beyond the line that completes a command.
 */
#include <ctype.h>
#include <string.h>

#include "sh.h"

bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static const char *skip_single(const char *s)
{
    const char *end = strchr(s + 1, '\'');
    return end != NULL ? end + 1 : NULL;
}

/* From the opening quote past the closing one; NULL: not closed. */
static const char *skip_double(const char *s, int depth)
{
    for (s++; s != NULL && *s != '\0';) {
        if (*s == '"') {
            return s + 1;
        } else if (*s == '\\' && s[1] != '\0') {
            s += 2;
        } else if (*s == '$' || *s == '`') {
            s = skip_expansion(s, depth + 1);
        } else {
            s++;
        }
    }
    return NULL;
}

/* From an opening bracket past its partner, over quotes and brackets inside. */
static const char *skip_bracket(const char *s, char open, char close, int depth)
{
    int level = 0;
    while (s != NULL && *s != '\0') {
        if (*s == '\\' && s[1] != '\0') {
            s += 2;
        } else if (*s == '\'') {
            s = skip_single(s);
        } else if (*s == '"') {
            s = skip_double(s, depth + 1);
        } else if (*s == '$' || *s == '`') {
            s = skip_expansion(s, depth + 1);
        } else if (*s == open) {
            level++;
            s++;
        } else if (*s++ == close && --level == 0) {
            return s;
        }
    }
    return NULL;
}

const char *skip_expansion(const char *s, int depth)
{
    if (depth > SH_NESTING_MAX) {
        return NULL;
    }
    if (*s == '`') {
        for (s++; *s != '\0' && *s != '`'; s++) {
            if (*s == '\\' && s[1] != '\0') {
                s++;
            }
        }
        return *s == '`' ? s + 1 : NULL;
    }
    if (s[1] == '(') {
        return skip_bracket(s + 1, '(', ')', depth + 1);
    }
    if (s[1] == '{') {
        return skip_bracket(s + 1, '{', '}', depth + 1);
    }
    return s + 1;
}

/* The end of the word at s; NULL if the text ends inside a quote. */
static const char *skip_word(const char *s)
{
    while (s != NULL && *s != '\0' && strchr(" \t\n;&|<>()", *s) == NULL) {
        if (*s == '\\') {
            if (s[1] == '\0' || (s[1] == '\n' && s[2] == '\0')) {
                return NULL;
            }
            s += 2;
        } else if (*s == '\'') {
            s = skip_single(s);
        } else if (*s == '"') {
            s = skip_double(s, 0);
        } else if (*s == '$' || *s == '`') {
            s = skip_expansion(s, 0);
        } else {
            s++;
        }
    }
    return s;
}

void lexer_start(struct lexer *lx, struct input *in, struct arena *arena)
{
    *lx = (struct lexer){.in = in, .arena = arena};
}

void lexer_done(struct lexer *lx)
{
    buffer_free(&lx->line);
}

bool lexer_at_end(struct lexer *lx)
{
    return lx->in->text != NULL && lx->in->text[strspn(lx->in->text, " \t\n")] == '\0';
}

void lexer_error(struct lexer *lx, const char *message, const char *near)
{
    if (lx->token != TOKEN_ERROR && near != NULL) {
        complain("line %d: syntax error: %s near '%.60s'", lx->in->line, message, near);
    } else if (lx->token != TOKEN_ERROR) {
        complain("line %d: syntax error: %s", lx->in->line, message);
    }
    lx->token = TOKEN_ERROR;
}

/* Fetches a further line; false: there is none (lx->token says why). */
static bool more(struct lexer *lx, bool first)
{
    switch (input_line(lx->in, first, &lx->line)) {
    case INPUT_LINE:
        return true;
    case INPUT_INTERRUPTED:
        lx->interrupted = true;
        lx->token = TOKEN_ERROR;
        return false;
    case INPUT_FAILED:
        lx->failed = true;
        lx->token = TOKEN_ERROR;
        return false;
    default:
        lx->token = TOKEN_END;
        return false;
    }
}

/* The texts of the here-documents announced on the line that has just ended. */
static bool read_here_documents(struct lexer *lx)
{
    for (int i = 0; i < lx->here_count; i++) {
        struct redirect *r = lx->here[i];
        struct buffer text = {0};
        for (;;) {
            struct buffer line = {0};
            enum input_result result = input_line(lx->in, false, &line);
            if (result != INPUT_LINE) {
                buffer_free(&line);
                buffer_free(&text);
                lx->interrupted = result == INPUT_INTERRUPTED;
                lexer_error(lx, "here-document is not ended by", r->target);
                return false;
            }
            const char *start = line.text;
            while (r->strip_tabs && *start == '\t') {
                start++;
            }
            size_t n = strlen(start);
            bool end = n - 1 == strlen(r->target) && strncmp(start, r->target, n - 1) == 0;
            if (!end) {
                buffer_append(&text, start, n);
            }
            buffer_free(&line);
            if (end) {
                break;
            }
        }
        r->target = arena_copy(lx->arena, text.text != NULL ? text.text : "", text.used);
        buffer_free(&text);
    }
    lx->here_count = 0;
    return true;
}

static enum token redirect_token(struct lexer *lx, const char *s, int fd)
{
    size_t n = 1;
    lx->strip_tabs = false;
    if (s[0] == '<') {
        lx->fd = fd >= 0 ? fd : 0;
        lx->kind = REDIRECT_READ;
        if (s[1] == '<') {
            lx->kind = REDIRECT_HERE;
            lx->strip_tabs = s[2] == '-';
            n = lx->strip_tabs ? 3 : 2;
        } else if (s[1] == '&' || s[1] == '>') {
            lx->kind = s[1] == '&' ? REDIRECT_DUP : REDIRECT_READ_WRITE;
            n = 2;
        }
    } else {
        lx->fd = fd >= 0 ? fd : 1;
        lx->kind = REDIRECT_WRITE;
        if (s[1] == '>' || s[1] == '&' || s[1] == '|') {
            lx->kind = s[1] == '>' ? REDIRECT_APPEND : s[1] == '&' ? REDIRECT_DUP : REDIRECT_WRITE;
            n = 2;
        }
    }
    lx->position = (size_t)(s - lx->line.text) + n;
    return lx->token = TOKEN_REDIRECT;
}

static enum token operator_token(struct lexer *lx, const char *s)
{
    static const struct {
        char text[3];
        enum token token;
    } operators[] = {
        {"&&", TOKEN_AND}, {"||", TOKEN_OR}, {";;", TOKEN_CASE_END}, {"&", TOKEN_BACKGROUND},
        {"|", TOKEN_PIPE}, {";", TOKEN_SEMICOLON}, {"(", TOKEN_OPEN}, {")", TOKEN_CLOSE},
    };
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        size_t n = strlen(operators[i].text);
        if (strncmp(s, operators[i].text, n) == 0) {
            lx->position += n;
            return lx->token = operators[i].token;
        }
    }
    return TOKEN_WORD;
}

/* Skips white space, joined lines and comments; fetches a line if there is none. */
static bool skip_blanks(struct lexer *lx)
{
    for (;;) {
        if (lx->position == lx->line.used) {
            bool first = lx->line.used == 0;
            lx->line.used = lx->position = 0;
            if (!more(lx, first)) {
                return false;
            }
        }
        const char *s = lx->line.text + lx->position;
        if (*s == ' ' || *s == '\t') {
            lx->position++;
        } else if (s[0] == '\\' && s[1] == '\n') {
            lx->position += 2;
        } else if (*s == '#') {
            lx->position += strcspn(s, "\n");
        } else {
            return true;
        }
    }
}

enum token lexer_next(struct lexer *lx)
{
    if (lx->token == TOKEN_ERROR || !skip_blanks(lx)) {
        return lx->token;
    }
    const char *s = lx->line.text + lx->position;
    if (*s == '\n') {
        lx->position++;
        if (lx->here_count > 0 && !read_here_documents(lx)) {
            return lx->token;
        }
        return lx->token = TOKEN_NEWLINE;
    }
    if (*s == '<' || *s == '>') {
        return redirect_token(lx, s, -1);
    }
    if (operator_token(lx, s) != TOKEN_WORD) {
        return lx->token;
    }
    if (isdigit((unsigned char)s[0]) && (s[1] == '<' || s[1] == '>')) {
        return redirect_token(lx, s + 1, s[0] - '0');
    }
    const char *end;
    while ((end = skip_word(lx->line.text + lx->position)) == NULL) {
        if (!more(lx, false)) {
            if (lx->token == TOKEN_END) {
                lexer_error(lx, "a quote or bracket is not closed", NULL);
            }
            return lx->token;
        }
        if (lx->line.used > SH_LINE_MAX) {
            lexer_error(lx, "command too long", NULL);
            return lx->token;
        }
    }
    s = lx->line.text + lx->position;
    lx->word = arena_copy(lx->arena, s, (size_t)(end - s));
    lx->position += (size_t)(end - s);
    return lx->token = TOKEN_WORD;
}

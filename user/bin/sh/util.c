/*
 * Memory, growing buffers and messages for the shell.
 * Called by every file of the shell. Must never return NULL or lose a message half-written.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

#define RESERVE_BYTES (32 * 1024)
#define STACK_BYTES (32 * 1024)
#define ARENA_BLOCK_BYTES 4080

struct arena_block {
    struct arena_block *next;
    _Alignas(16) char bytes[];
};

/* Growth of the stack is not promised in advance: a shell that needs a page of it while a fork bomb has
 * them all would be ended. So an interactive one takes its pages early and keeps them. */
static __attribute__((noinline)) void take_stack(void)
{
    volatile char pages[STACK_BYTES];
    for (size_t i = 0; i < sizeof pages; i += 4096) {
        pages[i] = 0;
    }
}

/* Given up when malloc fails, so that a shell that a fork bomb starves can still run `kill`. */
static void *reserve;

void memory_reserve(void)
{
    static bool taken;
    if (!taken) {
        taken = true;
        take_stack();
    }
    if (reserve == NULL) {
        reserve = malloc(RESERVE_BYTES);
    }
}

void *xrealloc(void *old, size_t bytes)
{
    void *p = realloc(old, bytes);
    if (p == NULL && reserve != NULL) {
        free(reserve);
        reserve = NULL;
        p = realloc(old, bytes);
    }
    if (p == NULL) {
        static const char message[] = "sh: out of memory\n";
        if (write(2, message, sizeof message - 1) < 0) {
            _exit(2);
        }
        _exit(2);
    }
    return p;
}

void *xmalloc(size_t bytes)
{
    return xrealloc(NULL, bytes > 0 ? bytes : 1);
}

char *xstrdup(const char *text)
{
    size_t n = strlen(text) + 1;
    return memcpy(xmalloc(n), text, n);
}

void buffer_append(struct buffer *b, const char *text, size_t n)
{
    if (b->used + n + 1 > b->room) {
        b->room = (b->used + n + 1) * 2;
        b->text = xrealloc(b->text, b->room);
    }
    memcpy(b->text + b->used, text, n);
    b->used += n;
    b->text[b->used] = '\0';
}

void buffer_push(struct buffer *b, char c)
{
    buffer_append(b, &c, 1);
}

char *buffer_take(struct buffer *b)
{
    buffer_append(b, "", 0);
    char *text = b->text;
    *b = (struct buffer){0};
    return text;
}

void buffer_free(struct buffer *b)
{
    free(b->text);
    *b = (struct buffer){0};
}

void strings_push(struct strings *s, char *item)
{
    if (s->used + 2 > s->room) {
        s->room = s->room > 0 ? s->room * 2 : 8;
        s->item = xrealloc(s->item, s->room * sizeof *s->item);
    }
    s->item[s->used++] = item;
    s->item[s->used] = NULL;
}

void strings_free(struct strings *s)
{
    for (size_t i = 0; i < s->used; i++) {
        free(s->item[i]);
    }
    free(s->item);
    *s = (struct strings){0};
}

void strings_offer(struct strings *s, const char *prefix, const char *item)
{
    if (strncmp(item, prefix, strlen(prefix)) == 0) {
        strings_push(s, xstrdup(item));
    }
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (a->blocks == NULL || bytes > a->left) {
        size_t room = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
        struct arena_block *block = xmalloc(sizeof *block + room);
        block->next = a->blocks;
        a->blocks = block;
        a->left = room;
        memset(block->bytes, 0, room);
    }
    /* A block is used from its end down: `left` alone says where the free part is. */
    a->left -= bytes;
    return a->blocks->bytes + a->left;
}

char *arena_copy(struct arena *a, const char *text, size_t n)
{
    return memcpy(arena_alloc(a, n + 1), text, n);
}

void arena_free(struct arena *a)
{
    while (!a->keep && a->blocks != NULL) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
    *a = (struct arena){0};
}

void complain(const char *format, ...)
{
    char text[512];
    va_list list;
    int n = snprintf(text, sizeof text, "sh: ");
    va_start(list, format);
    n += vsnprintf(text + n, sizeof text - (size_t)n, format, list);
    va_end(list);
    if ((size_t)n > sizeof text - 2) {
        n = sizeof text - 2;
    }
    text[n++] = '\n';
    fflush(stdout);
    /* One write, so that lines of several processes do not mix. Nobody is left to tell of a failure. */
    if (write(2, text, (size_t)n) < 0) {
        return;
    }
}

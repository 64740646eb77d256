/*
 * What the console leaves to the next one, in memory that init holds (servers/store.h): bytes that were typed and
 * not read, bytes that were written and not sent, and the book, which says which these are. The book is worked on
 * in `now`; keep_commit makes all changes since the last time count together, by one store. The bytes
 * themselves are put where the book that counts does not look yet.
 * Makes no system call, so that it also runs in tests on the host.
 */
#include "console.h"

#include <kinglet/message.h>

#define VERSION 1

struct kept *kept;
struct book now;

void keep_start(void *memory)
{
    kept = memory;
    if (kept->version != VERSION) { /* never used */
        kept->book[0] = (struct book){.mode = TTY_ECHO | TTY_LINE};
        kept->active = 0;
        kept->version = VERSION;
    }
    now = kept->book[kept->active % 2];
}

void keep_commit(void)
{
    uint32_t next = (kept->active + 1) % 2;

    kept->book[next] = now;
    __asm__ volatile("" : : : "memory"); /* all of it first */
    kept->active = next;
    __asm__ volatile("" : : : "memory");
}

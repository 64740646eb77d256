/*
 * libc's malloc over a break of the test's own, whose memory above the break cannot be touched.
 */
// sources: lib/libc/malloc.c lib/common/format.c lib/common/string.c

#include "check.h"
#include "no_threads.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void *kinglet_malloc(size_t bytes);
void *kinglet_calloc(size_t n, size_t bytes);
void *kinglet_realloc(void *memory, size_t bytes);
void kinglet_free(void *memory);

_Thread_local int kinglet_errno;

const char *libc_program_name = "test";

#define ROOM ((intptr_t)256 << 20)

static char *heap, *brk_now;
static intptr_t limit = ROOM;

void *kinglet_sbrk(intptr_t delta)
{
    if (!heap) {
        heap = mmap(NULL, (size_t)ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        CHECK(heap != MAP_FAILED);
        brk_now = heap;
    }
    if (brk_now + delta < heap || brk_now + delta > heap + limit) {
        kinglet_errno = ENOMEM;
        return (void *)-1;
    }
    char *old = brk_now;
    brk_now += delta;
    uintptr_t page = 4095;
    char *from = (char *)(((uintptr_t)(delta > 0 ? old : brk_now) + page) & ~page);
    char *to = (char *)(((uintptr_t)(delta > 0 ? brk_now : old) + page) & ~page);
    if (to > from)
        CHECK(mmap(from, (size_t)(to - from), delta > 0 ? PROT_READ | PROT_WRITE : PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == from);
    return old;
}

ssize_t kinglet_write(int fd, const void *text, size_t n)
{
    return write(fd, text, n);
}

_Noreturn void kinglet_abort(void)
{
    _exit(99);
}

/* Memory filled with a pattern that depends on its place in the table. */
struct piece {
    unsigned char *memory;
    size_t size;
};

static void piece_fill(struct piece *piece, int i)
{
    memset(piece->memory, i * 37 + 1, piece->size);
}

static void piece_check(const struct piece *piece, int i, size_t size)
{
    for (size_t at = 0; at < size; at++)
        CHECK_EQUAL(piece->memory[at], (unsigned char)(i * 37 + 1));
}

static size_t random_size(void)
{
    switch (random_below(8)) {
    case 0:
        return 0;
    case 1:
        return random_below(100000);
    case 2:
        return random_below(5000);
    default:
        return random_below(200);
    }
}

static struct piece pieces[300];

static void random_steps(int steps)
{
    for (int step = 0; step < steps; step++) {
        int i = (int)random_below(300);
        struct piece *piece = &pieces[i];
        size_t size = random_size();
        if (!piece->memory) {
            piece->memory = random_below(2) ? kinglet_malloc(size) : kinglet_calloc(1, size);
        } else if (random_below(3)) {
            piece_check(piece, i, piece->size);
            kinglet_free(piece->memory);
            piece->memory = NULL;
            continue;
        } else {
            void *moved = kinglet_realloc(piece->memory, size);
            CHECK(moved != NULL);
            piece->memory = moved;
            piece_check(piece, i, size < piece->size ? size : piece->size);
        }
        CHECK(piece->memory != NULL);
        CHECK_EQUAL((uintptr_t)piece->memory % 16, 0);
        piece->size = size;
        piece_fill(piece, i);
    }
}

static void free_all(void)
{
    for (int i = 0; i < 300; i++) {
        if (pieces[i].memory)
            piece_check(&pieces[i], i, pieces[i].size);
        kinglet_free(pieces[i].memory);
        pieces[i].memory = NULL;
    }
}

CASE(random_use_keeps_all_contents_and_gives_everything_back)
{
    for (int round = 0; round < 5; round++) {
        random_steps(20000);
        free_all();
        CHECK(brk_now - heap <= 128 << 10);
    }
}

CASE(works_when_the_program_moves_the_break_itself)
{
    for (int round = 0; round < 50; round++) {
        random_steps(1000);
        kinglet_sbrk((intptr_t)random_below(100));
    }
    free_all();
    random_steps(1000);
    free_all();
}

CASE(a_large_block_comes_from_and_returns_to_the_kernel)
{
    void *small = kinglet_malloc(100);
    char *before = brk_now;
    for (int i = 0; i < 10; i++) {
        char *large = kinglet_malloc(50 << 20);
        CHECK(large != NULL);
        large[(50 << 20) - 1] = 1;
        CHECK(brk_now - before > 49 << 20); /* a little was there already */
        CHECK(brk_now - before <= (50 << 20) + (1 << 16));
        kinglet_free(large);
        CHECK(brk_now - before <= 1 << 16);
    }
    kinglet_free(small);
}

CASE(a_block_at_the_end_grows_where_it_is)
{
    char *memory = kinglet_malloc(100);
    char *first = memory;
    for (size_t size = 100; size < 20 << 20; size += size / 2) {
        memory = kinglet_realloc(memory, size);
        CHECK(memory == first);
        memory[size - 1] = 1;
    }
    CHECK(brk_now - heap < 31 << 20);
}

CASE(free_memory_is_used_before_the_heap_grows)
{
    char *room = kinglet_malloc(400 << 10), *last = kinglet_malloc(100);
    kinglet_free(room);
    char *before = brk_now;
    for (size_t size = 100; size < 300 << 10; size += size / 2) {
        last = kinglet_realloc(last, size); /* at the end of the heap, where it could grow in place */
        memset(last, 1, size);
    }
    CHECK(brk_now <= before);
}

CASE(no_memory_is_an_error_and_harms_nothing)
{
    limit = 1 << 20;
    void *list[200];
    int n = 0;
    while ((list[n] = kinglet_malloc(10000)) != NULL)
        n++;
    CHECK_EQUAL(kinglet_errno, ENOMEM);
    CHECK(n > 100);
    kinglet_errno = 0;
    CHECK(kinglet_realloc(list[0], 20000) == NULL);
    CHECK_EQUAL(kinglet_errno, ENOMEM);
    CHECK(kinglet_malloc((size_t)-1) == NULL);
    CHECK(kinglet_malloc((size_t)-64) == NULL);
    CHECK(kinglet_malloc((size_t)1 << 39) == NULL);
    CHECK(kinglet_calloc((size_t)1 << 33, (size_t)1 << 33) == NULL);
    CHECK(kinglet_realloc(list[0], (size_t)-5) == NULL);
    while (n > 0)
        kinglet_free(list[--n]);
    CHECK(kinglet_malloc(900000) != NULL);
}

CASE(calloc_clears_memory_that_was_used)
{
    unsigned char *memory = kinglet_malloc(1000);
    memset(memory, 0xff, 1000);
    kinglet_free(memory);
    memory = kinglet_calloc(10, 100);
    for (int i = 0; i < 1000; i++)
        CHECK_EQUAL(memory[i], 0);
}

CASE(free_leaves_errno_alone)
{
    void *large = kinglet_malloc(1 << 20);
    kinglet_errno = 77;
    kinglet_free(large);
    kinglet_free(NULL);
    CHECK_EQUAL(kinglet_errno, 77);
}

/* Does `harm` in a child and checks that it ends with a line that holds `wanted`. */
static void check_caught(void (*harm)(void), const char *wanted)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 2);
        harm();
        _exit(0);
    }
    close(ends[1]);
    char text[500];
    ssize_t n = read(ends[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    close(ends[0]);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 99 || !strstr(text, wanted)) {
        fprintf(stderr, "not caught: %s (status %x, \"%s\")\n", wanted, status, text);
        exit(1);
    }
}

static void free_twice(void)
{
    void *a = kinglet_malloc(100), *b = kinglet_malloc(100);
    kinglet_free(a);
    kinglet_free(a);
    kinglet_free(b);
}

static void free_twice_after_joining(void)
{
    void *a = kinglet_malloc(100), *b = kinglet_malloc(100);
    kinglet_free(a);
    kinglet_free(b);
    kinglet_free(b);
}

static void write_past_the_end(void)
{
    char *a = kinglet_malloc(104), *b = kinglet_malloc(100);
    memset(a, 0, 120);
    kinglet_free(a);
    kinglet_free(b);
}

static void write_before_the_start(void)
{
    char *a = kinglet_malloc(100);
    a[-8] ^= 0x20;
    kinglet_free(a);
}

static void write_after_free(void)
{
    char *a = kinglet_malloc(100), *b = kinglet_malloc(100);
    kinglet_free(a);
    memset(a, 0xaa, 16);
    for (int i = 0; i < 10; i++)
        kinglet_malloc(100);
    kinglet_free(b);
}

static void free_inside(void)
{
    char *a = kinglet_malloc(100);
    kinglet_free(a + 16);
}

static void free_local(void)
{
    _Alignas(16) char local[64] = {0};
    kinglet_malloc(1);
    kinglet_free(local + 16);
}

CASE(misuse_ends_the_program_with_a_clear_line)
{
    check_caught(free_twice, "was freed twice\n");
    check_caught(free_twice_after_joining, "was freed twice\n");
    check_caught(write_past_the_end, "was written past its end\n");
    check_caught(write_before_the_start, "header was overwritten\n");
    check_caught(free_inside, "did not come from malloc");
    check_caught(free_local, "did not come from malloc");
}

CASE(writing_to_freed_memory_is_noticed_when_its_list_is_used)
{
    check_caught(write_after_free, "was written to after it was freed\n");
}

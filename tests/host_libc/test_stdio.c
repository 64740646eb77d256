/*
 * libc's stdio over files of the host: buffering, positions, errors, and how many system calls it takes.
 */
// sources: lib/libc/stdio.c lib/libc/stdio_open.c lib/libc/stdio_read.c lib/libc/stdio_write.c
// sources: lib/libc/stdio_state.c lib/libc/stdin.c lib/libc/stdout.c lib/libc/stderr.c lib/libc/printf.c
// sources: lib/libc/sprintf.c lib/libc/format_double.c lib/libc/double_digits.c lib/libc/errno.c
// sources: lib/libc/strings.c lib/libc/ctype.c lib/common/format.c lib/common/string.c

#include "check.h"
#include "no_threads.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

typedef struct libc_file KFILE;
extern KFILE libc_stdin, libc_stdout, libc_stderr;
extern _Thread_local int kinglet_errno;

KFILE *kinglet_fopen(const char *path, const char *mode);
KFILE *kinglet_fdopen(int fd, const char *mode);
int kinglet_fclose(KFILE *file);
int kinglet_fflush(KFILE *file);
int kinglet_setvbuf(KFILE *file, char *buffer, int mode, size_t bytes);
size_t kinglet_fread(void *to, size_t size, size_t n, KFILE *file);
size_t kinglet_fwrite(const void *from, size_t size, size_t n, KFILE *file);
int kinglet_fgetc(KFILE *file);
int kinglet_getchar(void);
int kinglet_ungetc(int c, KFILE *file);
char *kinglet_fgets(char *line, int room, KFILE *file);
ssize_t kinglet_getline(char **line, size_t *room, KFILE *file);
int kinglet_fputc(int c, KFILE *file);
int kinglet_fputs(const char *text, KFILE *file);
int kinglet_puts(const char *text);
int kinglet_fseek(KFILE *file, long offset, int whence);
long kinglet_ftell(KFILE *file);
void kinglet_rewind(KFILE *file);
int kinglet_feof(KFILE *file);
int kinglet_ferror(KFILE *file);
void kinglet_clearerr(KFILE *file);
int kinglet_fileno(KFILE *file);
int kinglet_printf(const char *format, ...);
int kinglet_fprintf(KFILE *file, const char *format, ...);
int kinglet_dprintf(int fd, const char *format, ...);
int kinglet_asprintf(char **out, const char *format, ...);

const char *libc_program_name = "test";

/* What the "kernel" was asked for, and how it shall behave. */
static int writes, reads, last_write;
static bool terminal;
static int fail_writes; /* an errno */
static size_t most = SIZE_MAX; /* bytes that one read or write moves at most */

static long result_of(long result)
{
    if (result < 0)
        kinglet_errno = errno;
    return result;
}

ssize_t kinglet_write(int fd, const void *from, size_t n)
{
    writes++;
    last_write = fd;
    if (fail_writes) {
        kinglet_errno = fail_writes;
        return -1;
    }
    return result_of(write(fd, from, n < most ? n : most));
}

ssize_t kinglet_read(int fd, void *to, size_t n)
{
    reads++;
    return result_of(read(fd, to, n < most ? n : most));
}

int64_t kinglet_lseek(int fd, int64_t offset, int whence)
{
    return result_of(lseek(fd, offset, whence));
}

/* Kinglet's open flags have the numbers that Linux gives them on most machines, but not on all. */
int kinglet_open(const char *path, int flags, unsigned int mode)
{
    int host = flags & 3;
    host |= (flags & 0x40 ? O_CREAT : 0) | (flags & 0x80 ? O_EXCL : 0) | (flags & 0x200 ? O_TRUNC : 0);
    host |= (flags & 0x400 ? O_APPEND : 0) | (flags & 0x80000 ? O_CLOEXEC : 0);
    return (int)result_of(open(path, host, mode));
}

int kinglet_close(int fd)
{
    return (int)result_of(close(fd));
}

int kinglet_fcntl(int fd, int command, long argument)
{
    return (int)result_of(fcntl(fd, F_GETFD));
}

int kinglet_fstat(int fd, void *out)
{
    *(uint32_t *)((char *)out + 16) = terminal ? 0020666 : 0100644; /* st_mode, all that stdio looks at */
    return 0;
}

void *kinglet_malloc(size_t bytes)
{
    return malloc(bytes);
}

void *kinglet_realloc(void *memory, size_t bytes)
{
    return realloc(memory, bytes);
}

void kinglet_free(void *memory)
{
    free(memory);
}

static char path[64];

/* A temporary file's path in `path`, holding `text`. */
static void make_file(const char *text, size_t n)
{
    strcpy(path, "/tmp/kinglet-stdio-XXXXXX");
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, text, n) == (ssize_t)n);
    close(fd);
}

static void check_file(const char *wanted)
{
    static char found[100000];
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, found, sizeof found - 1);
    CHECK(n >= 0);
    found[n] = '\0';
    close(fd);
    unlink(path);
    CHECK_TEXT(found, wanted);
}

CASE(files_are_written_in_whole_buffers)
{
    make_file("", 0);
    KFILE *file = kinglet_fopen(path, "w");
    CHECK(file != NULL);
    static char wanted[50001];
    for (int i = 0; i < 10000; i++) {
        sprintf(wanted + 5 * i, "%04d\n", i);
        CHECK_EQUAL(kinglet_fprintf(file, "%04d\n", i), 5);
    }
    CHECK_EQUAL(writes, 50000 / 4096);
    CHECK_EQUAL(kinglet_fclose(file), 0);
    CHECK_EQUAL(writes, 50000 / 4096 + 1);
    check_file(wanted);
}

CASE(short_writes_are_continued)
{
    make_file("", 0);
    most = 7;
    KFILE *file = kinglet_fopen(path, "w");
    static char wanted[9001];
    memset(wanted, 'x', 9000);
    CHECK_EQUAL(kinglet_fwrite(wanted, 90, 100, file), 100);
    CHECK_EQUAL(kinglet_fclose(file), 0);
    check_file(wanted);
}

CASE(blocks_and_lines_are_read_whatever_a_read_gives)
{
    static char text[20001], again[20001];
    for (int i = 0; i < 20000; i++)
        text[i] = "abc\n"[random_below(4)];
    for (int round = 0; round < 40; round++) {
        make_file(text, 20000);
        most = round % 2 ? 1 + random_below(50) : SIZE_MAX;
        KFILE *file = kinglet_fopen(path, "r");
        size_t n = 0;
        while (!kinglet_feof(file)) {
            size_t size = random_below(random_below(4) ? 100 : 9000) + 1;
            char *exact = malloc(size);
            if (random_below(2)) {
                size_t got = kinglet_fread(exact, 1, size, file);
                memcpy(again + n, exact, got);
                n += got;
            } else if (random_below(2)) {
                int c = kinglet_fgetc(file);
                CHECK(c == EOF || kinglet_ungetc(c, file) == c);
            } else if (kinglet_fgets(exact, (int)size, file)) {
                CHECK(strlen(exact) < size && !memchr(exact, '\n', strlen(exact) - (size > 1)));
                memcpy(again + n, exact, strlen(exact));
                n += strlen(exact);
            }
            free(exact);
        }
        CHECK_EQUAL(n, 20000);
        CHECK(memcmp(text, again, n) == 0);
        CHECK_EQUAL(kinglet_fclose(file), 0);
        unlink(path);
    }
}

CASE(getline_gives_lines_of_any_length)
{
    static char text[30000];
    size_t n = 0, lengths[100];
    for (int i = 0; i < 100; i++) {
        lengths[i] = random_below(i % 10 ? 60 : 2000) + 1;
        memset(text + n, 'a' + i % 26, lengths[i] - 1);
        text[(n += lengths[i]) - 1] = '\n';
    }
    make_file(text, n - 1); /* the last has no newline */
    lengths[99]--;
    KFILE *file = kinglet_fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    for (int i = 0; i < 100 && lengths[i] > 0; i++)
        CHECK_EQUAL(kinglet_getline(&line, &room, file), lengths[i]);
    CHECK_EQUAL(kinglet_getline(&line, &room, file), -1);
    CHECK(kinglet_feof(file) && !kinglet_ferror(file));
    free(line);
    kinglet_fclose(file);
    unlink(path);
}

CASE(a_file_opened_to_update_changes_between_reading_and_writing)
{
    make_file("0123456789", 10);
    KFILE *file = kinglet_fopen(path, "r+");
    char text[5] = "";
    CHECK_EQUAL(kinglet_fread(text, 1, 4, file), 4);
    CHECK_TEXT(text, "0123");
    CHECK_EQUAL(kinglet_ftell(file), 4);
    CHECK_EQUAL(kinglet_fseek(file, 1, SEEK_CUR), 0);
    CHECK_EQUAL(kinglet_fputs("ab", file), 0);
    CHECK_EQUAL(kinglet_ftell(file), 7);
    CHECK_EQUAL(kinglet_fseek(file, -1, SEEK_END), 0);
    CHECK_EQUAL(kinglet_fgetc(file), '9');
    CHECK_EQUAL(kinglet_fgetc(file), EOF);
    CHECK(kinglet_feof(file));
    kinglet_rewind(file);
    CHECK(!kinglet_feof(file));
    CHECK_EQUAL(kinglet_fgetc(file), '0');
    CHECK_EQUAL(kinglet_fputc('X', file), 'X');
    CHECK_EQUAL(kinglet_fclose(file), 0);
    check_file("0X234ab789");
}

CASE(input_that_was_not_read_goes_back_at_fclose)
{
    make_file("first\nsecond\n", 13);
    int fd = open(path, O_RDONLY);
    KFILE *file = kinglet_fdopen(dup(fd), "r");
    char line[20];
    CHECK_TEXT(kinglet_fgets(line, sizeof line, file), "first\n");
    kinglet_fclose(file);
    CHECK_EQUAL(read(fd, line, sizeof line), 7); /* a child that reads next finds the second line */
    unlink(path);
}

CASE(append_and_exclusive_modes)
{
    make_file("one\n", 4);
    KFILE *file = kinglet_fopen(path, "a");
    kinglet_fputs("two\n", file);
    kinglet_fclose(file);
    CHECK(kinglet_fopen(path, "wx") == NULL);
    CHECK_EQUAL(kinglet_errno, EEXIST);
    CHECK(kinglet_fopen(path, "z") == NULL);
    CHECK_EQUAL(kinglet_errno, EINVAL);
    check_file("one\ntwo\n");
    CHECK(kinglet_fopen(path, "r") == NULL);
    CHECK_EQUAL(kinglet_errno, ENOENT);
    CHECK(kinglet_fdopen(99, "r") == NULL);
}

CASE(errors_are_marked_and_named)
{
    make_file("text", 4);
    KFILE *file = kinglet_fopen(path, "r");
    CHECK_EQUAL(kinglet_fputc('x', file), EOF);
    CHECK_EQUAL(kinglet_errno, EBADF);
    CHECK(kinglet_ferror(file));
    kinglet_clearerr(file);
    CHECK_EQUAL(kinglet_fgetc(file), 't');
    kinglet_fclose(file);
    file = kinglet_fopen(path, "w");
    CHECK_EQUAL(kinglet_fputs("more", file), 0);
    fail_writes = ENOSPC;
    CHECK_EQUAL(kinglet_fflush(file), EOF);
    CHECK_EQUAL(kinglet_errno, ENOSPC);
    CHECK(kinglet_ferror(file));
    static char large[10000];
    CHECK_EQUAL(kinglet_fwrite(large, 1, sizeof large, file), 0);
    CHECK_EQUAL(kinglet_fprintf(file, "%5000d", 1), -1);
    fail_writes = 0;
    CHECK_EQUAL(kinglet_fprintf(file, "%s", "fine"), 4);
    CHECK(kinglet_ferror(file));
    CHECK_EQUAL(kinglet_fclose(file), 0);
    unlink(path);
}

CASE(standard_output_is_line_buffered_on_a_terminal_only)
{
    make_file("", 0);
    int fd = open(path, O_WRONLY | O_TRUNC), saved = dup(1);
    dup2(fd, 1);
    terminal = true;
    CHECK_EQUAL(kinglet_printf("prompt> "), 8);
    int before_newline = writes;
    CHECK_EQUAL(kinglet_puts("line"), 0);
    int after_newline = writes;
    CHECK_EQUAL(kinglet_fputs("again> ", &libc_stdout), 0);
    int before_read = writes;
    dup2(open("/dev/null", O_RDONLY), 0);
    CHECK_EQUAL(kinglet_getchar(), EOF);
    int after_read = writes;
    kinglet_fprintf(&libc_stderr, "%d + %d = %.1f\n", 1, 2, 3.0);
    dup2(saved, 1);
    CHECK_EQUAL(before_newline, 0);
    CHECK_EQUAL(after_newline, 1);
    CHECK_EQUAL(before_read, 1);
    CHECK_EQUAL(after_read, 2);
    CHECK_EQUAL(writes, 3);
    CHECK_EQUAL(last_write, 2);
    check_file("prompt> line\nagain> ");
}

CASE(standard_output_waits_for_flush_elsewhere)
{
    make_file("", 0);
    int fd = open(path, O_WRONLY | O_TRUNC), saved = dup(1);
    dup2(fd, 1);
    kinglet_puts("one\n");
    kinglet_puts("two\n");
    int before = writes;
    kinglet_fflush(NULL);
    dup2(saved, 1);
    CHECK_EQUAL(before, 0);
    CHECK_EQUAL(writes, 1);
    check_file("one\n\ntwo\n\n");
}

CASE(dprintf_writes_once_and_asprintf_allocates)
{
    make_file("", 0);
    int fd = open(path, O_WRONLY);
    CHECK_EQUAL(kinglet_dprintf(fd, "%s-%d-%g;", "a", 5, 0.25), 9);
    CHECK_EQUAL(writes, 1);
    check_file("a-5-0.25;");
    CHECK_EQUAL(kinglet_dprintf(-1, "x"), -1);
    char *text;
    CHECK_EQUAL(kinglet_asprintf(&text, "%0300d", 7), 300);
    CHECK_EQUAL(strlen(text), 300);
    free(text);
}

CASE(setvbuf_chooses_how_to_buffer)
{
    make_file("", 0);
    KFILE *file = kinglet_fopen(path, "w");
    CHECK_EQUAL(kinglet_setvbuf(file, NULL, 2, 0), 0);
    kinglet_fputs("ab", file);
    CHECK_EQUAL(writes, 1);
    char small[4];
    CHECK_EQUAL(kinglet_setvbuf(file, small, 0, sizeof small), 0);
    kinglet_fputs("cde", file);
    CHECK_EQUAL(writes, 1);
    kinglet_fputs("f", file);
    CHECK_EQUAL(writes, 2);
    CHECK_EQUAL(kinglet_setvbuf(file, small, 1, sizeof small), 0);
    kinglet_fputs("\n", file);
    CHECK_EQUAL(writes, 3);
    CHECK_EQUAL(kinglet_setvbuf(file, small, 9, 1), -1);
    kinglet_fclose(file);
    check_file("abcdef\n");
}

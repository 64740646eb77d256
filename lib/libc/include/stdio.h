/*
 * Buffered input and output. stdout is line-buffered on a terminal and fully buffered elsewhere,
 * stderr is not buffered (one call of printf is one write). Everything is written out by exit.
 */
#ifndef LIBC_STDIO_H
#define LIBC_STDIO_H

#include <kinglet/file.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct libc_file FILE;

#define EOF (-1)
#define BUFSIZ 4096
#define FILENAME_MAX PATH_MAX
#define _IOFBF 0
#define _IOLBF 1
#define _IONBF 2

/* Pointers to objects of the same meaning, each in a file of its own, so that a program that never
 * reads carries no input buffer. */
extern FILE libc_stdin, libc_stdout, libc_stderr;
#define stdin (&libc_stdin)
#define stdout (&libc_stdout)
#define stderr (&libc_stderr)

#define LIBC_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))

/* Text from values: -> characters written, or (snprintf) that there would have been; negative and
 * errno on an error. */
int printf(const char *format, ...) LIBC_PRINTF(1, 2);
int fprintf(FILE *file, const char *format, ...) LIBC_PRINTF(2, 3);
int dprintf(int fd, const char *format, ...) LIBC_PRINTF(2, 3);
int sprintf(char *out, const char *format, ...) LIBC_PRINTF(2, 3);
int snprintf(char *out, size_t room, const char *format, ...) LIBC_PRINTF(3, 4);
int asprintf(char **out, const char *format, ...) LIBC_PRINTF(2, 3);
int vprintf(const char *format, va_list arguments) LIBC_PRINTF(1, 0);
int vfprintf(FILE *file, const char *format, va_list arguments) LIBC_PRINTF(2, 0);
int vdprintf(int fd, const char *format, va_list arguments) LIBC_PRINTF(2, 0);
int vsprintf(char *out, const char *format, va_list arguments) LIBC_PRINTF(2, 0);
int vsnprintf(char *out, size_t room, const char *format, va_list arguments) LIBC_PRINTF(3, 0);
int vasprintf(char **out, const char *format, va_list arguments) LIBC_PRINTF(2, 0);

/* Opening: modes r w a, with + and e (close on exec) and x (must be new). NULL and errno. */
FILE *fopen(const char *path, const char *mode);
FILE *fdopen(int fd, const char *mode);
int fclose(FILE *file);              /* 0, or EOF and errno: what was buffered may be lost */
int fflush(FILE *file);              /* NULL: every file with output waiting */
int fpurge(FILE *file);              /* forgets what waits to be written, or was read ahead; NULL: all output */
int setvbuf(FILE *file, char *buffer, int mode, size_t bytes); /* before the first use */

size_t fread(void *to, size_t size, size_t n, FILE *file);
size_t fwrite(const void *from, size_t size, size_t n, FILE *file);
int fgetc(FILE *file);
int getc(FILE *file);
int getchar(void);
int ungetc(int c, FILE *file); /* one place is sure */
char *fgets(char *line, int room, FILE *file);
/* A whole line with its newline into a malloc'ed buffer that grows; -> its length, -1 at the end */
ssize_t getline(char **line, size_t *room, FILE *file);
ssize_t getdelim(char **line, size_t *room, int delimiter, FILE *file);
int fputc(int c, FILE *file);
int putc(int c, FILE *file);
int putchar(int c);
int fputs(const char *text, FILE *file);
int puts(const char *text);

int fseek(FILE *file, long offset, int whence);
long ftell(FILE *file);
void rewind(FILE *file);

int feof(FILE *file);
int ferror(FILE *file);
void clearerr(FILE *file);
int fileno(FILE *file);

void perror(const char *what); /* "what: text of errno" on stderr */

int rename(const char *from, const char *to);
int remove(const char *path); /* a file or an empty directory */

#endif

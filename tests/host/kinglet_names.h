/*
 * Gives the functions of lib/libc and lib/common names of their own, so that a test program can hold them
 * beside the host's C library. Compiled into their sources with -include (tests/test_host.py, test_host_libc.py).
 * What the sources call but do not define (read, sbrk, …) the test program provides under the new name.
 */
#ifndef HOST_KINGLET_NAMES_H
#define HOST_KINGLET_NAMES_H

#include <common/format.h> /* before printf, which its attributes name, gets another name */

#define memcpy kinglet_memcpy
#define memmove kinglet_memmove
#define memset kinglet_memset
#define memcmp kinglet_memcmp
#define memchr kinglet_memchr
#define strlen kinglet_strlen
#define strnlen kinglet_strnlen
#define strcmp kinglet_strcmp
#define strncmp kinglet_strncmp
#define strchr kinglet_strchr
#define strrchr kinglet_strrchr
#define strlcpy kinglet_strlcpy
#define stpcpy kinglet_stpcpy
#define strcpy kinglet_strcpy
#define strncpy kinglet_strncpy
#define strcat kinglet_strcat
#define strncat kinglet_strncat
#define strstr kinglet_strstr
#define strspn kinglet_strspn
#define strcspn kinglet_strcspn
#define strpbrk kinglet_strpbrk
#define strtok kinglet_strtok
#define strtok_r kinglet_strtok_r
#define strdup kinglet_strdup
#define strndup kinglet_strndup
#define strcasecmp kinglet_strcasecmp
#define strncasecmp kinglet_strncasecmp
#define strcoll kinglet_strcoll
#define strerror kinglet_strerror

#define isalnum kinglet_isalnum
#define isalpha kinglet_isalpha
#define isblank kinglet_isblank
#define iscntrl kinglet_iscntrl
#define isdigit kinglet_isdigit
#define isgraph kinglet_isgraph
#define islower kinglet_islower
#define isprint kinglet_isprint
#define ispunct kinglet_ispunct
#define isspace kinglet_isspace
#define isupper kinglet_isupper
#define isxdigit kinglet_isxdigit
#define tolower kinglet_tolower
#define toupper kinglet_toupper

#define malloc kinglet_malloc
#define calloc kinglet_calloc
#define realloc kinglet_realloc
#define reallocarray kinglet_reallocarray
#define free kinglet_free
#define abort kinglet_abort
#define strtol kinglet_strtol
#define strtoul kinglet_strtoul
#define strtoll kinglet_strtoll
#define strtoull kinglet_strtoull
#define strtod kinglet_strtod
#define atoi kinglet_atoi
#define atol kinglet_atol
#define atoll kinglet_atoll
#define atof kinglet_atof
#define getenv kinglet_getenv
#define setenv kinglet_setenv
#define unsetenv kinglet_unsetenv
#define environ kinglet_environ
#define qsort kinglet_qsort
#define bsearch kinglet_bsearch
#define errno kinglet_errno

#define printf kinglet_printf
#define fprintf kinglet_fprintf
#define dprintf kinglet_dprintf
#define sprintf kinglet_sprintf
#define snprintf kinglet_snprintf
#define asprintf kinglet_asprintf
#define vprintf kinglet_vprintf
#define vfprintf kinglet_vfprintf
#define vdprintf kinglet_vdprintf
#define vsprintf kinglet_vsprintf
#define vsnprintf kinglet_vsnprintf
#define vasprintf kinglet_vasprintf
#define fopen kinglet_fopen
#define fdopen kinglet_fdopen
#define fclose kinglet_fclose
#define fflush kinglet_fflush
#define setvbuf kinglet_setvbuf
#define fread kinglet_fread
#define fwrite kinglet_fwrite
#define fgetc kinglet_fgetc
#define getc kinglet_getc
#define getchar kinglet_getchar
#define ungetc kinglet_ungetc
#define fgets kinglet_fgets
#define getline kinglet_getline
#define getdelim kinglet_getdelim
#define fputc kinglet_fputc
#define putc kinglet_putc
#define putchar kinglet_putchar
#define fputs kinglet_fputs
#define puts kinglet_puts
#define fseek kinglet_fseek
#define ftell kinglet_ftell
#define rewind kinglet_rewind
#define feof kinglet_feof
#define ferror kinglet_ferror
#define clearerr kinglet_clearerr
#define fileno kinglet_fileno

#define getopt kinglet_getopt
#define optarg kinglet_optarg
#define optind kinglet_optind
#define opterr kinglet_opterr
#define optopt kinglet_optopt

#define open kinglet_open
#define close kinglet_close
#define read kinglet_read
#define write kinglet_write
#define lseek kinglet_lseek
#define fstat kinglet_fstat
#define fcntl kinglet_fcntl
#define sbrk kinglet_sbrk

#endif

/*
 * Reading directories. Entries come in the order of the server that holds the directory.
 */
#ifndef LIBC_DIRENT_H
#define LIBC_DIRENT_H

#include <sys/types.h>

#define DT_UNKNOWN 0
#define DT_FIFO 1
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8

struct dirent {
    ino_t d_ino;
    unsigned char d_type; /* DT_… */
    char d_name[256];
};

typedef struct libc_dir DIR;

DIR *opendir(const char *path); /* NULL and errno */
/* -> the next entry, valid until the next call on this DIR; NULL at the end, and on an error,
 * which sets errno. */
struct dirent *readdir(DIR *dir);
void rewinddir(DIR *dir);
int closedir(DIR *dir);
int dirfd(DIR *dir);

#endif

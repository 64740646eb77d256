/* What fstat and stat say about a file. The library fills it in (files.c). */
#ifndef XV6_STAT_H
#define XV6_STAT_H

#define T_DIR 1
#define T_FILE 2
#define T_DEVICE 3

struct stat {
    int dev;     /* always 1: xv6 has one disk */
    uint ino;
    short type;  /* T_ */
    short nlink; /* names; a directory's "." is none */
    uint64 size; /* bytes; of a directory, 16 for each entry */
};

#endif

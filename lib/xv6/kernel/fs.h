/* The sizes of xv6's file system, and a directory entry as read(2) of a directory gives it. There is no
 * such disk here: what only a kernel or mkfs would use is left out. */
#ifndef XV6_FS_H
#define XV6_FS_H

#define ROOTINO 1
#define BSIZE 1024

#define NDIRECT 12
#define NINDIRECT (BSIZE / sizeof(uint))
#define MAXFILE (NDIRECT + NINDIRECT) /* blocks a file can have on xv6 (here: more) */

#define DIRSIZ 14

struct dirent {
    ushort inum;       /* 0: no entry */
    char name[DIRSIZ]; /* NUL-terminated only when it is shorter */
};

#endif

/* Sizes and limits as xv6 has them. Kinglet keeps to some (docs/xv6.md says which); where it has room for
 * more, programs may take it. */
#ifndef XV6_PARAM_H
#define XV6_PARAM_H

#define NPROC 64        /* processes that a program and all it starts may have */
#define NCPU 8          /* harts at most */
#define NOFILE 16       /* open files a process (here: 1,024) */
#define NFILE 100       /* open files in all (here: as memory allows) */
#define NINODE 50       /* inodes in use (here: as memory allows) */
#define NDEV 10         /* device majors */
#define ROOTDEV 1       /* the number of the disk with the root directory */
#define MAXARG 32       /* exec's argv, its NULL included */
#define MAXOPBLOCKS 10  /* the most blocks that one write touches on xv6 */
#define LOGSIZE (MAXOPBLOCKS * 3)
#define LOGBLOCKS LOGSIZE
#define NBUF (MAXOPBLOCKS * 3)
#define FSSIZE 16384    /* blocks of the file system: what xv6 programs can fill it with */
#define MAXPATH 128     /* bytes of a path with its NUL */
#define USERSTACK 2048  /* pages that the stack may have */

#endif

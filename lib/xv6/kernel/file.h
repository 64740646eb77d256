/* Device numbers for mknod. */
#ifndef XV6_FILE_H
#define XV6_FILE_H

#define CONSOLE 1 /* major */

#define major(device) ((device) >> 16 & 0xffff)
#define minor(device) ((device)&0xffff)
#define mkdev(major, minor) ((uint)((major) << 16 | (minor)))

#endif

/*
 * The host's own file system, asked the same questions as ramfs. It is apart from the test because the
 * host's headers and Kinglet's define the same names. All give 0 or a negative errno.
 */
#ifndef ORACLE_H
#define ORACLE_H

void oracle_enter(void); /* an empty directory to work in, gone when the program ends */
int oracle_mkdir(const char *path);
int oracle_create(const char *path); /* open with O_CREAT | O_EXCL */
int oracle_open(const char *path);   /* for reading, with a close */
int oracle_unlink(const char *path);
int oracle_rmdir(const char *path);
int oracle_link(const char *from, const char *to);
int oracle_rename(const char *from, const char *to);
int oracle_links(const char *path); /* st_nlink of a file, 0 for a directory */

#endif

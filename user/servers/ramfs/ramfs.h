/*
 * What the parts of ramfs share: inodes, directory entries, file contents, the path walk, and the
 * operations the receive loop (main.c) hands messages to.
 * All but main.c and data.c make no system call, so that they also run in tests on the host; they must
 * never include <kinglet/system.h>.
 */
#ifndef RAMFS_H
#define RAMFS_H

#include <kinglet/errno.h>
#include <kinglet/file.h>
#include <kinglet/message.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_SIZE 4096u
#define DIRECT_BLOCKS 4 /* the first blocks are named in the inode itself */
#define FILE_SIZE_MAX (1ULL << 36)
#define MODE_BITS 0777u

#define MAJOR_OWN 0 /* device nodes that ramfs serves itself */
#define MINOR_NULL 3
#define MINOR_ZERO 5
#define MAJOR_CONSOLE 1
#define MAJORS 256

struct inode;

/* A name in a directory. */
struct entry {
    struct entry *chain; /* next in its bucket of the table of names */
    struct inode *parent;
    struct inode *inode;
    uint64_t serial; /* the offset readdir knows it by; never used again in this directory */
    uint32_t hash;
    uint8_t length;
    char name[]; /* with a NUL */
};

/* A directory's entries in the order of their serials. */
struct slot {
    uint64_t serial;
    struct entry *entry; /* NULL: was removed */
};

struct file_part {
    const uint8_t *image; /* contents that still lie in the initrd, NULL: none */
    uint64_t image_size;
    uint32_t direct[DIRECT_BLOCKS]; /* block numbers; 0: the image, or beyond it a hole */
    uint32_t **leaves;              /* tables of further block numbers, by block index / LEAF_BLOCKS */
    size_t leaf_room;
    size_t blocks; /* in use */
};

struct directory_part {
    struct inode *parent; /* the root's is the root */
    struct slot *slots;
    size_t room, used, live; /* slots there are, filled, not removed */
    uint64_t next_serial;
    int mount; /* session handle that paths through here lead to, or -1 */
};

struct inode {
    uint32_t index; /* st_ino is this + 1 */
    uint32_t generation;
    uint32_t mode; /* S_IF… | permission bits */
    uint32_t links;
    uint32_t references; /* open sessions, and removed directories whose ".." leads here */
    uint32_t rdev;
    uint64_t size;
    uint64_t mtime_ns;
    union {
        struct file_part file;
        struct directory_part dir;
    };
};

/* ---- provided by main.c; by a test of its own on the host ---- */

/* Whether the store may take `bytes` more of the machine's memory. */
bool ramfs_may_grow(size_t bytes);
/* Time since boot in ns. */
uint64_t ramfs_now(void);
void ramfs_close(int handle);
/* Move the end of the heap; gives the old one, NULL: no memory. */
void *ramfs_break(intptr_t delta);

/* ---- store.c: inodes, blocks, growing arrays ---- */

/* Make the root directory; called once, before all else. `generation` is where inodes made after
 * store_sealed start to count from; it must differ from run to run. `reserve` bytes below the blocks are
 * kept for what malloc is asked for (inodes, names). 0 or -ENOMEM. */
int store_init(uint32_t generation, size_t reserve);
/* From here on new inodes have generations of this run; those made before have 0, in every run. */
void store_sealed(void);
struct inode *store_root(void);

/* A new inode without links, NULL: no memory. */
struct inode *inode_new(uint32_t mode);
/* The inode a session's cookie stands for, NULL: it is no more. */
struct inode *inode_of(uint64_t cookie);
uint64_t inode_cookie(const struct inode *node);
/* Drop one reference; the inode goes when it has no link either. */
void inode_release(struct inode *node);
/* Let the inode go if nothing holds it any more; called after a link was taken away. */
void inode_settle(struct inode *node);

/* Blocks of BLOCK_SIZE bytes, page-aligned, not zeroed. Numbers are never 0. */
uint32_t block_new(void); /* 0: no memory */
void block_free(uint32_t block);
uint8_t *block_data(uint32_t block);
size_t store_blocks(void); /* in use */

/* Change the room of a malloc'ed array to hold `need` items of `size` bytes: it doubles when full, halves
 * when a quarter is in use. New items are zeroed. False: no memory (nothing changed). */
bool array_fit(void **array, size_t *room, size_t need, size_t size);

/* ---- content.c: what files hold ---- */

/* The bytes from `offset` on that lie in one piece: gives their address and how many, at most `max` (> 0);
 * offset + max must not be beyond the end of the file. Holes read as zeros. */
size_t file_run(const struct inode *node, uint64_t offset, size_t max, const void **data);
/* The block with this index for writing. Made if need be (*fresh), and then it holds what a read would
 * have shown, unless `whole` says that all of it will be written. NULL: no memory. */
uint8_t *file_block(struct inode *node, uint64_t index, bool whole, bool *fresh);
/* Give a block back: the place shows the image or zeros again. */
void file_drop_block(struct inode *node, uint64_t index);
/* Change the size; 0 or -EFBIG. What comes to be between the old end and the new reads as zeros. */
int file_resize(struct inode *node, uint64_t size);
/* The new end of a file after a write up to `end`, whose blocks are there. */
void file_grown(struct inode *node, uint64_t end);
/* Make sure that what lies between the end and `offset`, where a write is to begin, reads as zeros. */
void file_prepare_gap(struct inode *node, uint64_t offset);

/* ---- dir.c: names ---- */

/* Hash of a name in a directory: start with name_hash_start, then name_hash_step for each byte. */
static inline uint32_t name_hash_start(const struct inode *dir)
{
    return 2166136261u ^ dir->index * 0x9e3779b1u;
}

static inline uint32_t name_hash_step(uint32_t hash, char c)
{
    return (hash ^ (uint8_t)c) * 16777619u; /* FNV-1a */
}

uint32_t name_hash(const struct inode *dir, const char *name, size_t length);
struct entry *dir_find(const struct inode *dir, const char *name, size_t length, uint32_t hash);
/* Add a name that is not there yet. 0 or -ENOSPC. Counts no links. */
int dir_add(struct inode *dir, const char *name, size_t length, uint32_t hash, struct inode *node);
/* Take a name away and free it. Counts no links. */
void dir_remove(struct entry *entry);
/* Index of the first slot whose serial is at least `serial`. */
size_t dir_slot(const struct inode *dir, uint64_t serial);
#define SERIAL_FIRST 2 /* 0 and 1 stand for "." and ".." */
/* Fill `out` with struct kdirent records from *offset on, which moves along. Gives bytes, 0 at the end,
 * -EINVAL when there is no room for even one. */
int64_t dir_list(const struct inode *dir, uint64_t *offset, void *out, size_t room);
/* The same in xv6's form: entries of 16 bytes; `offset` in bytes. */
int64_t dir_list_xv6(const struct inode *dir, uint64_t offset, void *out, size_t room);

/* ---- path.c: the walk ---- */

struct place {
    struct inode *dir;   /* the directory of the last component */
    struct inode *inode; /* what the path names; NULL: nothing there yet */
    struct entry *entry; /* its name; NULL as well for ".", ".." and an empty path */
    const char *name;    /* the last component, in the path; not NUL-terminated */
    size_t length;       /* 0: the path was empty */
    uint32_t hash;
    bool slash;      /* something that must be a directory: the path ends in a slash */
    size_t consumed; /* bytes of the path up to and including the last component and its slashes */
};

enum walk_mode {
    WALK_NAME,   /* the last component itself is meant, even if something is mounted there */
    WALK_TARGET, /* a mount point as last component is crossed */
};

#define WALK_REDIRECT 1 /* the path leads elsewhere: place->inode is the mount point */

/* Walk `path` from `start`. 0, WALK_REDIRECT, or -ENOENT, -ENOTDIR, -ENAMETOOLONG. */
int walk(struct inode *start, const char *path, uint32_t flags, enum walk_mode mode, struct place *out);
bool place_is_dots(const struct place *place); /* "." or ".." */

/* ---- names.c: operations on names; they answer with a status and fill `answer` if there is more ---- */

int64_t op_stat(const struct message *m, const char *path, struct reply *answer);
int64_t op_mkdir(const struct message *m, const char *path, struct reply *answer);
int64_t op_rmdir(const struct message *m, const char *path, struct reply *answer);
int64_t op_unlink(const struct message *m, const char *path, struct reply *answer);
int64_t op_mknod(const struct message *m, const char *path, struct reply *answer);
int64_t op_resolve(const struct message *m, const char *path, struct reply *answer);
int64_t op_link(const struct message *m, const char *path, struct reply *answer);
int64_t op_rename(const struct message *m, const char *path, struct reply *answer);
/* Put a new inode into a directory where the walk found nothing. 0, -ENOENT (the directory was removed),
 * -ENOSPC. */
int make_node(const struct place *place, uint32_t mode, uint32_t rdev, struct inode **out);
int64_t answer_redirect(struct reply *answer, int session, size_t consumed);
int64_t answer_stat(const struct inode *node, struct reply *answer);
uint32_t message_flags(const struct message *m); /* MSGF_ */
/* Whether this is for an xv6 program and the file system is as full as it may get for one. */
bool xv6_full(const struct message *m);

/* ---- open.c: open, mounts, drivers ---- */

int64_t op_open(const struct message *m, const char *path, struct reply *answer);
int64_t op_mount(const struct message *m, const char *path, struct reply *answer);
int64_t op_unmount(const struct message *m, const char *path, struct reply *answer);
int64_t op_register_driver(const struct message *m);
/* Close the handle that came with a message that nobody wants, if one did. */
void refuse_handle(const struct message *m);
/* Sessions of a driver; made known at start. Takes the handle over. 0 or -EINVAL. */
int driver_set(uint64_t major, int session);

/* ---- data.c: operations on open files ---- */

int64_t op_read(int channel, const struct message *m, struct inode *node, struct reply *answer);
int64_t op_write(int channel, const struct message *m, struct inode *node, struct reply *answer);
int64_t op_truncate(const struct message *m, struct inode *node);
int64_t op_readdir(const struct message *m, struct inode *node, struct reply *answer);

/* ---- fill.c ---- */

/* Make the tree that the archive describes; file contents stay where they are. 0, -EINVAL (the archive
 * is damaged: what came before is there), -ENOSPC. */
int fill_from_archive(const void *archive, size_t size);
/* The device nodes that every system has, where they are missing. */
int fill_devices(void);

#endif

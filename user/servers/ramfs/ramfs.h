/*
 * What the parts of ramfs share: inodes, directory entries, file contents, the path walk, and the
 * operations the receive loop (main.c) hands messages to.
 *
 * Inodes, names and blocks lie in the store, a memory object that outlives ramfs (docs/architecture.md, "ramfs
 * and its death"), always at the same address, so that pointers in it stay good. What can be found again from
 * these is not kept there, or not relied on after a restart: it is marked "volatile" below, and restore.c
 * makes it anew. Everything else changes in a way that can be cut off anywhere: see journal.c.
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
#define DIRECT_BLOCKS 14 /* the first blocks are named in the inode itself */
#define TREES 3          /* the next 1,024, 1,024^2 and 1,024^3 in blocks of block numbers */
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
    struct entry *chain; /* volatile: next in its bucket of the table of names */
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
    uint64_t image; /* contents that still lie in the initrd: where, and how many */
    uint64_t image_size;
    uint32_t direct[DIRECT_BLOCKS]; /* block numbers; 0: the image, or beyond it a hole */
    uint32_t tree[TREES];
    uint32_t blocks; /* volatile: in use, those of block numbers aside */
};

struct directory_part {
    struct inode *parent; /* the root's is the root */
    uint64_t next_serial;
    uint32_t mounted;   /* something is mounted here: a session is kept under this inode's number */
    int mount;          /* volatile: the handle on that session, which paths through here lead to, or -1 */
    struct slot *slots; /* volatile, as are these: */
    size_t room, used, live; /* slots there are, filled, not removed */
};

struct inode {
    uint32_t index; /* st_ino is this + 1 */
    uint32_t generation;
    uint32_t mode; /* S_IF… | permission bits; 0: this inode is free */
    uint32_t links;
    uint32_t references; /* volatile: open sessions, and removed directories whose ".." leads here */
    uint32_t rdev;
    uint64_t size;
    uint64_t mtime_ns;
    union {
        struct file_part file;
        struct directory_part dir;
    };
};

_Static_assert(sizeof(struct inode) == 128, "32 to a page");

/* ---- provided by main.c; by a test of its own on the host ---- */

/* Give pages of the store memory, full of zeroes, where they have none. False: there is none, or none for
 * files. */
bool ramfs_commit(void *start, size_t bytes);
void ramfs_decommit(void *start, size_t bytes);
/* The first stretch of pages with memory above `from`: sets both. False: no more. */
bool ramfs_committed(uint8_t **from, uint8_t **end);
/* Time since boot in ns. */
uint64_t ramfs_now(void);
void ramfs_close(int handle);
/* Keep a copy of a session handle for the next ramfs, under this key; -1: no more. 0 or an error. */
int ramfs_keep(uint64_t key, int handle);

/* ---- journal.c: changes that are made whole or not at all ---- */

/* Write down what some bytes of the store hold, before they change. */
void journal_note(const void *where, size_t bytes);
/* The variable, to be changed: CHANGE(node->links)++ */
#define CHANGE(variable) (*(journal_note(&(variable), sizeof(variable)), &(variable)))
/* An operation is over. All that it noted takes effect together, and if that is anything, so does the answer,
 * to be given again should the request come again. Then memory that is no longer needed goes. `answer` may be
 * NULL: nobody asked. */
void store_finish(uint64_t token, const struct reply *answer);
/* Whether that request was finished before: then *answer is what was answered. */
bool journal_answered(uint64_t token, struct reply *answer);
/* Undo what an operation that was cut off has changed. False: the journal is damaged. */
bool journal_roll_back(void);

/* ---- store.c: where things lie ---- */

/* The first page; on the next ones is the journal. */
struct store {
    uint64_t served;   /* for init (servers/store.h) */
    uint64_t magic;    /* set when all of the initrd is in */
    uint64_t bytes;    /* of the whole store */
    uint64_t instance; /* st_dev */
    uint32_t generation_next; /* of new inodes; 0 until the initrd is in */
    uint32_t generation_start;
    uint64_t journal_used; /* notes */
    uint64_t last_token;   /* the last operation that changed names or a file's end, and its answer */
    int64_t last_status;
    uint64_t last_flags, last_extra, last_length;
};
extern struct store *store;
extern const uint8_t *store_archive; /* the initrd */

/* Use the store at `base`. 1: it has a file system, and restore() is to be called; 0: it is to be made
 * (store_make); -ENOMEM. `reserve` bytes are set apart for what malloc is asked for (arrays and tables). */
int store_open(void *base, uint64_t bytes, const void *archive, size_t reserve);
/* Make the root directory in an empty store. `generation` is where inodes made after store_sealed start to count
 * from; it must differ from store to store. 0 or -ENOMEM. */
int store_make(uint32_t generation);
/* From here on new inodes have generations of this store; those made before have 0, in every one. */
void store_sealed(void);
struct inode *store_root(void);
uint8_t *store_end(void);

/* A new inode without links, NULL: no memory. */
struct inode *inode_new(uint32_t mode);
/* The inode a session's cookie stands for, NULL: it is no more. */
struct inode *inode_of(uint64_t cookie);
uint64_t inode_cookie(const struct inode *node);
/* Drop one reference; the inode goes when it has no link either. */
void inode_release(struct inode *node);
/* Let the inode go at the end of this operation if nothing holds it then; called after a link was taken away. */
void inode_settle(struct inode *node);
void inodes_settle(void); /* for store_finish */
/* The inode with this number or the next one that is in use, or NULL. */
struct inode *inode_from(uint64_t index);
bool inode_is_one(const void *pointer); /* is this the address of an inode that is in use? */

/* Room for a name of so many bytes. NULL: no memory. It holds nothing, for a restart, until it is set live. */
struct entry *entry_new(size_t length);
void entry_set_live(struct entry *entry, bool live);
void entry_free(struct entry *entry); /* at the end of this operation */
void entries_settle(void);            /* for store_finish */

/* For restore.c: the pages in use are found again, one by one; then what is not used is given back. */
enum page_kind { PAGE_HEADER, PAGE_INODES, PAGE_NAMES, PAGE_BLOCK };
enum page_kind page_found(uint8_t *page);
/* The live entries on a page, one behind the other; `after` NULL at first. */
struct entry *page_entry(uint8_t *page, const struct entry *after);
bool entry_fits(const struct entry *entry); /* on its page */
void entry_found(struct entry *entry);      /* it is good */
uint64_t inode_index_at(const void *pointer);
void inode_found(struct inode *node);
void store_trim(void);

/* ---- blocks.c ---- */

/* Blocks of BLOCK_SIZE bytes, page-aligned, full of zeroes. Numbers are never 0. */
uint32_t block_new(void); /* 0: no memory */
void block_free(uint32_t block); /* its memory goes at the end of this operation */
uint8_t *block_data(uint32_t block);
void blocks_expect(uint64_t n); /* so many will be asked for: their memory can be had at once */
void blocks_settle(void);       /* for store_finish */
size_t store_blocks(void);      /* in use */
/* For store.c and restore.c */
bool blocks_init(uint8_t *base, uint64_t pages);
void block_page_found(uint8_t *page);
bool block_found(uint32_t block); /* a file has it; false: it cannot */
void blocks_trim(void);

/* Change the room of a malloc'ed array to hold `need` items of `size` bytes: it doubles when full, halves
 * when a quarter is in use. New items are zeroed. False: no memory (nothing changed). */
bool array_fit(void **array, size_t *room, size_t need, size_t size);

/* ---- content.c: what files hold ---- */

/* The bytes from `offset` on that lie in one piece: gives their address and how many, at most `max` (> 0);
 * offset + max must not be beyond the end of the file. Holes read as zeros. */
size_t file_run(const struct inode *node, uint64_t offset, size_t max, const void **data);
/* The block with this index for writing. If it has to be made, *fresh is its number (else 0), and it holds what a
 * read would have shown, unless `whole` says that all of it will be written; once that is done, it takes its place
 * in the file by file_enter, or goes by block_free. NULL: no memory. */
uint8_t *file_block(struct inode *node, uint64_t index, bool whole, uint32_t *fresh);
void file_enter(struct inode *node, uint64_t index, uint32_t fresh);
/* Change the size; 0 or -EFBIG. What comes to be between the old end and the new reads as zeros. */
int file_resize(struct inode *node, uint64_t size);
/* The new end of a file after a write up to `end`, whose blocks are there. `once`: doing it twice would be
 * wrong (append). */
void file_grown(struct inode *node, uint64_t end, bool once);
void file_empty(struct inode *node); /* free all its blocks */
/* For restore.c: find a file's blocks again; what a cut-off operation left beyond its end goes. Gives how many
 * numbers made no sense. */
unsigned file_restore(struct inode *node);
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
/* No names are known: a store is opened. */
void dir_forget(void);
/* For restore.c: an entry is there; and when all are, their order. 0 or -ENOMEM. */
int dir_restore(struct entry *entry);
void dir_sort(struct inode *dir);
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
/* A session that the last ramfs kept. False: it means nothing. Takes the handle over if it does. */
bool mount_restore(uint64_t key, int handle);
void mounts_settle(void); /* for store_finish */
void mounts_forget(void); /* a store is opened */

/* ---- data.c: operations on open files ---- */

int64_t op_read(int channel, const struct message *m, struct inode *node, struct reply *answer);
int64_t op_write(int channel, const struct message *m, struct inode *node, struct reply *answer);
int64_t op_truncate(const struct message *m, struct inode *node);
int64_t op_readdir(const struct message *m, struct inode *node, struct reply *answer);

/* ---- restore.c ---- */

/* Find everything in the store again after a restart, but for the references: sessions are counted next, then
 * what nothing holds goes by inodes_orphaned. Gives how many things made no sense and were dropped, or -ENOMEM. */
int restore(void);
void inodes_orphaned(void);

/* ---- fill.c ---- */

/* Make the tree that the archive describes; file contents stay where they are. 0, -EINVAL (the archive
 * is damaged: what came before is there), -ENOSPC. */
int fill_from_archive(const void *archive, size_t size);
/* The device nodes that every system has, where they are missing. */
int fill_devices(void);

#endif

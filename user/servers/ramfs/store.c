/*
 * The store: its layout, and where inodes and names lie in it. Both lie on pages of their own kind, which get
 * memory with their first item and lose it with their last. Which items are in use follows from what is in
 * them (an inode's mode, a page's word of live names); the words here only save looking, and are volatile.
 * Used by all of ramfs; knows nothing of paths or messages. Makes no system call but through main.c.
 */
#include "ramfs.h"

#include <stdlib.h>
#include <string.h>

#define STORE_MAGIC 0x4b696e676c657446ull
#define HEADER_PAGES 2
#define AREA_FRACTION 8 /* this part of the store is for inodes, and this for names */

#define PAGE_INODES_MAX 32
#define ARCHIVE_INODES 256 /* where the initrd's inodes begin: xv6's tests take numbers above 200 for damage */

#define CELL_BYTES 64 /* names are kept in so many cells as they need */
#define PAGE_CELLS 64 /* the first is the page's own */
#define TOUCHED_BYTES (192u << 10) /* of the reserve */

struct area {
    uint8_t *base;
    size_t pages;
    size_t hint;    /* no page below this one has a free item */
    uint64_t items; /* a bit for each item of a page */
    uint64_t own;   /* those that are never free */
    uint64_t *used; /* for each page, a bit for each item that is in use; 0: it has no memory */
};

struct store *store;
const uint8_t *store_archive;
static uint64_t store_bytes;
static struct area inodes, names;

uint8_t *store_end(void)
{
    return (uint8_t *)store + store_bytes;
}

/* ---- growing arrays ---- */

bool array_fit(void **array, size_t *room, size_t need, size_t size)
{
    size_t want = *room;

    if (need > want) {
        want = want * 2 > need ? want * 2 : need;
        if (want < 8)
            want = 8;
    } else if (need == 0) {
        want = 0;
    } else if (want > 8 && need <= want / 4) {
        want = want / 2;
    }
    if (want == *room)
        return true;
    if (want == 0) {
        free(*array);
        *array = NULL;
        *room = 0;
        return true;
    }

    void *moved = realloc(*array, want * size);

    if (moved == NULL)
        return want < *room; /* could not shrink: no harm */
    if (want > *room)
        memset((char *)moved + *room * size, 0, (want - *room) * size);
    *array = moved;
    *room = want;
    return true;
}

/* ---- areas ---- */

static bool area_init(struct area *area, uint8_t *base, size_t pages, uint64_t items, uint64_t own)
{
    free(area->used);
    *area = (struct area){.base = base, .pages = pages, .items = items, .own = own};
    area->used = calloc(pages, sizeof *area->used);
    return area->used != NULL;
}

/* The first of n free items in a row on one page: its number in the area. -1: no memory. */
static int64_t area_take(struct area *area, unsigned n)
{
    while (area->hint < area->pages && area->used[area->hint] == area->items)
        area->hint++;
    for (size_t page = area->hint; page < area->pages; page++) {
        uint64_t *used = &area->used[page];
        uint64_t rows = area->items & ~(*used | area->own);

        for (unsigned i = 1; i < n; i++)
            rows &= rows >> 1; /* bits that begin a row of i + 1 */
        if (rows == 0)
            continue;
        if (*used == 0 && !ramfs_commit(area->base + page * BLOCK_SIZE, BLOCK_SIZE))
            return -1;

        int bit = __builtin_ctzll(rows);

        *used |= area->own | ((1ull << n) - 1) << bit;
        return (int64_t)page * 64 + bit;
    }
    return -1;
}

static void area_give(struct area *area, uint64_t number, unsigned n)
{
    size_t page = number / 64;
    uint64_t *used = &area->used[page];

    *used &= ~(((1ull << n) - 1) << number % 64);
    if (page < area->hint)
        area->hint = page;
    if (*used != area->own)
        return;
    *used = 0;
    ramfs_decommit(area->base + page * BLOCK_SIZE, BLOCK_SIZE);
}

/* Give back the pages of which nothing turned out to be in use. */
static void area_trim(struct area *area)
{
    uint8_t *from = area->base, *end;

    while (ramfs_committed(&from, &end) && from < area->base + area->pages * BLOCK_SIZE) {
        for (; from < end && from < area->base + area->pages * BLOCK_SIZE; from += BLOCK_SIZE) {
            uint64_t *used = &area->used[(size_t)(from - area->base) / BLOCK_SIZE];

            if ((*used & ~area->own) != 0)
                continue;
            *used = 0;
            ramfs_decommit(from, BLOCK_SIZE);
        }
    }
}

/* ---- inodes ---- */

static struct inode *inode_at(uint64_t index)
{
    return (struct inode *)inodes.base + index;
}

static uint64_t inode_count(void)
{
    return (uint64_t)inodes.pages * PAGE_INODES_MAX;
}

static bool inode_in_use(uint64_t index)
{
    return index < inode_count() && inodes.used[index / PAGE_INODES_MAX] >> index % PAGE_INODES_MAX & 1;
}

struct inode *inode_new(uint32_t mode)
{
    int64_t number = area_take(&inodes, 1);

    if (number < 0)
        return NULL;

    uint64_t index = (uint64_t)number / 64 * PAGE_INODES_MAX + (uint64_t)number % 64;
    struct inode *node = inode_at(index);

    memset(node, 0, sizeof *node);
    node->index = (uint32_t)index;
    node->generation = store->generation_next;
    if (store->generation_next != 0 && ++store->generation_next == 0)
        store->generation_next = 1;
    node->mtime_ns = ramfs_now();
    if (S_ISDIR(mode)) {
        node->dir.next_serial = SERIAL_FIRST;
        node->dir.mount = -1;
    }
    node->mode = mode;
    return node;
}

static void inode_free(struct inode *node)
{
    if (S_ISDIR(node->mode))
        free(node->dir.slots);
    else if (S_ISREG(node->mode))
        file_empty(node);
    node->mode = 0;
    area_give(&inodes, (uint64_t)node->index / PAGE_INODES_MAX * 64 + node->index % PAGE_INODES_MAX, 1);
}

struct inode *inode_of(uint64_t cookie)
{
    uint32_t index = (uint32_t)cookie;

    return inode_in_use(index) && inode_at(index)->generation == cookie >> 32 ? inode_at(index) : NULL;
}

uint64_t inode_cookie(const struct inode *node)
{
    return (uint64_t)node->generation << 32 | node->index;
}

struct inode *inode_from(uint64_t index)
{
    while (index < inode_count() && !inode_in_use(index))
        index = inodes.used[index / PAGE_INODES_MAX] == 0 ? (index / PAGE_INODES_MAX + 1) * PAGE_INODES_MAX
                                                          : index + 1;
    return index < inode_count() ? inode_at(index) : NULL;
}

bool inode_is_one(const void *pointer)
{
    size_t offset = (size_t)((const uint8_t *)pointer - inodes.base);

    return (const uint8_t *)pointer >= inodes.base && offset % sizeof(struct inode) == 0 &&
           inode_in_use(offset / sizeof(struct inode));
}

#define SETTLING_MAX 4

static struct inode *settling[SETTLING_MAX];
static size_t settling_count;

void inode_settle(struct inode *node)
{
    if (settling_count < SETTLING_MAX)
        settling[settling_count++] = node;
}

/* A removed directory keeps its parent, so that ".." leads out of it; so one end may bring the next. */
static void settle(struct inode *node)
{
    while (node->mode != 0 && node->links == 0 && node->references == 0) {
        struct inode *parent = S_ISDIR(node->mode) ? node->dir.parent : NULL;

        inode_free(node);
        if (parent == NULL)
            return;
        parent->references--;
        node = parent;
    }
}

void inodes_settle(void)
{
    while (settling_count > 0)
        settle(settling[--settling_count]);
}

void inode_release(struct inode *node)
{
    if (node->references > 0) /* sessions that init made on the root were never counted */
        node->references--;
    inode_settle(node);
}

void inodes_orphaned(void)
{
    struct inode *node;

    for (uint64_t index = 0; (node = inode_from(index)) != NULL; index++) {
        index = node->index;
        settle(node); /* and its page may be gone */
    }
}

/* ---- names ---- */

struct name_page {
    uint64_t live; /* a bit for each cell in which a name begins that counts */
};

static unsigned cells_of(size_t length)
{
    return (unsigned)((offsetof(struct entry, name) + length + 1 + CELL_BYTES - 1) / CELL_BYTES);
}

static struct name_page *page_of(const struct entry *entry)
{
    return (struct name_page *)((uintptr_t)entry & ~(uintptr_t)(BLOCK_SIZE - 1));
}

static unsigned cell_of(const struct entry *entry)
{
    return (unsigned)((uintptr_t)entry % BLOCK_SIZE / CELL_BYTES);
}

struct entry *entry_new(size_t length)
{
    int64_t number = area_take(&names, cells_of(length));

    return number < 0 ? NULL : (struct entry *)(names.base + (uint64_t)number * CELL_BYTES);
}

void entry_set_live(struct entry *entry, bool live)
{
    uint64_t bit = 1ull << cell_of(entry);

    if (live)
        CHANGE(page_of(entry)->live) |= bit;
    else
        CHANGE(page_of(entry)->live) &= ~bit;
}

static struct entry *going[SETTLING_MAX];
static size_t going_count;

void entry_free(struct entry *entry)
{
    if (going_count < SETTLING_MAX)
        going[going_count++] = entry;
}

void entries_settle(void)
{
    while (going_count > 0) {
        struct entry *entry = going[--going_count];

        area_give(&names, (uint64_t)((uint8_t *)entry - names.base) / CELL_BYTES, cells_of(entry->length));
    }
}

/* ---- after a restart ---- */

enum page_kind page_found(uint8_t *page)
{
    if (page < inodes.base)
        return PAGE_HEADER;
    if (page < names.base)
        return PAGE_INODES;
    if (page < names.base + names.pages * BLOCK_SIZE)
        return PAGE_NAMES;
    block_page_found(page);
    return PAGE_BLOCK;
}

struct entry *page_entry(uint8_t *page, const struct entry *after)
{
    uint64_t live = ((struct name_page *)page)->live & ~1ull;

    if (after != NULL)
        live &= ~((2ull << cell_of(after)) - 1);
    return live != 0 ? (struct entry *)(page + (size_t)__builtin_ctzll(live) * CELL_BYTES) : NULL;
}

bool entry_fits(const struct entry *entry)
{
    return cell_of(entry) + cells_of(entry->length) <= PAGE_CELLS;
}

void entry_found(struct entry *entry)
{
    names.used[(size_t)((uint8_t *)page_of(entry) - names.base) / BLOCK_SIZE] |=
        names.own | ((1ull << cells_of(entry->length)) - 1) << cell_of(entry);
}

void inode_found(struct inode *node)
{
    inodes.used[node->index / PAGE_INODES_MAX] |= 1ull << node->index % PAGE_INODES_MAX;
}

uint64_t inode_index_at(const void *pointer)
{
    return (uint64_t)((const uint8_t *)pointer - inodes.base) / sizeof(struct inode);
}

void store_trim(void)
{
    area_trim(&inodes);
    area_trim(&names);
    blocks_trim();
}

/* ---- start ---- */

static bool lay_out(void)
{
    size_t pages = store_bytes / BLOCK_SIZE, part = pages / AREA_FRACTION;
    uint8_t *at = (uint8_t *)store + HEADER_PAGES * BLOCK_SIZE;

    return area_init(&inodes, at, part, (1ull << PAGE_INODES_MAX) - 1, 0) &&
           area_init(&names, at + part * BLOCK_SIZE, part, UINT64_MAX, 1) &&
           blocks_init(at + 2 * part * BLOCK_SIZE, pages - HEADER_PAGES - 2 * part);
}

/* malloc keeps what is freed in the middle of its heap, so that a system with some files neither grows nor
 * shrinks; and some of it is had from the start. */
static bool set_apart(size_t bytes)
{
    static void *above;
    void *reserve = malloc(bytes);

    if (above == NULL)
        above = malloc(1);
    if (reserve == NULL || above == NULL)
        return false;
    memset(reserve, 0, bytes < TOUCHED_BYTES ? bytes : TOUCHED_BYTES);
    free(reserve);
    return true;
}

int store_open(void *base, uint64_t bytes, const void *archive, size_t reserve)
{
    store = base;
    store_bytes = bytes;
    store_archive = archive;
    settling_count = going_count = 0;
    dir_forget();
    mounts_forget();
    if (!ramfs_commit(base, HEADER_PAGES * BLOCK_SIZE) || !lay_out() || !set_apart(reserve))
        return -ENOMEM;
    return store->magic == STORE_MAGIC && store->bytes == bytes;
}

int store_make(uint32_t generation)
{
    uint8_t *start = (uint8_t *)store + HEADER_PAGES * BLOCK_SIZE;

    store->magic = 0;
    ramfs_decommit(start, (size_t)(store_end() - start));
    blocks_trim();
    store->bytes = store_bytes;
    store->instance = ramfs_now() | 1;
    store->journal_used = 0;
    store->last_token = 0;
    store->generation_next = 0;
    store->generation_start = generation != 0 ? generation : 1;

    struct inode *root = inode_new(S_IFDIR | 0755);

    if (root == NULL)
        return -ENOMEM;
    root->links = 2;
    root->dir.parent = root;
    inodes.hint = ARCHIVE_INODES / PAGE_INODES_MAX;
    return 0;
}

void store_sealed(void)
{
    store_finish(0, NULL);
    store->generation_next = store->generation_start;
    inodes.hint = 0;
    __asm__ volatile("" : : : "memory");
    store->magic = STORE_MAGIC;
}

struct inode *store_root(void)
{
    return inode_at(0);
}

/*
 * Reader of flattened device trees: see <common/fdt.h>. Called at boot, before there is anything to
 * allocate from or to report to. A damaged tree gives errors, never an access outside the blob.
 */
#include <common/fdt.h>
#include <common/string.h>
#include <kinglet/errno.h>

/* Header, all fields big-endian words (Devicetree Specification 0.4, 5.2) */
enum header_field {
    HEADER_MAGIC,
    HEADER_TOTAL_SIZE,
    HEADER_STRUCTURE,
    HEADER_STRINGS,
    HEADER_RESERVATIONS,
    HEADER_VERSION,
    HEADER_LAST_COMPATIBLE,
    HEADER_BOOT_HART,
    HEADER_STRINGS_SIZE,
    HEADER_STRUCTURE_SIZE,
    HEADER_FIELDS
};

#define MAGIC 0xd00dfeedU
#define VERSION 17
#define RESERVATION_BYTES 16

/* Tokens of the structure block (5.4.1) */
enum token_kind { TOKEN_BEGIN = 1, TOKEN_END = 2, TOKEN_PROPERTY = 3, TOKEN_NOP = 4, TOKEN_FINISH = 9 };

struct token {
    enum token_kind kind;
    uint32_t next;      /* offset in the structure block of the token after it */
    const char *name;   /* of a node or property */
    const void *value;  /* of a property, `length` bytes */
    uint32_t length;
};

uint32_t fdt_u32(const void *cell)
{
    const uint8_t *b = cell;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint64_t fdt_cells(const void *cells, int n)
{
    uint64_t value = 0;

    for (int i = 0; i < n; i++)
        value = value << 32 | fdt_u32((const uint8_t *)cells + 4 * i);
    return value;
}

/* The string at `offset` of a block, or NULL outside it. fdt_open has made sure that a NUL ends any string
 * that begins inside. */
static const char *string_in(const struct fdt *t, uint32_t block, uint32_t block_size, uint32_t offset)
{
    return offset < block_size ? (const char *)t->blob + block + offset : NULL;
}

/* Whether no string can run out of its block. The structure block ends with TOKEN_FINISH, a word whose first
 * byte is 0, and names begin before it. An empty strings block holds none. */
static bool strings_end_inside(const struct fdt *t)
{
    return t->structure_size % 4 == 0 && t->structure_size >= 4 &&
           t->blob[t->structure + t->structure_size - 4] == 0 &&
           (t->strings_size == 0 || t->blob[t->strings + t->strings_size - 1] == 0);
}

/* Read the token at `offset` of the structure block. False: it is malformed, or the block ends. */
static bool read_token(const struct fdt *t, uint32_t offset, struct token *token)
{
    const uint8_t *structure = t->blob + t->structure;
    uint32_t end = t->structure_size;

    if (offset % 4 != 0 || offset > end || end - offset < 4)
        return false;
    token->kind = (enum token_kind)fdt_u32(structure + offset);
    offset += 4;
    switch (token->kind) {
    case TOKEN_BEGIN:
        token->name = string_in(t, t->structure, end, offset);
        if (token->name == NULL)
            return false;
        offset += (uint32_t)strlen(token->name) + 1;
        break;
    case TOKEN_PROPERTY:
        if (end - offset < 8)
            return false;
        token->length = fdt_u32(structure + offset);
        token->name = string_in(t, t->strings, t->strings_size, fdt_u32(structure + offset + 4));
        offset += 8;
        if (token->name == NULL || token->length > end - offset || token->length > INT32_MAX)
            return false;
        token->value = structure + offset;
        offset += token->length;
        break;
    default:
        if (token->kind != TOKEN_END && token->kind != TOKEN_NOP && token->kind != TOKEN_FINISH)
            return false;
    }
    token->next = (offset + 3) & ~3U; /* cannot wrap: offset <= size of the blob <= INT32_MAX */
    return true;
}

/* Whether the structure block is one well-formed tree: a root, nodes closed as often as opened, properties
 * before the nodes inside, nothing behind the root but TOKEN_FINISH. */
static bool tree_is_sound(const struct fdt *t)
{
    struct token token;
    uint32_t offset = 0;
    int depth = 0;
    bool rooted = false, properties_allowed = false;

    for (;; offset = token.next) {
        if (!read_token(t, offset, &token))
            return false;
        switch (token.kind) {
        case TOKEN_BEGIN:
            if ((depth == 0 && rooted) || depth == FDT_MAX_DEPTH)
                return false;
            depth++;
            rooted = true;
            properties_allowed = true;
            break;
        case TOKEN_END:
            if (depth == 0)
                return false;
            depth--;
            properties_allowed = false;
            break;
        case TOKEN_PROPERTY:
            if (!properties_allowed)
                return false;
            break;
        case TOKEN_NOP:
            break;
        case TOKEN_FINISH:
            return rooted && depth == 0;
        }
    }
}

/* Whether bytes [offset, offset + size) lie inside the blob, behind the header. */
static bool block_inside(const struct fdt *t, uint32_t offset, uint32_t size)
{
    return offset >= 4 * HEADER_FIELDS && offset <= t->size && size <= t->size - offset;
}

int fdt_open(struct fdt *t, const void *blob, size_t max)
{
    const uint8_t *b = blob;
    uint32_t field[HEADER_FIELDS];

    if (blob == NULL || max < sizeof(field))
        return -EINVAL;
    for (int i = 0; i < HEADER_FIELDS; i++)
        field[i] = fdt_u32(b + 4 * i);
    if (field[HEADER_MAGIC] != MAGIC || field[HEADER_VERSION] < VERSION ||
        field[HEADER_LAST_COMPATIBLE] > VERSION)
        return -EINVAL;
    if (field[HEADER_TOTAL_SIZE] > max || field[HEADER_TOTAL_SIZE] > INT32_MAX)
        return -EINVAL;

    *t = (struct fdt){
        .blob = blob,
        .size = field[HEADER_TOTAL_SIZE],
        .reservations = field[HEADER_RESERVATIONS],
        .structure = field[HEADER_STRUCTURE],
        .structure_size = field[HEADER_STRUCTURE_SIZE],
        .strings = field[HEADER_STRINGS],
        .strings_size = field[HEADER_STRINGS_SIZE],
        .boot_hart = field[HEADER_BOOT_HART],
    };
    if (!block_inside(t, t->structure, t->structure_size) || t->structure % 4 != 0 ||
        !block_inside(t, t->strings, t->strings_size) ||
        !block_inside(t, t->reservations, RESERVATION_BYTES) || t->reservations % 8 != 0)
        return -EINVAL;
    return strings_end_inside(t) && tree_is_sound(t) ? 0 : -EINVAL;
}

/* The token at `node`, when that is the beginning of a node. */
static bool read_node(const struct fdt *t, int node, struct token *token)
{
    return node >= 0 && read_token(t, (uint32_t)node, token) && token->kind == TOKEN_BEGIN;
}

int fdt_next_node(const struct fdt *t, int node, int *depth)
{
    struct token token;
    uint32_t offset = 0;
    int level = depth != NULL ? *depth : 0;

    if (node < 0) {
        level = -1;
    } else {
        if (!read_node(t, node, &token))
            return -EINVAL;
        offset = token.next;
    }
    for (; read_token(t, offset, &token); offset = token.next) {
        if (token.kind == TOKEN_FINISH)
            return -ENOENT;
        if (token.kind == TOKEN_END)
            level--;
        if (token.kind == TOKEN_BEGIN) {
            if (depth != NULL)
                *depth = level + 1;
            return (int)offset;
        }
    }
    return -EINVAL;
}

const char *fdt_name(const struct fdt *t, int node)
{
    struct token token;

    return read_node(t, node, &token) ? token.name : NULL;
}

const void *fdt_property(const struct fdt *t, int node, const char *name, int *length)
{
    struct token token;

    if (!read_node(t, node, &token))
        return NULL;
    while (read_token(t, token.next, &token)) {
        if (token.kind == TOKEN_NOP)
            continue;
        if (token.kind != TOKEN_PROPERTY) /* they come before all nodes inside */
            break;
        if (strcmp(token.name, name) == 0) {
            if (length != NULL)
                *length = (int)token.length;
            return token.value;
        }
    }
    return NULL;
}

uint32_t fdt_property_u32(const struct fdt *t, int node, const char *name, uint32_t otherwise)
{
    int length;
    const void *value = fdt_property(t, node, name, &length);

    return value != NULL && length >= 4 ? fdt_u32(value) : otherwise;
}

const char *fdt_property_string(const struct fdt *t, int node, const char *name)
{
    int length;
    const char *value = fdt_property(t, node, name, &length);

    return value != NULL && memchr(value, '\0', (size_t)length) != NULL ? value : NULL;
}

int fdt_parent(const struct fdt *t, int node)
{
    int above[FDT_MAX_DEPTH]; /* the node last seen at each depth */
    int depth = 0;

    for (int n = fdt_next_node(t, -1, &depth); n >= 0; n = fdt_next_node(t, n, &depth)) {
        if (depth < 0 || depth >= FDT_MAX_DEPTH)
            return -EINVAL;
        above[depth] = n;
        if (n == node)
            return depth > 0 ? above[depth - 1] : -ENOENT;
    }
    return -ENOENT;
}

/* Whether a node's name is the `n` characters at `wanted`, which may leave the unit address out. */
static bool name_matches(const char *name, const char *wanted, size_t n)
{
    if (strncmp(name, wanted, n) != 0)
        return false;
    return name[n] == '\0' || (name[n] == '@' && memchr(wanted, '@', n) == NULL);
}

int fdt_find_path(const struct fdt *t, const char *path)
{
    int depth = 0, wanted_depth = 0;
    int node = fdt_next_node(t, -1, &depth);

    if (path[0] != '/')
        return -ENOENT;
    while (node >= 0) {
        while (*path == '/')
            path++;
        if (*path == '\0')
            return node;

        size_t n = 0;

        while (path[n] != '\0' && path[n] != '/')
            n++;
        wanted_depth++;
        do {
            node = fdt_next_node(t, node, &depth);
            if (node >= 0 && depth < wanted_depth)
                return -ENOENT; /* left the node in which it should have been */
        } while (node >= 0 && (depth != wanted_depth || !name_matches(fdt_name(t, node), path, n)));
        path += n;
    }
    return -ENOENT;
}

int fdt_find_phandle(const struct fdt *t, uint32_t phandle)
{
    if (phandle == 0)
        return -ENOENT;
    for (int node = fdt_next_node(t, -1, NULL); node >= 0; node = fdt_next_node(t, node, NULL))
        if (fdt_property_u32(t, node, "phandle", 0) == phandle)
            return node;
    return -ENOENT;
}

bool fdt_is_compatible(const struct fdt *t, int node, const char *string)
{
    int length = 0;
    const char *list = fdt_property(t, node, "compatible", &length);
    const char *end = list != NULL ? list + length : NULL;

    while (list < end) {
        size_t left = (size_t)(end - list), n = strnlen(list, left);

        if (n == left)
            return false; /* no NUL ends it */
        if (strcmp(list, string) == 0)
            return true;
        list += n + 1;
    }
    return false;
}

int fdt_find_compatible(const struct fdt *t, int node, const char *string)
{
    while ((node = fdt_next_node(t, node, NULL)) >= 0)
        if (fdt_is_compatible(t, node, string))
            return node;
    return -ENOENT;
}

bool fdt_is_enabled(const struct fdt *t, int node)
{
    const char *status = fdt_property_string(t, node, "status");

    if (status == NULL)
        return fdt_property(t, node, "status", NULL) == NULL;
    return strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

int fdt_reg(const struct fdt *t, int node, int index, uint64_t *base, uint64_t *size)
{
    int parent = fdt_parent(t, node);
    int length;
    const uint8_t *reg = fdt_property(t, node, "reg", &length);

    if (parent < 0 || reg == NULL || index < 0)
        return -ENOENT;

    /* 2 and 1 when not given (2.3.5); more than 4 of either is nothing any bus has */
    uint32_t address_cells = fdt_property_u32(t, parent, "#address-cells", 2);
    uint32_t size_cells = fdt_property_u32(t, parent, "#size-cells", 1);

    if (address_cells == 0 || address_cells > 4 || size_cells > 4)
        return -ENOENT;

    int64_t entry = 4 * ((int64_t)address_cells + size_cells);

    if (entry * ((int64_t)index + 1) > length)
        return -ENOENT;
    reg += entry * index;
    *base = fdt_cells(reg, (int)address_cells);
    if (size != NULL)
        *size = fdt_cells(reg + 4 * address_cells, (int)size_cells);
    return 0;
}

int fdt_reservation(const struct fdt *t, int index, uint64_t *base, uint64_t *size)
{
    uint64_t at = t->reservations;

    /* the list ends with an entry of zeros, or with the blob */
    for (int i = 0; index >= 0 && at + RESERVATION_BYTES <= t->size; i++, at += RESERVATION_BYTES) {
        uint64_t b = fdt_cells(t->blob + at, 2), s = fdt_cells(t->blob + at + 8, 2);

        if (b == 0 && s == 0)
            break;
        if (i == index) {
            *base = b;
            *size = s;
            return 0;
        }
    }
    return -ENOENT;
}

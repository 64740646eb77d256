/*
 * lib/common/fdt.c on small trees made here: what each function reads, and what fdt_open refuses.
 */
#include "fdt_questions.h"

static unsigned node_count(const struct fdt *t)
{
    unsigned n = 0;

    for (int node = fdt_next_node(t, -1, NULL); node >= 0; node = fdt_next_node(t, node, NULL))
        n++;
    return n;
}

/* ---- how to make a tree ---- */

enum { BEGIN = 1, END = 2, PROPERTY = 3, NOP = 4, FINISH = 9 };

struct tree {
    uint8_t bytes[8192];
    uint32_t n; /* bytes so far; header and reservations come first */
};

#define STRINGS "reg\0#address-cells\0#size-cells\0compatible\0status"
#define REG 0
#define ADDRESS_CELLS 4
#define SIZE_CELLS 19
#define COMPATIBLE 31
#define STATUS 42

static void word(struct tree *t, uint32_t value)
{
    put_u32(t->bytes + t->n, value);
    t->n += 4;
}

static void raw(struct tree *t, const void *bytes, uint32_t n)
{
    memcpy(t->bytes + t->n, bytes, n);
    t->n = (t->n + n + 3) & ~3U;
}

static void begin(struct tree *t, const char *name)
{
    word(t, BEGIN);
    raw(t, name, (uint32_t)strlen(name) + 1);
}

static void property(struct tree *t, uint32_t name, const void *value, uint32_t length)
{
    word(t, PROPERTY);
    word(t, length);
    word(t, name);
    raw(t, value, length);
}

static void cell(struct tree *t, uint32_t name, uint32_t value)
{
    uint8_t bytes[4];

    put_u32(bytes, value);
    property(t, name, bytes, 4);
}

#define STRUCTURE (40 + 2 * 16)

static struct tree new_tree(void)
{
    struct tree t = { .n = 40 };

    word(&t, 0), word(&t, 0x80000000), word(&t, 0), word(&t, 0x1000); /* one reservation */
    word(&t, 0), word(&t, 0), word(&t, 0), word(&t, 0);
    return t;
}

/* Write strings and header behind the tokens. */
static void seal(struct tree *t)
{
    uint32_t structure_size = t->n - STRUCTURE, strings = t->n;

    raw(t, STRINGS, sizeof(STRINGS));

    uint32_t header[] = { 0xd00dfeed, t->n, STRUCTURE, strings, 40, 17, 16, 2, sizeof(STRINGS),
                          structure_size };

    for (int i = 0; i < 10; i++)
        put_u32(t->bytes + 4 * i, header[i]);
}

/* ---- the cases ---- */

static struct tree small_tree(void)
{
    struct tree t = new_tree();
    static const uint8_t reg[24] = { 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6 };

    begin(&t, "");
    word(&t, NOP);
    cell(&t, ADDRESS_CELLS, 2);
    cell(&t, SIZE_CELLS, 1);
    begin(&t, "a@1");
    property(&t, REG, reg, 24);
    word(&t, NOP);
    property(&t, COMPATIBLE, "one\0two", 8);
    property(&t, STATUS, "disabled", 9);
    word(&t, END);
    word(&t, NOP);
    begin(&t, "a@2");
    property(&t, REG, reg, 23);
    property(&t, COMPATIBLE, "one", 3); /* no NUL */
    property(&t, STATUS, "okay", 5);
    begin(&t, "bus");
    begin(&t, "dev");
    property(&t, REG, reg, 12); /* cells as by default: 2 and 1 */
    word(&t, END);
    word(&t, END);
    word(&t, END);
    word(&t, END);
    word(&t, FINISH);
    seal(&t);
    return t;
}

CASE(reg_is_read_with_the_cells_of_the_parent)
{
    struct tree tree = small_tree();
    struct fdt t;
    uint64_t base, size;

    CHECK_EQUAL(fdt_open(&t, tree.bytes, tree.n), 0);

    int a1 = fdt_find_path(&t, "/a@1"), a2 = fdt_find_path(&t, "/a@2");
    int dev = fdt_find_path(&t, "/a@2/bus/dev");

    CHECK_EQUAL(fdt_reg(&t, a1, 0, &base, &size), 0);
    CHECK_EQUAL(base, 0x100000002);
    CHECK_EQUAL(size, 3);
    CHECK_EQUAL(fdt_reg(&t, a1, 1, &base, NULL), 0);
    CHECK_EQUAL(base, 0x400000005);
    CHECK_EQUAL(fdt_reg(&t, a1, 2, &base, &size), -ENOENT);
    CHECK_EQUAL(fdt_reg(&t, a1, -1, &base, &size), -ENOENT);
    CHECK_EQUAL(fdt_reg(&t, a1, INT32_MAX, &base, &size), -ENOENT);
    CHECK_EQUAL(fdt_reg(&t, a2, 1, &base, &size), -ENOENT); /* a byte is missing */
    CHECK_EQUAL(fdt_reg(&t, dev, 0, &base, &size), 0);
    CHECK_EQUAL(size, 3);
    CHECK_EQUAL(fdt_reg(&t, fdt_find_path(&t, "/a@2/bus"), 0, &base, &size), -ENOENT);
    CHECK_EQUAL(fdt_reg(&t, fdt_find_path(&t, "/"), 0, &base, &size), -ENOENT);
}

CASE(compatible_strings_are_compared_whole)
{
    struct tree tree = small_tree();
    struct fdt t;

    CHECK_EQUAL(fdt_open(&t, tree.bytes, tree.n), 0);

    int a1 = fdt_find_path(&t, "/a@1"), a2 = fdt_find_path(&t, "/a@2");

    CHECK(fdt_is_compatible(&t, a1, "one") && fdt_is_compatible(&t, a1, "two"));
    CHECK(!fdt_is_compatible(&t, a1, "on") && !fdt_is_compatible(&t, a1, "wo"));
    CHECK(!fdt_is_compatible(&t, a1, "") && !fdt_is_compatible(&t, a1, "twos"));
    CHECK(!fdt_is_compatible(&t, a2, "one"));
    CHECK_EQUAL(fdt_find_compatible(&t, -1, "two"), a1);
    CHECK_EQUAL(fdt_find_compatible(&t, a1, "two"), -ENOENT);
    CHECK(!fdt_is_enabled(&t, a1));
    CHECK(fdt_is_enabled(&t, a2));
}

CASE(header_fields_and_reservations_are_read)
{
    struct tree tree = small_tree();
    struct fdt t;
    uint64_t base, size;

    CHECK_EQUAL(fdt_open(&t, tree.bytes, tree.n), 0);
    CHECK_EQUAL(t.boot_hart, 2);
    CHECK_EQUAL(t.size, tree.n);
    CHECK_EQUAL(node_count(&t), 5);
    CHECK_EQUAL(fdt_reservation(&t, 0, &base, &size), 0);
    CHECK_EQUAL(base, 0x80000000);
    CHECK_EQUAL(size, 0x1000);
    CHECK_EQUAL(fdt_reservation(&t, 1, &base, &size), -ENOENT);
    CHECK_EQUAL(fdt_reservation(&t, -1, &base, &size), -ENOENT);
}

CASE(cells_are_big_endian_at_any_alignment)
{
    static const uint8_t bytes[] = { 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4 };

    CHECK_EQUAL(fdt_u32(bytes + 1), 0x12345678);
    CHECK_EQUAL(fdt_cells(bytes + 1, 0), 0);
    CHECK_EQUAL(fdt_cells(bytes + 1, 1), 0x12345678);
    CHECK_EQUAL(fdt_cells(bytes + 1, 2), 0x123456789abcdef0);
    CHECK_EQUAL(fdt_cells(bytes + 1, 3), 0x9abcdef001020304); /* as PCI addresses: the low two */
}

CASE(a_header_that_lies_is_refused)
{
    static const uint32_t lies[] = { 0, 39, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 8192 };
    /* totalsize, structure, strings, reservations, strings size, structure size */
    static const int fields[] = { 1, 2, 3, 4, 8, 9 };

    for (size_t f = 0; f < sizeof(fields) / sizeof(*fields); f++) {
        for (size_t l = 0; l < sizeof(lies) / sizeof(*lies); l++) {
            struct tree tree = small_tree();

            put_u32(tree.bytes + 4 * fields[f], lies[l]);
            CHECK_EQUAL(try_blob(tree.bytes, tree.n), -EINVAL);
        }
    }

    struct tree tree = small_tree();
    struct fdt t;

    put_u32(tree.bytes, 0xd00dfeee);
    CHECK_EQUAL(try_blob(tree.bytes, tree.n), -EINVAL);
    tree = small_tree();
    put_u32(tree.bytes + 20, 3); /* version */
    CHECK_EQUAL(try_blob(tree.bytes, tree.n), -EINVAL);
    tree = small_tree();
    put_u32(tree.bytes + 24, 18); /* readable only from version 18 on */
    CHECK_EQUAL(try_blob(tree.bytes, tree.n), -EINVAL);
    CHECK_EQUAL(fdt_open(&t, NULL, 100), -EINVAL);
}

/* The tokens of a tree, as one string: ( begins, ) ends, p property, n NOP, f finish, ? an unknown one. */
static int try_tokens(const char *tokens)
{
    struct tree t = new_tree();

    for (; *tokens != '\0'; tokens++) {
        switch (*tokens) {
        case '(':
            begin(&t, "x");
            break;
        case ')':
            word(&t, END);
            break;
        case 'p':
            cell(&t, REG, 1);
            break;
        case 's':
            cell(&t, sizeof(STRINGS), 1); /* name outside the strings */
            break;
        case 'l':
            word(&t, PROPERTY), word(&t, 0x7fffffff), word(&t, REG);
            break;
        case 'L':
            word(&t, PROPERTY), word(&t, 0xffffffff), word(&t, REG);
            break;
        case 'u':
            word(&t, BEGIN), raw(&t, "endless!", 8); /* name without a NUL */
            break;
        case 'n':
            word(&t, NOP);
            break;
        case 'f':
            word(&t, FINISH);
            break;
        default:
            word(&t, 5);
        }
    }
    seal(&t);
    return try_blob(t.bytes, t.n);
}

CASE(a_structure_that_is_no_tree_is_refused)
{
    static const char *const bad[] = {
        "", "f", "nf", "(", "()", "(f", "())f", ")f", "()()f", "p()f", "(()p)f", "()pf", "(?)f", "(s)f",
        "(l)f", "(L)f", "(u", "(lf", "((((f", "(p",
    };

    CHECK_EQUAL(try_tokens("()f"), 0);
    CHECK_EQUAL(try_tokens("n(nppn(pn)n())nf"), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (try_tokens(bad[i]) != -EINVAL) {
            fprintf(stderr, "accepted: %s\n", bad[i]);
            exit(1);
        }
    }
}

CASE(names_that_no_nul_ends_are_refused)
{
    struct tree tree = small_tree();

    put_u32(tree.bytes + 32, sizeof(STRINGS) - 1); /* the strings block ends within "status" */
    CHECK_EQUAL(try_blob(tree.bytes, tree.n), -EINVAL);
    put_u32(tree.bytes + 32, sizeof(STRINGS));
    CHECK_EQUAL(try_blob(tree.bytes, tree.n), 0);
}

/* A structure block that is the last thing in its blob, so that a step behind it is one outside the blob. */
static int try_last_words(const uint32_t *words, uint32_t n)
{
    struct tree t = { .n = 40 };

    word(&t, 0), word(&t, 0), word(&t, 0), word(&t, 0);
    raw(&t, STRINGS, sizeof(STRINGS));

    uint32_t structure = t.n;

    for (uint32_t i = 0; i < n; i++)
        word(&t, words[i]);

    uint32_t header[] = { 0xd00dfeed, t.n, structure, 56, 40, 17, 16, 0, sizeof(STRINGS), 4 * n };

    for (int i = 0; i < 10; i++)
        put_u32(t.bytes + 4 * i, header[i]);
    return try_blob(t.bytes, t.n);
}

CASE(nothing_is_read_behind_the_last_token)
{
    static const uint32_t whole[] = { BEGIN, 0, PROPERTY, 4, REG, 7, END, FINISH };

    CHECK_EQUAL(try_last_words(whole, 8), 0);
    for (uint32_t n = 0; n < 8; n++)
        CHECK_EQUAL(try_last_words(whole, n), -EINVAL);
    for (uint32_t length = 0; length < 64; length++) {
        uint32_t words[] = { BEGIN, 0, PROPERTY, length, REG, 0, END, FINISH };

        CHECK_EQUAL(try_last_words(words, 8), length >= 1 && length <= 4 ? 0 : -EINVAL);
    }
}

CASE(a_tree_deeper_than_the_reader_goes_is_refused)
{
    for (int depth = FDT_MAX_DEPTH - 1; depth <= FDT_MAX_DEPTH + 1; depth++) {
        char tokens[2 * FDT_MAX_DEPTH + 8] = "";

        memset(tokens, '(', (size_t)depth);
        memset(tokens + depth, ')', (size_t)depth);
        tokens[2 * depth] = 'f';
        CHECK_EQUAL(try_tokens(tokens), depth <= FDT_MAX_DEPTH ? 0 : -EINVAL);
    }
}

CASE(cells_no_bus_has_are_refused)
{
    static const uint32_t cells[] = { 5, 0x40000000, 0xffffffff };

    for (size_t i = 0; i < 3; i++) {
        for (int which = 0; which < 2; which++) {
            struct tree tree = new_tree();
            struct fdt t;
            uint64_t base, size;

            begin(&tree, "");
            cell(&tree, which ? ADDRESS_CELLS : SIZE_CELLS, cells[i]);
            begin(&tree, "a");
            property(&tree, REG, tree.bytes, 64);
            word(&tree, END);
            word(&tree, END);
            word(&tree, FINISH);
            seal(&tree);
            CHECK_EQUAL(fdt_open(&t, tree.bytes, tree.n), 0);
            CHECK_EQUAL(fdt_reg(&t, fdt_find_path(&t, "/a"), 0, &base, &size), -ENOENT);
        }
    }
}

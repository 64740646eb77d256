/*
 * What code compiled with -fsanitize=undefined (debug builds) calls when it finds undefined
 * behaviour: each handler panics, naming file and line. Nothing else calls them.
 */
#ifdef KINGLET_DEBUG

#include <stdint.h>
#include "riscv/panic.h"

/* How each handler's first argument begins, in gcc and clang alike. */
struct ubsan_place {
    const char *file;
    uint32_t line, column;
};

#define HANDLER(name, text) \
    void __ubsan_handle_##name(const struct ubsan_place *place); \
    void __ubsan_handle_##name(const struct ubsan_place *place) \
    { \
        panic("%s:%u: %s", place->file, place->line, text); \
    }

HANDLER(type_mismatch_v1, "pointer is null, misaligned, or to too small an object")
HANDLER(pointer_overflow, "pointer arithmetic overflows")
HANDLER(alignment_assumption, "pointer is not aligned as promised")
HANDLER(out_of_bounds, "index out of bounds")
HANDLER(add_overflow, "signed addition overflows")
HANDLER(sub_overflow, "signed subtraction overflows")
HANDLER(mul_overflow, "signed multiplication overflows")
HANDLER(negate_overflow, "negation overflows")
HANDLER(divrem_overflow, "division by zero or overflow")
HANDLER(shift_out_of_bounds, "shift by too much, or of a negative number")
HANDLER(load_invalid_value, "value is none of its type")
HANDLER(vla_bound_not_positive, "array of no or negative size")
HANDLER(builtin_unreachable, "unreachable code was reached")
HANDLER(missing_return, "function ended without a value")
HANDLER(nonnull_arg, "null passed where it is not allowed")
HANDLER(invalid_builtin, "zero passed to a bit-counting builtin")
HANDLER(float_cast_overflow, "number does not fit the type")
HANDLER(function_type_mismatch, "function called through a pointer of another type")

/* This one has its place in the second argument. */
void __ubsan_handle_nonnull_return_v1(const void *data, const struct ubsan_place *place);
void __ubsan_handle_nonnull_return_v1(const void *data, const struct ubsan_place *place)
{
    panic("%s:%u: null returned where it is not allowed", place->file, place->line);
}

#endif

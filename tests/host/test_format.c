/*
 * lib/common/format.c against the host's snprintf, and where C leaves the choice, against what
 * <common/format.h> says.
 */
#include <common/format.h>
#include <kinglet/errno.h>
#include <limits.h>

#include "check.h"

#pragma GCC diagnostic ignored "-Wformat"          /* many formats here are wrong on purpose, */
#pragma GCC diagnostic ignored "-Wformat-security" /* or made at run time */
#pragma GCC diagnostic ignored "-Wformat-extra-args"

/* Ours and the host's give the same text and the same length. */
#define SAME(...) \
    do { \
        char ours[512], theirs[512]; \
        int our_length = format_n(ours, sizeof(ours), __VA_ARGS__); \
        int their_length = snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
        CHECK_TEXT(ours, theirs); \
        CHECK_EQUAL(our_length, their_length); \
    } while (0)

#define GIVES(wanted, ...) \
    do { \
        char ours[512]; \
        int our_length = format_n(ours, sizeof(ours), __VA_ARGS__); \
        CHECK_TEXT(ours, wanted); \
        CHECK_EQUAL(our_length, strlen(wanted)); \
    } while (0)

/* Every set of flags with some widths and precisions: calls `use` with the text between % and length. */
static void for_every_spec(const char *flag_set, void (*use)(const char *spec))
{
    static const char *const widths[] = { "", "1", "7", "30" };
    static const char *const precisions[] = { "", ".", ".0", ".1", ".5", ".25" };
    size_t flags = strlen(flag_set);

    for (unsigned set = 0; set < 1U << flags; set++) {
        for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++) {
            for (size_t p = 0; p < sizeof(precisions) / sizeof(*precisions); p++) {
                char spec[64];
                size_t n = 0;

                for (size_t f = 0; f < flags; f++)
                    if (set & 1U << f)
                        spec[n++] = flag_set[f];
                snprintf(spec + n, sizeof(spec) - n, "%s%s", widths[w], precisions[p]);
                use(spec);
            }
        }
    }
}

static void integer_spec(const char *spec)
{
    static const long long values[] = {
        0, 1, -1, 8, 255, -128, 32768, 123456789, INT_MIN, INT_MAX, LLONG_MIN, LLONG_MAX,
    };
    static const char *const lengths[] = { "hh", "h", "", "l", "ll", "z", "j", "t" };

    for (const char *conversion = "diuxXo"; *conversion != '\0'; conversion++) {
        for (size_t l = 0; l < sizeof(lengths) / sizeof(*lengths); l++) {
            char format[80];

            snprintf(format, sizeof(format), "<%%%s%s%c>", spec, lengths[l], *conversion);
            for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
                if (l <= 2)
                    SAME(format, (int)values[v]);
                else
                    SAME(format, values[v]);
            }
        }
    }
}

CASE(integers_look_as_on_the_host_with_every_flag)
{
    for_every_spec("-+ 0#", integer_spec);
}

static void text_spec(const char *spec)
{
    char format[80];

    snprintf(format, sizeof(format), "<%%%ss>", spec);
    SAME(format, "");
    SAME(format, "abc");
    SAME(format, "a text of some length");
    snprintf(format, sizeof(format), "<%%%sc>", spec);
    SAME(format, 'x');
}

CASE(texts_and_characters_look_as_on_the_host)
{
    for_every_spec("-", text_spec);
}

CASE(widths_and_precisions_come_from_arguments)
{
    SAME("<%*d>", 8, 42);
    SAME("<%*d>", -8, 42);
    SAME("<%.*d>", 5, 42);
    SAME("<%.*d>", -5, 42);
    SAME("<%0*.*x>", 12, 6, 0xbeef);
    SAME("<%-*.*s>", 12, 3, "abcdef");
    SAME("<%*s|%*s>", 3, "a", -3, "b");
}

CASE(a_precision_bounds_what_is_read_of_a_string)
{
    char *text = exact_copy("abcd", 4);

    GIVES("abcd", "%.4s", text);
    GIVES("ab", "%.2s", text);
    free(text);
}

CASE(pointers_are_hexadecimal)
{
    GIVES("0xdeadbeef", "%p", (void *)0xdeadbeef);
    GIVES("0x0", "%p", NULL);
    GIVES("<      0x10>", "<%10p>", (void *)0x10);
    GIVES("<0x10      >", "<%-10p>", (void *)0x10);
}

CASE(oddities_are_printed_and_not_followed)
{
    GIVES("(null)", "%s", (char *)NULL);
    GIVES("(nu", "%.3s", (char *)NULL);
    GIVES("100%", "100%%");
    GIVES("%", "%");
    GIVES("a%-5", "a%-5");
    GIVES("%y 7", "%y %d", 7);
    GIVES("%ln 7", "%ln %d", 7);
    GIVES("", "%s", "");
    SAME("%%%c%%", 'c');
    SAME("%d%s%u", -1, "x", 1u);
    SAME("<%c>", '\0');
}

CASE(floating_point_without_a_writer_is_a_question_mark)
{
    GIVES("? and 7", "%f and %d", 1.5, 7);
    GIVES("<    ?>", "<%5.2g>", 1.5);
    GIVES("? 7", "%Lf %d", 1.5L, 7);
}

CASE(the_buffer_is_never_overrun_and_always_terminated)
{
    for (size_t room = 0; room < 20; room++) {
        char *buffer = malloc(room + (room == 0));

        CHECK_EQUAL(format_n(buffer, room, "%s-%05d", "abcdef", 42), 12);
        if (room > 0)
            CHECK_EQUAL(strlen(buffer), room > 12 ? 12 : room - 1);
        if (room > 0)
            CHECK(strncmp(buffer, "abcdef-00042", room - 1) == 0);
        free(buffer);
    }
    CHECK_EQUAL(format_n(NULL, 0, "%s", "abc"), 3);
}

CASE(a_length_above_int_max_is_an_error)
{
    char buffer[16];

    CHECK_EQUAL(format_n(buffer, sizeof(buffer), "%2147483648d", 1), -EOVERFLOW);
    CHECK_EQUAL(format_n(buffer, sizeof(buffer), "%.2147483648d", 1), -EOVERFLOW);
    CHECK_EQUAL(format_n(buffer, sizeof(buffer), "%99999999999999999999999d", 1), -EOVERFLOW);
    CHECK_EQUAL(format_n(buffer, sizeof(buffer), "%*d", INT_MIN, 1), -EOVERFLOW);
    CHECK_EQUAL(format_n(buffer, sizeof(buffer), "ab%1073741824d%1073741824d", 1, 1), -EOVERFLOW);
    CHECK_EQUAL(strlen(buffer), sizeof(buffer) - 1);
}

/* A writer of doubles as libc's is: builds the digits, and lets format_padded place them. */
static size_t write_fixed(format_put *put, void *context, const struct format_spec *spec, double value)
{
    char digits[64];
    const char *prefix = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

    CHECK_EQUAL(spec->conversion, 'f');
    snprintf(digits, sizeof(digits), "%.*f", spec->precision < 0 ? 6 : spec->precision,
             value < 0 ? -value : value);
    return format_padded(put, context, spec, prefix, strlen(prefix), digits, strlen(digits));
}

static int format_with_doubles(char *text, size_t room, const char *format, ...)
{
    struct format_buffer buffer = { .text = text, .room = room };
    va_list arguments;

    va_start(arguments, format);
    int length = format_va(format_to_buffer, &buffer, write_fixed, format, arguments);
    va_end(arguments);
    format_end(&buffer);
    return length;
}

static void double_spec(const char *spec)
{
    static const double values[] = { 0.0, 1.5, -2.25, 12345.678 };
    char format[80], ours[128], theirs[128];

    snprintf(format, sizeof(format), "<%%%sf|%%d>", spec);
    for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
        int our_length = format_with_doubles(ours, sizeof(ours), format, values[v], 7);
        int their_length = snprintf(theirs, sizeof(theirs), format, values[v], 7);

        CHECK_TEXT(ours, theirs);
        CHECK_EQUAL(our_length, their_length);
    }
}

CASE(a_writer_of_doubles_gets_width_precision_and_flags)
{
    for_every_spec("-+ 0", double_spec);
}

CASE(random_formats_end_within_their_buffer)
{
    for (int round = 0; round < 20000; round++) {
        static const char set[] = "%%%%-+ 0#123.*hlzjtdiuxXocsp%fegab";
        char format[24], *exact, buffer[64];
        size_t n = random_below(sizeof(format) - 1);

        for (size_t i = 0; i < n; i++) {
            format[i] = set[random_below(sizeof(set) - 1)];
            if (format[i] == 's' || format[i] == '*') /* the arguments below are no strings, nor small */
                format[i] = 'd';
            if (i > 1 && format[i] >= '0' && format[i] <= '9' && format[i - 1] >= '0' &&
                format[i - 1] <= '9' && format[i - 2] >= '0' && format[i - 2] <= '9')
                format[i] = 'x'; /* no fields of thousands of characters */
        }
        format[n] = '\0';
        exact = exact_copy(format, n + 1);
        CHECK(format_n(buffer, sizeof(buffer), exact, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L, 12L, 13L,
                       14L, 15L, 16L, 17L, 18L, 19L, 20L, 21L, 22L, 23L, 24L) >= 0);
        CHECK(memchr(buffer, '\0', sizeof(buffer)) != NULL);
        free(exact);
    }
}

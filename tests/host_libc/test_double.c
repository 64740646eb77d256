/*
 * printf's and strtod's floating point against the host's C library, which rounds correctly.
 */
// sources: lib/libc/double_digits.c lib/libc/format_double.c lib/libc/strtod.c lib/libc/strings.c
// sources: lib/libc/ctype.c lib/libc/sprintf.c lib/libc/errno.c lib/common/format.c lib/common/string.c

#include "check.h"
#include <errno.h>
#include <math.h>

int kinglet_snprintf(char *out, size_t room, const char *format, ...);
double kinglet_strtod(const char *text, char **end);
extern _Thread_local int kinglet_errno;

void *kinglet_malloc(size_t bytes)
{
    return malloc(bytes);
}

static double random_double(void)
{
    uint64_t bits = random_u64();
    double value;
    memcpy(&value, &bits, sizeof value);
    switch (random_below(4)) {
    case 0:
        return value; /* any exponent, infinities and NaN among them */
    case 1:
        return ldexp((double)(random_u64() >> 11), -60 + (int)random_below(20)); /* 0.00x to 1000s */
    case 2:
        return (double)random_below(100000) / (double)(1 << random_below(10)); /* ties when cut */
    default:
        return ldexp((double)(random_u64() >> random_below(60)), -1074 + (int)random_below(80)); /* tiny */
    }
}

static void check_format(const char *format, int width, int precision, double value)
{
    char found[2400], wanted[2400];
    int found_length = kinglet_snprintf(found, sizeof found, format, width, precision, value);
    int wanted_length = snprintf(wanted, sizeof wanted, format, width, precision, value);
    if (isnan(value) && strcmp(found, wanted) != 0)
        return; /* hosts differ in the sign of a NaN */
    CHECK_TEXT(found, wanted);
    CHECK_EQUAL(found_length, wanted_length);
}

CASE(printf_writes_doubles_as_the_host_does)
{
    static const char *const formats[] = {"%*.*f",  "%*.*e",  "%*.*g",    "%-*.*g|", "%0*.*f", "%+*.*e",
                                          "% *.*G", "%#*.*f", "%-+*.*E|", "%#*.*e",  "%0*.*F"};
    for (int i = 0; i < 60000; i++) {
        const char *format = formats[random_below(sizeof formats / sizeof *formats)];
        int precision = (int)random_below(4) == 0 ? (int)random_below(400) : (int)random_below(20) - 1;
        check_format(format, (int)random_below(40), precision, random_double());
    }
}

/* Not against the host: glibc 2.36 loses a digit of "%#.2g" of 99.5. C11 7.21.6.1 says what is right. */
CASE(printf_keeps_zeros_of_the_alternate_form)
{
    static const struct {
        const char *format;
        double value;
        const char *wanted;
    } table[] = {{"%#.2g", 99.5, "1.0e+02"},   {"%#.3g", 99.5, "99.5"},     {"%#g", 0.0, "0.00000"},
                 {"%#g", 1.5, "1.50000"},      {"%#.0g", 3.0, "3."},        {"%#.4g", 1e-5, "1.000e-05"},
                 {"%#.1g", 0.00012, "0.0001"}, {"%#G", 1e6, "1.00000E+06"}, {"%#.0f", 2.0, "2."}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char found[64];
        kinglet_snprintf(found, sizeof found, table[i].format, table[i].value);
        CHECK_TEXT(found, table[i].wanted);
    }
}

CASE(printf_writes_the_edges)
{
    static const double edges[] = {0.0,      -0.0,     1.0,    0.5,     1.5,      2.5,      9.5,    99.5,
                                   999999.5, 1e5,      1e6,    1e-4,    1e-5,     123456,   999999, 1e22,
                                   1e23,     1e300,    1e-300, 5e-324,  0.05,     0.0625,   0.9999, 9.9999,
                                   1.79e308, 2.2e-308, 0.1,    1.0 / 3, INFINITY, -INFINITY};
    static const char *const formats[] = {"%*.*f", "%*.*e", "%*.*g"};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        for (int f = 0; f < 3; f++) {
            for (int precision = -1; precision < 30; precision++)
                check_format(formats[f], 0, precision, edges[i]);
            check_format(formats[f], 0, 1100, edges[i]);
            check_format(formats[f], 50, 2000, -edges[i]);
        }
    }
}

static void check_read(const char *text)
{
    char *exact = exact_copy(text, strlen(text) + 1);
    char *found_end, *wanted_end;
    double found = kinglet_strtod(exact, &found_end);
    double wanted = strtod(exact, &wanted_end);
    if (found_end != wanted_end || memcmp(&found, &wanted, sizeof found) != 0) {
        fprintf(stderr, "\"%s\": %.20g, %ld characters; not %.20g, %ld\n", text, found,
                (long)(found_end - exact), wanted, (long)(wanted_end - exact));
        exit(1);
    }
    free(exact);
}

CASE(strtod_reads_what_printf_wrote)
{
    char text[1200];
    for (int i = 0; i < 60000; i++) {
        double value = random_double();
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, random_below(2) ? "%.*e" : "%.*g", 14 + (int)random_below(8), value);
        check_read(text);
    }
}

CASE(strtod_rounds_halfway_numbers_to_even)
{
    char text[2400];
    for (int i = 0; i < 4000; i++) {
        /* The number halfway between two doubles, in full; then a touch more, and a touch less. */
        double value = fabs(random_double());
        if (!isfinite(value) || !isfinite(nextafter(value, INFINITY)))
            continue;
        long double halfway = ((long double)value + (long double)nextafter(value, INFINITY)) / 2;
        int length = snprintf(text, sizeof text, "%.1150Lf", halfway);
        check_read(text);
        strcpy(text + length, "000000000000000000000000000000000000001");
        check_read(text);
        text[length - 1 - (int)random_below(30)] ^= 1;
        check_read(text);
    }
}

CASE(strtod_knows_where_a_number_ends)
{
    static const char *const texts[] = {"",
                                        " ",
                                        ".",
                                        "+.e1",
                                        "1.",
                                        ".5",
                                        "-.5e",
                                        "1e",
                                        "1e+",
                                        "1e+x",
                                        "1e5x",
                                        " 12 3",
                                        "\t\n-7",
                                        "inf",
                                        "-INFx",
                                        "infinit",
                                        "Infinity",
                                        "nan",
                                        "0x",
                                        "1..2",
                                        "1e99999",
                                        "-1e99999",
                                        "1e-99999",
                                        "0e99999",
                                        "000.000100",
                                        "1e308",
                                        "1.8e308",
                                        "1e309",
                                        "4.9e-324",
                                        "2.4e-324",
                                        "2.5e-324",
                                        "1.7976931348623158e308",
                                        "1.7976931348623159e308",
                                        "2.2250738585072011e-308",
                                        "9007199254740993",
                                        "123456789012345678901234567890",
                                        "+1",
                                        "--1",
                                        "e5",
                                        "-"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(texts[i], "nan") != 0)
            check_read(texts[i]);
    }
    CHECK(isnan(kinglet_strtod("nan", NULL)));
    char text[3000];
    memset(text, '0', sizeof text);
    text[1] = '.';
    strcpy(text + 2500, "17e2500");
    check_read(text);
    memset(text, '9', 2500);
    strcpy(text + 2500, "e-2480");
    check_read(text);
}

CASE(strtod_says_when_a_number_is_out_of_range)
{
    kinglet_errno = 0;
    CHECK(kinglet_strtod("1e400", NULL) == INFINITY);
    CHECK_EQUAL(kinglet_errno, ERANGE);
    kinglet_errno = 0;
    CHECK(kinglet_strtod("1e-400", NULL) == 0);
    CHECK_EQUAL(kinglet_errno, ERANGE);
    kinglet_errno = 0;
    CHECK(kinglet_strtod("0", NULL) == 0);
    CHECK_EQUAL(kinglet_errno, 0);
}

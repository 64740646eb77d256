/*
 * lib/common/sched_text.c: what people write about the scheduler is read, shown as it would be read, and what makes no
 * sense changes nothing.
 */
#include "check.h"
#include <common/sched_text.h>

#include <string.h>

static struct sched_text text;

static void begin(void)
{
    struct sched_params now = { .policy = "mlfq", .levels = 3, .slice_ns = { 1000000, 2000000, 4000000 },
                                .boost_ns = 100000000, .quantum_ns = 10000000, .first_guess_ns = 10000000,
                                .alpha_ppm = 500000 };

    sched_text_begin(&text, &now);
}

static const char *shown(const char *name)
{
    static char value[128];

    sched_text_show(&text.params, name, value, sizeof value);
    return value;
}

CASE(what_is_read_is_shown)
{
    static const char *const each[][2] = {
        { "levels", "8" }, { "slice", "5ms,10ms" }, { "slice", "500us" }, { "boost", "0ms" }, { "boost", "1500us" },
        { "allotment", "reset" }, { "allotment", "keep" }, { "quantum", "3ms" }, { "preemptive", "yes" },
        { "preemptive", "no" }, { "alpha", "0" }, { "alpha", "1" }, { "alpha", "0.5" }, { "alpha", "0.000001" },
        { "first-guess", "7ms" },
    };

    for (unsigned i = 0; i < sizeof each / sizeof each[0]; i++) {
        begin();
        CHECK(sched_text_set(&text, each[i][0], each[i][1]) == NULL);
        if (strcmp(each[i][0], "slice") == 0)
            text.params.levels = text.slices;
        CHECK(strcmp(shown(each[i][0]), each[i][1]) == 0);
    }
}

CASE(times_have_units_and_decimals)
{
    static const struct { const char *value; uint64_t ns; } each[] = {
        { "5", 5000000 }, { "0.5", 500000 }, { "0.5s", 500000000 }, { "1.25ms", 1250000 }, { "7ns", 7 },
        { "3us", 3000 }, { "2s", 2000000000 }, { "0.0000000019s", 1 }, { "18446744073ms", 18446744073000000 },
    };

    for (unsigned i = 0; i < sizeof each / sizeof each[0]; i++) {
        begin();
        CHECK(sched_text_set(&text, "boost", each[i].value) == NULL);
        CHECK_EQUAL(text.params.boost_ns, each[i].ns);
    }
}

CASE(nonsense_is_refused_with_a_hint_and_changes_nothing)
{
    static const char *const each[][2] = {
        { "levels", "0" }, { "levels", "9" }, { "levels", "" }, { "levels", "4x" }, { "levels", "2.5" },
        { "slice", "" }, { "slice", "0" }, { "slice", "1ms," }, { "slice", "1x" }, { "slice", "-5ms" },
        { "slice", "1,2,3,4,5,6,7,8,9" }, { "slice", "99999999999999999999s" }, { "slice", "18446744074s" },
        { "boost", "-1" }, { "boost", "soon" }, { "boost", "" }, { "boost", "1msx" }, { "allotment", "perhaps" },
        { "allotment", "" }, { "quantum", "0" }, { "quantum", "1ms,2ms" }, { "preemptive", "1" }, { "alpha", "1.1" },
        { "alpha", "2" }, { "alpha", "-0.1" }, { "alpha", "a" }, { "alpha", "1.000000001" }, { "first-guess", "0" },
        { "nothing", "1" }, { "", "" }, { "slic", "1ms" },
    };

    for (unsigned i = 0; i < sizeof each / sizeof each[0]; i++) {
        begin();
        struct sched_text before = text;
        CHECK(sched_text_set(&text, each[i][0], each[i][1]) != NULL);
        CHECK(memcmp(&before, &text, sizeof text) == 0);
    }
}

CASE(slices_that_are_not_named_are_twice_those_above)
{
    begin();
    sched_text_end(&text);
    for (int l = 1; l < SCHED_MAX_LEVELS; l++)
        CHECK_EQUAL(text.params.slice_ns[l], 1000000ull << l);
    CHECK(sched_text_set(&text, "slice", "3,5") == NULL);
    sched_text_end(&text);
    CHECK_EQUAL(text.params.slice_ns[1], 5000000);
    CHECK_EQUAL(text.params.slice_ns[2], 10000000);
    CHECK_EQUAL(text.params.slice_ns[7], 320000000);
}

CASE(every_parameter_has_a_name_that_is_known)
{
    unsigned n = 0;

    for (const char *name; (name = sched_text_name(n)) != NULL; n++)
        CHECK(sched_text_knows(name));
    CHECK_EQUAL(n, 8);
    CHECK(!sched_text_knows("sched") && !sched_text_knows("policy"));
}

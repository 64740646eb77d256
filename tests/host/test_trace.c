/*
 * kernel/trace/trace.c: what lies in the rings is what was recorded, newest last, and full halves are told.
 */
#include "check.h"
#include "trace/trace.h"

#define RECORDS 8

static struct trace_record ring0[RECORDS], ring1[RECORDS];

static struct trace_ring *first, *second;

static void set_up(void)
{
    first = trace_set_ring(0, ring0, 0x80001000, RECORDS);
    second = trace_set_ring(1, ring1, 0x80002000, RECORDS);
}

static bool record(struct trace_ring *ring, uint64_t ticks, enum trace_event event, unsigned small, uint32_t pid,
                   uint32_t arg)
{
    return trace_append(ring, ticks, TRACE_WHAT(event, small), pid, arg);
}

CASE(the_area_tells_a_reader_where_everything_is)
{
    set_up();
    CHECK(trace_area.magic == TRACE_MAGIC);
    CHECK(memcmp(&trace_area.magic, "KGTRACE1", 8) == 0);
    CHECK_EQUAL(trace_area.records, RECORDS);
    CHECK_EQUAL(trace_area.harts, 2);
    CHECK_EQUAL(trace_area.ring_phys[1], 0x80002000);
    CHECK_EQUAL(sizeof(struct trace_record), 16);
}

CASE(a_record_holds_what_was_given)
{
    set_up();
    record(second, 0x123456789abc, TRACE_switch_out, SWITCH_handoff, 77, 78);
    CHECK_EQUAL(trace_area.written[0], 0);
    CHECK_EQUAL(trace_area.written[1], 1);
    CHECK_EQUAL(ring1[0].when, 0x123456789abcLL << 16 | 2 << 8 | 5);
    CHECK_EQUAL(ring1[0].pid, 77);
    CHECK_EQUAL(ring1[0].arg, 78);
    record(second, 1, TRACE_exit, 0x1ff, 1, 0); /* no more than a byte of `small`: the event stays whole */
    CHECK_EQUAL(ring1[1].when, 1 << 16 | 10 << 8 | 0xff);
}

CASE(the_ring_keeps_the_newest_records)
{
    set_up();
    for (uint32_t i = 0; i < 3 * RECORDS + 3; i++)
        record(first, i, TRACE_wake, 0, i, 0);
    CHECK_EQUAL(trace_area.written[0], 3 * RECORDS + 3);
    for (uint32_t i = 2 * RECORDS + 3; i < 3 * RECORDS + 3; i++)
        CHECK_EQUAL(ring0[i % RECORDS].pid, i);
}

CASE(each_full_quarter_is_told)
{
    set_up();
    for (uint32_t i = 1; i <= 4 * RECORDS; i++)
        CHECK_EQUAL(record(first, i, TRACE_wake, 0, i, 0), i % (RECORDS / 4) == 0);
}

CASE(a_ring_that_cannot_be_is_refused)
{
    CHECK(trace_set_ring(0, ring0, 0x80001000, 7) == NULL);
    CHECK(trace_set_ring(0, ring0, 0x80001000, 0) == NULL);
    CHECK(trace_set_ring(TRACE_MAX_HARTS, ring0, 0x80001000, RECORDS) == NULL);
    CHECK_EQUAL(trace_area.records, 0);
    CHECK_EQUAL(trace_area.harts, 0);
}

CASE(a_name_takes_four_records_of_four_characters)
{
    static const char *const names[] = { "", "sh", "abcd", "abcdefghijklmnop", "abcdefghijklmnopqrst" };

    set_up();
    for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
        char *exact = exact_copy(names[n], strlen(names[n]) + 1), kept[17] = "", found[17] = "";
        uint64_t before = trace_area.written[0];

        trace_name(first, 5, 42, exact);
        CHECK_EQUAL(trace_area.written[0], before + 4);
        for (unsigned part = 0; part < 4; part++) {
            const struct trace_record *r = &ring0[(before + part) % RECORDS];

            CHECK_EQUAL(r->when, 5 << 16 | TRACE_name << 8 | part);
            CHECK_EQUAL(r->pid, 42);
            memcpy(found + 4 * part, &r->arg, 4);
        }
        snprintf(kept, sizeof(kept), "%s", names[n]);
        CHECK_TEXT(found, kept);
        free(exact);
    }
}

// sources: user/servers/console/line.c user/servers/console/output.c user/servers/console/keep.c lib/common/utf8.c
/*
 * console: line editing, echo, and the queue of typed lines.
 */
#include "check.h"

#include <kinglet/message.h>

#include "../../user/servers/console/console.h"

static int interrupts, dumps;
static bool ends_job;

bool console_interrupt(void)
{
    interrupts++;
    return ends_job;
}

void console_dump(void)
{
    dumps++;
}

__attribute__((constructor)) static void begin(void)
{
    static struct kept memory;

    keep_start(&memory);
}

static void type(const char *text)
{
    for (; *text != '\0'; text++) {
        CHECK(input_wanted());
        input_byte((uint8_t)*text);
        keep_commit();
    }
}

/* What a read with `room` bytes of buffer gives. */
static const char *read_text(size_t room)
{
    static char text[2 * LINE_BYTES];
    size_t places, n = input_peek((uint8_t *)text, room, &places);

    text[n] = '\0';
    input_consume(places);
    return text;
}

/* What has been sent to the terminal. */
static const char *sent(void)
{
    static char text[4096];
    size_t n = 0;

    while (!output_empty() && n < sizeof text - 1)
        text[n++] = (char)output_next(), output_sent();
    text[n] = '\0';
    return text;
}

CASE(a_line_is_read_when_it_is_finished)
{
    type("hel");
    CHECK(!input_ready());
    type("lo\rnext\n");
    CHECK(input_ready());
    CHECK_TEXT(sent(), "hello\r\nnext\r\n");
    CHECK_TEXT(read_text(3), "hel");
    CHECK_TEXT(read_text(100), "lo\n");
    CHECK_TEXT(read_text(100), "next\n");
    CHECK(!input_ready());
}

CASE(control_d_ends_the_file)
{
    type("\x04");
    CHECK(input_ready());
    CHECK_TEXT(read_text(100), "");
    CHECK(!input_ready());
    type("abc\x04");
    CHECK_TEXT(read_text(3), "abc"); /* fills the buffer, and the end is gone with it */
    CHECK(!input_ready());
    type("line\n\x04more\n");
    CHECK_TEXT(read_text(100), "line\n");
    CHECK_TEXT(read_text(100), "");
    CHECK_TEXT(read_text(100), "more\n");
    CHECK_TEXT(sent(), "abcline\r\nmore\r\n");
}

CASE(editing)
{
    type("ab\x7f\bcx\by\n");
    CHECK_TEXT(read_text(100), "cy\n");
    type("one two  three\x17" "3\x17\x17" "2\n");
    CHECK_TEXT(read_text(100), "one 2\n");
    type("all of it\x15that\n\b\n");
    CHECK_TEXT(read_text(100), "that\n");
    CHECK_TEXT(read_text(100), "\n");
    sent();
    type("ab\x12");
    CHECK_TEXT(sent(), "ab^R\r\nab");
    type("\x01\x7f");
    CHECK_TEXT(sent(), "^A\b \b\b \b");
}

CASE(a_character_is_erased_as_a_whole)
{
    type("\xc3\xa9\xe7\x8e\x8b" "e\xcc\x81");
    sent();
    type("\b");
    CHECK_TEXT(sent(), "\b \b"); /* the e with the accent on it */
    type("\b");
    CHECK_TEXT(sent(), "\b \b\b \b"); /* two columns wide */
    type("\n");
    CHECK_TEXT(read_text(100), "\xc3\xa9\n");
    type("\x80\x80\x80\x80\x80\x80\b\b\b\b\n"); /* no UTF-8 */
    CHECK_TEXT(read_text(100), "\n");
}

CASE(control_c_drops_what_was_typed)
{
    type("done\nabc\x03");
    CHECK_EQUAL(interrupts, 1);
    CHECK(!input_ready());
    CHECK_TEXT(sent(), "done\r\nabc^C\r\n");
    type("x\n");
    CHECK_TEXT(read_text(100), "x\n");
    type("\x10");
    CHECK_EQUAL(dumps, 1);
}

CASE(a_long_line_ends_with_a_bell)
{
    char text[LINE_BYTES + 100];

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    type(text);
    CHECK(strchr(sent(), '\a') != NULL);
    type("\n");
    CHECK_EQUAL(strlen(read_text(2 * LINE_BYTES)), LINE_BYTES);
}

CASE(nothing_is_lost_when_no_one_reads)
{
    int typed = 0, got = 0;

    while (input_wanted() && typed < 1000000) {
        input_byte(typed % 10 == 9 ? '\n' : 'x');
        typed++;
    }
    CHECK(typed > 10000);
    while (input_ready())
        got += (int)strlen(read_text(100));
    CHECK_EQUAL(got, typed - typed % 10);
    CHECK(input_wanted());
}

CASE(without_line_editing_bytes_come_as_they_are)
{
    type("ab");
    CHECK_EQUAL(input_set_mode(0), TTY_ECHO | TTY_LINE);
    type("\x03\x04\b");
    CHECK_EQUAL(interrupts, 0);
    CHECK_TEXT(read_text(100), "ab\x03\x04\b");
    CHECK_TEXT(sent(), "ab");
    CHECK_EQUAL(input_set_mode(TTY_ECHO | TTY_LINE), 0);
}

CASE(keys_are_keys_without_line_editing_too_if_wanted)
{
    input_set_mode(TTY_KEYS);
    type("a\x10" "b\x03");
    CHECK_EQUAL(dumps, 1);
    CHECK_EQUAL(interrupts, 1);
    CHECK(!input_ready()); /* ^C drops what was typed before */
    CHECK_TEXT(sent(), ""); /* whoever reads shows it */
    ends_job = true;
    type("\x03");
    CHECK_TEXT(sent(), "^C\r\n"); /* but not a job that it ended */
    type("c\x04\x7f\r");
    CHECK_TEXT(read_text(100), "c\x04\x7f\r");
    CHECK_EQUAL(input_set_mode(TTY_ECHO | TTY_LINE), TTY_KEYS);
}

CASE(what_was_typed_ahead_is_edited_when_line_editing_comes_back)
{
    input_set_mode(TTY_KEYS);
    type("one\rtwX\x7fo\rhal");
    CHECK_TEXT(read_text(4), "one\r"); /* the reader takes its line, and no more */
    input_set_mode(TTY_ECHO | TTY_LINE);
    CHECK_TEXT(sent(), "twX\b \bo\r\nhal");
    CHECK_TEXT(read_text(100), "two\n");
    CHECK(!input_ready()); /* the half line waits */
    type("f\x04");
    CHECK_TEXT(read_text(100), "half");
    sent();
}

CASE(a_line_begun_before_line_editing_ends_goes_on_after_it)
{
    type("done\nbegu");
    sent();
    input_set_mode(TTY_KEYS);
    CHECK_TEXT(read_text(5), "done\n");
    input_set_mode(TTY_ECHO | TTY_LINE);
    CHECK_TEXT(sent(), ""); /* it has been echoed before */
    CHECK(!input_ready());
    type("n\n");
    CHECK_TEXT(read_text(100), "begun\n");
    CHECK_TEXT(sent(), "n\r\n");
}

CASE(control_characters_typed_ahead_keep_their_meaning)
{
    input_set_mode(0);
    type("a\x04" "b\x03" "c\rd\x04");
    CHECK_EQUAL(interrupts, 0);
    input_set_mode(TTY_ECHO | TTY_LINE);
    CHECK_EQUAL(interrupts, 1);
    CHECK_TEXT(read_text(100), "c\n");
    CHECK_TEXT(read_text(100), "d");
    CHECK(!input_ready());
}

CASE(a_full_queue_is_edited_without_loss)
{
    size_t typed = 0, got = 0;

    input_set_mode(0);
    while (input_wanted()) {
        input_byte(typed % 10 == 9 ? '\r' : 'x');
        typed++;
    }
    input_set_mode(TTY_LINE);
    while (input_ready())
        got += strlen(read_text(100));
    CHECK_EQUAL(got, typed - typed % 10);
    CHECK(input_wanted());
}

CASE(echo_never_overfills_the_ring)
{
    while (output_room() > 0)
        output_byte('.');
    for (int i = 0; i < 1000; i++)
        output_echo("\n", 1);
    CHECK_EQUAL(output_room(), 0);
    for (int i = 0; !output_empty(); i++) {
        CHECK(i < 1 << 14);
        output_sent();
    }
}

/* What counts is what was committed: the next console goes on from there. */
CASE(what_was_typed_outlives_the_console)
{
    type("first\nsecond\nthi");
    CHECK(strcmp(read_text(100), "first\n") == 0);
    keep_commit();
    input_byte('X');      /* and then it died */
    keep_start(kept);
    type("rd\n");
    CHECK(strcmp(read_text(100), "second\n") == 0);
    CHECK(strcmp(read_text(100), "third\n") == 0);
    CHECK(!input_ready());
    input_set_mode(TTY_LINE);
    keep_commit();
    keep_start(kept);
    sent();
    type("x");
    CHECK(strcmp(sent(), "") == 0); /* no echo */
}

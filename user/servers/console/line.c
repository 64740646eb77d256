/*
 * The line being typed, and the queue of what was typed and not yet read. A byte comes in by input_byte;
 * when a line is finished it moves to the queue, where reads find it. Called by uart.c and main.c.
 */
#include "console.h"

#include <common/utf8.h>
#include <kinglet/message.h>
#include <string.h>

#define CONTROL(letter) ((letter) & 0x1f)
#define ERASE 0x7f

#define END 0x100           /* in the queue: ^D. It ends a read, and by itself it is the end of file */
#define RAW 0x200           /* in the queue, with a byte: typed without line editing, or on a line not finished */
#define SHOWN 0x400         /* with RAW: it has been echoed already */

static bool quiet; /* what is edited now has been echoed before */

/* ---- the queue ---- */

static void enqueue(uint16_t what)
{
    kept->queue[now.queued++ % QUEUE_PLACES] = what;
}

/* A whole line must fit, as any byte may be the one that finishes it. */
bool input_wanted(void)
{
    return QUEUE_PLACES - (now.queued - now.consumed) >= LINE_BYTES + 2;
}

bool input_ready(void)
{
    return now.queued != now.consumed;
}

bool input_left(size_t places)
{
    return now.queued - now.consumed > places;
}

size_t input_peek(uint8_t *to, size_t room, size_t *places)
{
    uint32_t at = now.consumed;
    size_t n = 0;

    while (at != now.queued && n < room) {
        uint16_t what = kept->queue[at % QUEUE_PLACES];

        if (what == END)
            break;
        at++;
        to[n++] = (uint8_t)what;
        if (what == '\n' && (now.mode & TTY_LINE) != 0)
            break;
    }
    /* An END behind text belongs to it, even where the text just fills the buffer: else the next read
     * would take it for the end of file. One behind a whole line is the end of file. */
    if (at != now.queued && kept->queue[at % QUEUE_PLACES] == END && (n == 0 || to[n - 1] != '\n'))
        at++;
    *places = at - now.consumed;
    return n;
}

void input_consume(size_t places)
{
    now.consumed += (uint32_t)places;
}

void input_discard(void)
{
    now.line_length = 0;
    now.consumed = now.queued;
    now.reader = 0; /* what he was given does not come back */
}

/* The line typed so far is ready to be read. */
static void finish_line(uint16_t mark)
{
    for (size_t i = 0; i < now.line_length; i++)
        enqueue((uint8_t)kept->line[i] | mark);
    now.line_length = 0;
}

/* What was typed without line editing and has not been read is edited as if it were typed now: it was typed
 * ahead, for a program that wants lines. The places are used again from the first such byte on; a byte never
 * becomes more than the one place that it leaves. */
static void edit_queue(void)
{
    uint32_t at = now.consumed, end = now.queued;

    while (at != end && (kept->queue[at % QUEUE_PLACES] & RAW) == 0)
        at++;
    for (now.queued = at; at != end; at++) {
        uint16_t what = kept->queue[at % QUEUE_PLACES];

        quiet = (what & SHOWN) != 0;
        input_byte((uint8_t)what);
    }
    quiet = false;
}

unsigned input_set_mode(unsigned bits)
{
    unsigned old = now.mode;

    now.mode = bits & (TTY_ECHO | TTY_LINE | TTY_KEYS);
    if ((now.mode & TTY_LINE) == 0)
        finish_line((old & TTY_ECHO) != 0 ? RAW | SHOWN : RAW);
    else if ((old & TTY_LINE) == 0)
        edit_queue();
    return old;
}

/* ---- echo ---- */

static void echo(const char *text)
{
    if ((now.mode & TTY_ECHO) != 0 && !quiet)
        output_echo(text, strlen(text));
}

static bool is_control(uint8_t byte)
{
    return byte < ' ' || byte == ERASE;
}

static void echo_byte(uint8_t byte)
{
    char text[3] = {'^', (char)(byte ^ 0x40), '\0'};

    if (!is_control(byte)) {
        text[0] = (char)byte;
        text[1] = '\0';
    }
    echo(text);
}

/* ---- characters ---- */

static int columns(size_t start, size_t end)
{
    if (end - start == 1 && is_control((uint8_t)kept->line[start]))
        return 2; /* ^X */
    return utf8_columns(kept->line + start, end - start);
}

/* ---- editing ---- */

/* What a person takes for one character: with the combining marks on it. */
static void erase_character(void)
{
    int width = 0;

    while (width == 0 && now.line_length > 0) {
        size_t start = utf8_start(kept->line, now.line_length);

        width = columns(start, now.line_length);
        now.line_length = start;
    }
    for (; width > 0; width--)
        echo("\b \b");
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static void erase_word(void)
{
    while (now.line_length > 0 && is_blank(kept->line[now.line_length - 1]))
        erase_character();
    while (now.line_length > 0 && !is_blank(kept->line[now.line_length - 1]))
        erase_character();
}

static void show_line_again(void)
{
    echo("^R\n");
    for (size_t i = 0; i < now.line_length; i++)
        echo_byte((uint8_t)kept->line[i]);
}

static void interrupt(void)
{
    input_discard();
    echo("^C\n");
    if (console_interrupt() && (now.mode & (TTY_ECHO | TTY_KEYS)) == TTY_KEYS)
        output_echo("^C\n", 3); /* the job cannot say it any more; a reader that lives says it itself */
}

static void insert(uint8_t byte)
{
    if (now.line_length == LINE_BYTES - 1) { /* the last place is the newline's */
        echo("\a");
        return;
    }
    kept->line[now.line_length++] = (char)byte;
    echo_byte(byte);
}

void input_byte(uint8_t byte)
{
    bool key = byte == CONTROL('C') || byte == CONTROL('P');

    if ((now.mode & TTY_LINE) == 0 && !(key && (now.mode & TTY_KEYS) != 0)) {
        enqueue((now.mode & TTY_ECHO) != 0 ? byte | RAW | SHOWN : byte | RAW);
        if (byte == '\r' || byte == '\n')
            echo("\n");
        else
            echo_byte(byte);
        return;
    }
    switch (byte) {
    case '\r':
    case '\n':
        kept->line[now.line_length++] = '\n';
        echo("\n");
        finish_line(0);
        break;
    case '\b':
    case ERASE:
        if (now.line_length > 0)
            erase_character();
        break;
    case CONTROL('U'):
        while (now.line_length > 0)
            erase_character();
        break;
    case CONTROL('W'):
        erase_word();
        break;
    case CONTROL('R'):
        show_line_again();
        break;
    case CONTROL('C'):
        interrupt();
        break;
    case CONTROL('D'):
        finish_line(0);
        enqueue(END);
        break;
    case CONTROL('P'):
        console_dump();
        break;
    default:
        insert(byte);
    }
}

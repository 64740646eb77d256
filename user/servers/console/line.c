/*
 * The line being typed, and the queue of what was typed and not yet read. A byte comes in by input_byte;
 * when a line is finished it moves to the queue, where reads find it. Called by uart.c and main.c.
 */
#include "console.h"

#include <kinglet/message.h>
#include <string.h>

#define CONTROL(letter) ((letter) & 0x1f)
#define ERASE 0x7f

#define QUEUE_PLACES 16384u /* a power of two */
#define END 0x100           /* in the queue: ^D. It ends a read, and by itself it is the end of file */

static uint8_t line[LINE_BYTES];
static size_t line_length;

static uint16_t queue[QUEUE_PLACES];
static uint32_t queued, consumed; /* count on and on */

static unsigned mode = TTY_ECHO | TTY_LINE;

/* ---- the queue ---- */

static void enqueue(uint16_t what)
{
    queue[queued++ % QUEUE_PLACES] = what;
}

/* A whole line must fit, as any byte may be the one that finishes it. */
bool input_wanted(void)
{
    return QUEUE_PLACES - (queued - consumed) >= LINE_BYTES + 2;
}

bool input_ready(void)
{
    return queued != consumed;
}

bool input_left(size_t places)
{
    return queued - consumed > places;
}

size_t input_peek(uint8_t *to, size_t room, size_t *places)
{
    uint32_t at = consumed;
    size_t n = 0;

    while (at != queued && n < room) {
        uint16_t what = queue[at % QUEUE_PLACES];

        if (what == END)
            break;
        at++;
        to[n++] = (uint8_t)what;
        if (what == '\n' && (mode & TTY_LINE) != 0)
            break;
    }
    /* An END behind text belongs to it, even where the text just fills the buffer: else the next read
     * would take it for the end of file. One behind a whole line is the end of file. */
    if (at != queued && queue[at % QUEUE_PLACES] == END && (n == 0 || to[n - 1] != '\n'))
        at++;
    *places = at - consumed;
    return n;
}

void input_consume(size_t places)
{
    consumed += (uint32_t)places;
}

void input_discard(void)
{
    line_length = 0;
    consumed = queued;
}

/* The line typed so far is ready to be read. */
static void finish_line(void)
{
    for (size_t i = 0; i < line_length; i++)
        enqueue(line[i]);
    line_length = 0;
}

unsigned input_set_mode(unsigned bits)
{
    unsigned old = mode;

    mode = bits & (TTY_ECHO | TTY_LINE);
    if ((mode & TTY_LINE) == 0)
        finish_line();
    return old;
}

/* ---- echo ---- */

static void echo(const char *text)
{
    if ((mode & TTY_ECHO) != 0)
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

/* Where the character that ends before `end` begins, in UTF-8: continuation bytes are 10xxxxxx. */
static size_t character_start(size_t end)
{
    size_t start = end - 1;

    while (start > 0 && end - start < 4 && (line[start] & 0xc0) == 0x80)
        start--;
    return start;
}

static uint32_t code_point(size_t start, size_t end)
{
    static const uint8_t first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = line[start] & first_mask[end - start];

    for (size_t i = start + 1; i < end; i++)
        code = code << 6 | (line[i] & 0x3f);
    return code;
}

/* Columns that terminals give a character: none to combining marks, two to East Asian wide ones and
 * emoji (Unicode Standard Annex 11, by blocks). */
static int columns(size_t start, size_t end)
{
    static const struct {
        uint32_t first, last;
    } wide[] = {
        {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
        {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
    };
    uint32_t code = code_point(start, end);

    if (end - start == 1)
        return is_control(line[start]) ? 2 : 1; /* ^X */
    if (code >= 0x300 && code <= 0x36f)
        return 0;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (code >= wide[i].first && code <= wide[i].last)
            return 2;
    return 1;
}

/* ---- editing ---- */

/* What a person takes for one character: with the combining marks on it. */
static void erase_character(void)
{
    int width = 0;

    while (width == 0 && line_length > 0) {
        size_t start = character_start(line_length);

        width = columns(start, line_length);
        line_length = start;
    }
    for (; width > 0; width--)
        echo("\b \b");
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static void erase_word(void)
{
    while (line_length > 0 && is_blank(line[line_length - 1]))
        erase_character();
    while (line_length > 0 && !is_blank(line[line_length - 1]))
        erase_character();
}

static void show_line_again(void)
{
    echo("^R\n");
    for (size_t i = 0; i < line_length; i++)
        echo_byte(line[i]);
}

static void interrupt(void)
{
    input_discard();
    echo("^C\n");
    console_interrupt();
}

static void insert(uint8_t byte)
{
    if (line_length == LINE_BYTES - 1) { /* the last place is the newline's */
        echo("\a");
        return;
    }
    line[line_length++] = byte;
    echo_byte(byte);
}

void input_byte(uint8_t byte)
{
    if ((mode & TTY_LINE) == 0) {
        enqueue(byte);
        if (byte == '\r' || byte == '\n')
            echo("\n");
        else
            echo_byte(byte);
        return;
    }
    switch (byte) {
    case '\r':
    case '\n':
        line[line_length++] = '\n';
        echo("\n");
        finish_line();
        break;
    case '\b':
    case ERASE:
        if (line_length > 0)
            erase_character();
        break;
    case CONTROL('U'):
        while (line_length > 0)
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
        finish_line();
        enqueue(END);
        break;
    case CONTROL('P'):
        console_dump();
        break;
    default:
        insert(byte);
    }
}

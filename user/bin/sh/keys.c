/*
 * Keys: from the bytes that a terminal sends to what was meant. Called by the editor.
 * Must read no byte beyond the line that is being edited: it is for the command that the line starts.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <common/utf8.h>

#include "edit.h"

#define ESCAPE 0x1b
#define EMPTY_READS_MAX 3 /* in a row: nobody can type so many ^D's between two lines */

static struct buffer unread;
static size_t unread_taken;

void key_unread(char byte)
{
    buffer_push(&unread, byte);
}

/* The next byte, or one of the last four keys. */
static int read_byte(int terminal)
{
    unsigned char byte;
    if (unread_taken < unread.used) {
        byte = (unsigned char)unread.text[unread_taken++];
        if (unread_taken == unread.used) {
            unread.used = unread_taken = 0;
        }
        return byte;
    }
    ssize_t n = read(terminal, &byte, 1);
    if (n == 1) {
        return byte;
    }
    return n == 0 ? KEY_INPUT_END : errno == EINTR ? KEY_INTERRUPTED : errno == EIO ? KEY_LOST : KEY_FAILED;
}

/* ESC [ numbers letter, and ESC O letter: ECMA-48, 5.4, with the letters and numbers that xterm, the Linux
 * console and their like send. `after`: the byte behind ESC. */
static int read_sequence(int terminal, int after)
{
    static const struct {
        char last;
        int number; /* the first one, 0: none, or 1 */
        int key;
    } sequences[] = {
        {'A', 0, KEY_UP}, {'B', 0, KEY_DOWN}, {'C', 0, KEY_RIGHT}, {'D', 0, KEY_LEFT}, {'H', 0, KEY_HOME},
        {'F', 0, KEY_END}, {'~', 1, KEY_HOME}, {'~', 7, KEY_HOME}, {'~', 4, KEY_END}, {'~', 8, KEY_END},
        {'~', 3, KEY_DELETE},
    };
    int number[2] = {0, 0};
    int which = 0, byte;
    while ((byte = read_byte(terminal)) < KEY_TEXT && after == '[' && byte < 0x40) {
        if (byte >= '0' && byte <= '9' && number[which] < 100) {
            number[which] = number[which] * 10 + (byte - '0');
        } else if (byte == ';') {
            which = 1;
        } else if (byte < ' ') {
            return byte; /* a control character: the sequence was cut off */
        }
    }
    if (after == '[' && byte == '[') { /* F1 to F5 of the Linux console: one letter more */
        byte = read_byte(terminal);
        return byte < ' ' || byte >= KEY_TEXT ? byte : KEY_UNKNOWN;
    }
    if (byte >= KEY_TEXT) {
        return byte;
    }
    if (number[1] > 1 && (byte == 'C' || byte == 'D')) { /* with Ctrl or Alt */
        return byte == 'C' ? KEY_WORD_RIGHT : KEY_WORD_LEFT;
    }
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        if (byte == sequences[i].last && (byte != '~' ? number[0] <= 1 : number[0] == sequences[i].number)) {
            return sequences[i].key;
        }
    }
    return KEY_UNKNOWN;
}

static int read_escape(int terminal)
{
    int byte;
    while ((byte = read_byte(terminal)) == ESCAPE) {
    }
    switch (byte) {
    case '[':
    case 'O':
        return read_sequence(terminal, byte);
    case 'b':
        return KEY_WORD_LEFT;
    case 'f':
        return KEY_WORD_RIGHT;
    case 'd':
        return KEY_WORD_DELETE;
    case '\b':
    case DELETE:
        return KEY_WORD_ERASE;
    default:
        return byte < ' ' || byte >= KEY_TEXT ? byte : KEY_UNKNOWN;
    }
}

/* The rest of a character whose first byte is there. What is no UTF-8 comes byte by byte. */
static int read_character(int terminal, char text[4], size_t *n)
{
    size_t wanted = (unsigned char)text[0] >= 0xf0 ? 4 : (unsigned char)text[0] >= 0xe0 ? 3 : 2;
    while (*n < wanted) {
        int byte = read_byte(terminal);
        if (byte >= KEY_TEXT) {
            return byte;
        }
        text[(*n)++] = (char)byte;
        if ((byte & 0xc0) != 0x80) {
            break;
        }
    }
    size_t length = utf8_length(text, *n);
    while (*n > length) { /* at most three bytes, and nothing is unread before them */
        struct buffer rest = {0};
        buffer_append(&rest, text + length, *n - length);
        buffer_append(&rest, unread.text != NULL ? unread.text + unread_taken : "", unread.used - unread_taken);
        buffer_free(&unread);
        unread = rest;
        unread_taken = 0;
        *n = length;
    }
    return KEY_TEXT;
}

int key_read(int terminal, char text[4], size_t *n)
{
    static int empty_reads;
    int byte = read_byte(terminal);
    *n = 0;
    empty_reads = byte == KEY_INPUT_END ? empty_reads + 1 : 0;
    if (empty_reads > EMPTY_READS_MAX) {
        return KEY_FAILED;
    }
    if (byte == ESCAPE) {
        return read_escape(terminal);
    }
    if (byte < ' ' || byte == DELETE || byte >= KEY_TEXT) {
        return byte;
    }
    text[(*n)++] = (char)byte;
    if (byte < 0xc2 || byte >= 0xf5) { /* ASCII, or nothing that begins a character */
        return KEY_TEXT;
    }
    return read_character(terminal, text, n);
}

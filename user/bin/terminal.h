/*
 * The terminal at the other end of the serial line, for the shell and top: raw mode, and how large it is.
 * The line carries only bytes, so the size is asked of the terminal itself.
 */
#ifndef USER_TERMINAL_H
#define USER_TERMINAL_H

#include <kinglet/system.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define TERMINAL_ROWS 24 /* what is taken for the size when the terminal does not say */
#define TERMINAL_COLUMNS 80
#define TERMINAL_ANSWER_MS 300 /* how long an answer may take */

#define TERMINAL_LINES (TTY_ECHO | TTY_LINE) /* as programs expect to find it */
#define TERMINAL_RAW TTY_KEYS

/* The old mode, or a negative errno: it has none. */
static inline int terminal_mode(int terminal, unsigned bits)
{
    return (int)call(terminal, MSG_TTY_MODE, bits, 0, NULL, 0, 0);
}

/* One byte of the answer ESC [ rows ; columns R. 1: it is complete; 0: more is to come; -1: it is none. */
static inline int terminal_answer_byte(const char *so_far, size_t n, int *rows, int *columns)
{
    int number[2] = {0, 0};
    int which = 0;
    if (so_far[0] != '\033' || (n > 1 && so_far[1] != '[')) {
        return -1;
    }
    for (size_t i = 2; i < n; i++) {
        if (so_far[i] >= '0' && so_far[i] <= '9') {
            number[which] = number[which] * 10 + (so_far[i] - '0');
        } else if (so_far[i] == ';' && which == 0) {
            which = 1;
        } else if (so_far[i] == 'R' && which == 1 && number[0] > 0 && number[1] > 0) {
            *rows = number[0];
            *columns = number[1];
            return 1;
        } else {
            return -1;
        }
    }
    return 0;
}

/* Asks how large the terminal is: sends the cursor as far down and right as it goes, asks where it is, and
 * puts it back. What is typed meanwhile goes to `typed`, byte by byte. False: no answer. Raw mode is on. */
static inline bool terminal_ask_size(int terminal, int *rows, int *columns, void (*typed)(char byte))
{
    static const char question[] = "\0337\033[999;999H\033[6n\0338";
    uint64_t end = clock_ns() + TERMINAL_ANSWER_MS * 1000000ull;
    char answer[16];
    size_t n = 0;
    if (write(terminal, question, sizeof question - 1) < 0) {
        return false;
    }
    for (;;) {
        struct pollfd input = {.fd = terminal, .events = POLLIN};
        uint64_t now = clock_ns();
        int left = now < end ? (int)((end - now) / 1000000) + 1 : 0;
        if (left == 0 || poll(&input, 1, left) <= 0 || read(terminal, answer + n, 1) != 1) {
            break;
        }
        int state = terminal_answer_byte(answer, ++n, rows, columns);
        if (state > 0) {
            return true;
        }
        if (state < 0 || n == sizeof answer) { /* keys */
            for (size_t i = 0; i < n; i++) {
                typed(answer[i]);
            }
            n = 0;
        }
    }
    for (size_t i = 0; i < n; i++) {
        typed(answer[i]);
    }
    return false;
}

#endif

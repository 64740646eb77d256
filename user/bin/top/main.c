/*
 * top: what the processes do, anew every second: who uses the harts, at which level, and what the others
 * wait for. A share of 100% is one hart. The first page counts since boot, and since each process began.
 * Keys: q ends it, h shows them all.
 */
#include "top.h"

#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define TOOL "top"
#define USAGE "[-bi] [-d seconds] [-n rounds]"
#include "../signals.h"
#include "../terminal.h"
#include "../tool.h"

#define SECOND_NS 1000000000ull
#define SHORTEST_NS 10000000ull
#define LONGEST_SECONDS 1000000
#define LINE_BYTES (1024 + 1) /* no line is longer on the console: what a read left of one would be keys */
#define NOTE_ROW 3 /* and one for every four harts */

static const char keys[] =
    "q quit  space now  P by share  T by time  M by memory  N by pid  i idle too or not  d delay  k kill";

static bool screen;         /* whoever looks at it has a screen */
static int keyboard = -1;   /* the handle of whoever can type, or -1 */
static int mode;            /* the terminal's, before top */
static uint64_t delay_ns = SECOND_NS;
static enum sorting sorting = SORT_SHARE;
static struct page page;
static char note[128];

/* However top ends. */
static void give_terminal_back(void)
{
    if (keyboard >= 0) {
        terminal_mode(keyboard, (unsigned)mode);
    }
}

/* What was typed while the terminal was asked for its size is not kept: nobody has seen a page yet. */
static void ignore(char byte)
{
}

static void start_screen(void)
{
    const char *rows = getenv("LINES"), *columns = getenv("COLUMNS");
    page.screen = true;
    page.rows = TERMINAL_ROWS;
    page.columns = TERMINAL_COLUMNS;
    mode = terminal_mode(0, TERMINAL_RAW);
    if (mode >= 0) {
        keyboard = 0;
        atexit(give_terminal_back);
        terminal_ask_size(0, &page.rows, &page.columns, ignore);
    }
    if (rows != NULL && atoi(rows) > 0) {
        page.rows = atoi(rows);
    }
    if (columns != NULL && atoi(columns) > 0) {
        page.columns = atoi(columns);
    }
    fputs("\033[H\033[2J", stdout);
}

/* ---- keys ---- */

/* -1: it is none. */
static int parse_delay(const char *text, uint64_t *ns)
{
    char *end;
    double seconds = strtod(text, &end);
    while (isspace((unsigned char)*end)) {
        end++;
    }
    if (end == text || *end != '\0' || !(seconds > 0) || seconds > LONGEST_SECONDS) {
        return -1;
    }
    *ns = (uint64_t)(seconds * 1e9);
    if (*ns < SHORTEST_NS) {
        *ns = SHORTEST_NS;
    }
    return 0;
}

/* Asks for a line where the note is. False: nothing was typed. */
static bool ask(const char *question, const struct sample *sample, char answer[LINE_BYTES])
{
    int harts = (int)sample->system.harts;
    printf("\033[%d;1H\033[K%s: ", NOTE_ROW + (harts + 3) / 4, question);
    fflush(stdout);
    terminal_mode(keyboard, TERMINAL_LINES);
    ssize_t n = read(keyboard, answer, LINE_BYTES - 1);
    terminal_mode(keyboard, TERMINAL_RAW);
    answer[n > 0 ? n : 0] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    return answer[0] != '\0';
}

static void ask_delay(const struct sample *sample)
{
    char answer[LINE_BYTES];
    if (ask("seconds between pages", sample, answer) && parse_delay(answer, &delay_ns) < 0) {
        snprintf(note, sizeof note, "%.32s is no number of seconds", answer);
    }
}

static void ask_kill(const struct sample *sample)
{
    char answer[LINE_BYTES];
    if (!ask("pid to end (and the signal, if not TERM)", sample, answer)) {
        return;
    }
    char *end;
    long pid = strtol(answer, &end, 10);
    int signal = SIGTERM;
    end += strspn(end, " ");
    if (*end != '\0') {
        signal = signal_number(end);
    }
    if (pid <= 0 || end == answer || signal < 0) {
        snprintf(note, sizeof note, "%.32s is no pid, or no signal", answer);
    } else if (kill((int)pid, signal) < 0) {
        snprintf(note, sizeof note, "cannot end %ld: %s", pid, strerror(errno));
    }
}

static void redraw(struct sample *sample)
{
    sample_sort(sample, sorting);
    page.note = note;
    show(&page, sample);
}

/* Does what the key says. -> whether a new page is wanted at once */
static bool obey(char key, struct sample *sample)
{
    note[0] = '\0';
    switch (key) {
    case 'q':
    case 'Q':
        tool_exit();
    case 'P':
    case 'T':
    case 'M':
    case 'N':
        sorting = key == 'P' ? SORT_SHARE : key == 'T' ? SORT_TIME : key == 'M' ? SORT_MEMORY : SORT_PID;
        break;
    case 'i':
        page.hide_idle = !page.hide_idle;
        break;
    case 'd':
    case 's':
        ask_delay(sample);
        break;
    case 'k':
        ask_kill(sample);
        break;
    case 'h':
    case '?':
        strlcpy(note, keys, sizeof note);
        break;
    default:
        return key == ' ' || key == '\r' || key == '\n';
    }
    redraw(sample); /* the same numbers: new ones over a moment would say little */
    return false;
}

/* Waits until the page after the one of `start` is due (a key may change when that is), or a key asks for it. */
static void wait_after(uint64_t start, struct sample *sample)
{
    uint64_t now, due;
    while ((now = clock_ns()) < (due = start + delay_ns)) {
        struct pollfd input = {.fd = keyboard, .events = POLLIN};
        char key;
        if (keyboard < 0) {
            sleep_ns(due - now);
            continue;
        }
        uint64_t ms = (due - now + 999999) / 1000000;
        if (poll(&input, 1, ms > 1000000 ? 1000000 : (int)ms) <= 0) {
            continue;
        }
        ssize_t n = read(keyboard, &key, 1);
        if (n < 0 && errno != EIO && errno != EINTR) {
            keyboard = -1; /* it is gone */
        } else if (n < 0) {
            terminal_mode(keyboard, TERMINAL_RAW); /* the console's server was started anew */
        } else if (n == 1 && obey(key, sample)) {
            return;
        }
    }
}

int main(int argc, char **argv)
{
    static struct sample samples[2];
    bool batch = false;
    long rounds = 0;
    int option;
    char *end;
    while ((option = getopt(argc, argv, "bd:in:")) != -1) {
        switch (option) {
        case 'b':
            batch = true;
            break;
        case 'd':
            if (parse_delay(optarg, &delay_ns) < 0) {
                tool_complain(optarg, "is no number of seconds");
                tool_usage();
            }
            break;
        case 'i':
            page.hide_idle = true;
            break;
        case 'n':
            rounds = strtol(optarg, &end, 10);
            if (end == optarg || *end != '\0' || rounds < 1) {
                tool_complain(optarg, "is no number of rounds");
                tool_usage();
            }
            break;
        default:
            tool_usage();
        }
    }
    if (optind < argc) {
        tool_usage();
    }
    screen = !batch && isatty(1);
    if (screen) {
        start_screen();
    }
    for (long round = 1;; round++) {
        struct sample *now = &samples[round % 2], *before = &samples[(round + 1) % 2];
        uint64_t start = clock_ns();
        sample_take(now, before);
        redraw(now);
        if (round == rounds || ferror(stdout)) {
            tool_exit();
        }
        if (!screen) {
            printf("\n");
        }
        wait_after(start, now);
    }
}

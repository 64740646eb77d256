/*
 * xargs: runs a command with words from standard input as its last arguments, as many at a time as fit.
 * Status: 123 when a command failed, 124 when one ended with 255, 125 when one was ended by a signal, 126
 * and 127 when it cannot be run or found, 1 for xargs' own trouble.
 */
#include "xargs.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOOL "xargs"
#define USAGE "[-0prtx] [-E end] [-I replaced | -L lines | -n words] [-P processes] [-s bytes] [command [argument ...]]"
#include "../tool.h"

#define STATUS_FAILED 123
#define STATUS_GAVE_UP 124
#define STATUS_KILLED 125
#define STATUS_NOT_RUN 126
#define STATUS_NOT_FOUND 127

/* The kernel takes 2,048 strings of 64 KiB together; the environment's are among them. */
#define SYSTEM_BYTES (64 * 1024 - 256)
#define SYSTEM_STRINGS (2048 - 8)

struct words {
    char **item;
    size_t count, room;
    size_t bytes; /* with a NUL each */
};

static struct words command; /* what is always there, then what was read */
static size_t fixed;         /* how many are always there */
static size_t fixed_bytes;

static long most_words, most_lines, most_bytes, most_processes = 1;
static const char *replaced; /* -I */
static const char *end_word; /* -E */
static bool show, ask, not_when_empty;
static bool exact; /* fewer words than -n or -L say are not run, although they would fit */

static int status; /* what xargs will end with */
static int *children; /* those that run */
static size_t running, children_room;

static void push(struct words *words, char *text)
{
    if (words->count + 2 > words->room) {
        words->room = words->room > 0 ? words->room * 2 : 64;
        words->item = tool_memory(reallocarray(words->item, words->room, sizeof *words->item));
    }
    words->item[words->count++] = text;
    words->item[words->count] = NULL;
    words->bytes += strlen(text) + 1;
}

/* Takes off what was read. */
static void clear(void)
{
    while (command.count > fixed) {
        free(command.item[--command.count]);
    }
    command.item[fixed] = NULL;
    command.bytes = fixed_bytes;
}

/* ---- running ---- */

static void remember(int pid)
{
    if (running == children_room) {
        children_room = children_room > 0 ? children_room * 2 : 8;
        children = tool_memory(reallocarray(children, children_room, sizeof *children));
    }
    children[running++] = pid;
}

/* False: it is none of ours. */
static bool forget(int pid)
{
    for (size_t i = 0; i < running; i++) {
        if (children[i] == pid) {
            children[i] = children[--running];
            return true;
        }
    }
    return false;
}

/* Waits for one command. A status of 255 or a signal ends xargs, when the others have ended too. */
static bool collect(void)
{
    int ended, pid;
    do {
        pid = waitpid(-1, &ended, 0);
    } while (pid > 0 && !forget(pid)); /* who became xargs may have left children of its own */
    if (pid < 0) {
        running = 0;
        return true;
    }
    if (WIFSIGNALED(ended)) {
        fprintf(stderr, TOOL ": %s: ended by signal %d\n", command.item[0], WTERMSIG(ended));
        status = STATUS_KILLED;
        return false;
    }
    if (WEXITSTATUS(ended) == 255) {
        tool_complain(command.item[0], "ended with status 255, so no more are run");
        status = STATUS_GAVE_UP;
        return false;
    }
    if (WEXITSTATUS(ended) != 0 && status == 0) {
        status = STATUS_FAILED;
    }
    return true;
}

_Noreturn static void finish(void)
{
    int first = status;
    while (running > 0) {
        collect();
    }
    exit(first > STATUS_FAILED ? first : status);
}

static void print_command(char *const *argv, const char *after)
{
    for (; *argv != NULL; argv++) {
        fprintf(stderr, "%s%s", *argv, argv[1] != NULL ? " " : "");
    }
    fputs(after, stderr);
}

/* -p: whether the person at the console says yes. */
static bool allowed(char *const *argv)
{
    static FILE *terminal;
    char *line = NULL;
    size_t room = 0;
    if (terminal == NULL && (terminal = fopen("/dev/console", "re")) == NULL) {
        tool_error("/dev/console");
        exit(1);
    }
    print_command(argv, " ?...");
    bool yes = getline(&line, &room, terminal) > 0 && (line[0] == 'y' || line[0] == 'Y');
    free(line);
    return yes;
}

/* In the child: the command does not read what xargs reads. `report` is where to say why it cannot run. */
_Noreturn static void become(char *const *argv, int report)
{
    int null = open("/dev/null", O_RDONLY);
    if (null > 0) {
        dup2(null, 0);
        close(null);
    }
    execvp(argv[0], argv);
    int error = errno;
    write(report, &error, sizeof error);
    _exit(STATUS_NOT_RUN);
}

/* fork, as soon as there is room for one more process: our own may take it all. */
static int start_child(void)
{
    int pid;
    while ((pid = fork()) < 0 && (errno == EAGAIN || errno == ENOMEM) && running > 0) {
        if (!collect()) {
            finish();
        }
    }
    return pid;
}

static void run(char *const *argv)
{
    int report[2], error;
    if (ask && !allowed(argv)) {
        return;
    }
    if (show && !ask) {
        print_command(argv, "\n");
    }
    int pid = pipe2(report, O_CLOEXEC) < 0 ? -1 : start_child();
    if (pid < 0) {
        tool_error(argv[0]);
        status = 1;
        finish();
    }
    if (pid == 0) {
        become(argv, report[1]);
    }
    remember(pid);
    close(report[1]);
    /* The pipe closes when the command starts; what comes out of it says that it does not. */
    bool failed = read(report[0], &error, sizeof error) == sizeof error;
    close(report[0]);
    if (failed) {
        errno = error;
        tool_error(argv[0]);
        waitpid(pid, NULL, 0);
        forget(pid);
        status = error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN;
        finish();
    }
    if (running >= (size_t)most_processes && !collect()) {
        finish();
    }
}

/* ---- putting commands together ---- */

/* `text` with each `replaced` in it made `by`; malloc'ed. */
static char *replace(const char *text, const char *by)
{
    size_t length = strlen(replaced), room = strlen(text) + 1;
    for (const char *s = text; (s = strstr(s, replaced)) != NULL; s += length) {
        room += strlen(by);
    }
    char *result = tool_memory(malloc(room));
    char *to = result;
    const char *s;
    while ((s = strstr(text, replaced)) != NULL) {
        memcpy(to, text, (size_t)(s - text));
        to = stpcpy(to + (s - text), by);
        text = s + length;
    }
    strcpy(to, text);
    return result;
}

static void too_long(void)
{
    tool_complain("a command", "would be longer than -s, or the system, allows");
    status = 1;
    finish();
}

static void run_replaced(const char *by)
{
    struct words built = {0};
    for (size_t i = 0; i < fixed; i++) {
        push(&built, replace(command.item[i], by));
    }
    if (built.bytes > (size_t)most_bytes) {
        too_long();
    }
    run(built.item);
    for (size_t i = 0; i < built.count; i++) {
        free(built.item[i]);
    }
    free(built.item);
}

static bool fits(const char *text)
{
    return command.bytes + strlen(text) + 1 <= (size_t)most_bytes;
}

static void run_all(enum split split)
{
    struct word word;
    long lines = 0;
    bool any = false;
    while (word_next(split, &word)) {
        if (end_word != NULL && strcmp(word.text, end_word) == 0) {
            free(word.text);
            break;
        }
        any = true;
        if (replaced != NULL) {
            run_replaced(word.text);
            free(word.text);
            continue;
        }
        if (!fits(word.text)) {
            if (command.count == fixed || exact) {
                too_long();
            }
            run(command.item);
            clear();
            lines = 0;
            if (!fits(word.text)) {
                too_long();
            }
        }
        push(&command, word.text);
        lines += word.ends_line;
        if ((most_lines > 0 && lines == most_lines) || command.count - fixed == (size_t)most_words) {
            run(command.item);
            clear();
            lines = 0;
        }
    }
    if (command.count > fixed || (!any && !not_when_empty && replaced == NULL)) {
        run(command.item);
        clear();
    }
}

/* ---- options ---- */

static long number(const char *text, long least)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end != '\0' || n < least) {
        tool_complain(text, "is no number that can be used here");
        exit(1);
    }
    return n;
}

/* What the system allows besides the environment. */
static void set_limits(void)
{
    size_t bytes = 0, strings = 0;
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        bytes += strlen(*entry) + 1;
        strings++;
    }
    long system_bytes = SYSTEM_BYTES - (long)bytes, system_words = SYSTEM_STRINGS - (long)(strings + fixed);
    if (most_bytes == 0 || most_bytes > system_bytes) {
        most_bytes = system_bytes;
    }
    if (most_words == 0 || most_words > system_words) {
        most_words = system_words;
    }
    if ((long)fixed_bytes >= most_bytes || most_words < 1) {
        too_long();
    }
}

int main(int argc, char **argv)
{
    enum split split = SPLIT_WORDS;
    int option;
    while ((option = getopt(argc, argv, "0E:I:L:n:P:prs:tx")) != -1) {
        switch (option) {
        case '0':
            split = SPLIT_NULS;
            break;
        case 'E':
            end_word = optarg[0] != '\0' ? optarg : NULL;
            break;
        case 'I': /* of -I, -L and -n the last one counts */
            replaced = optarg;
            most_lines = most_words = 0;
            break;
        case 'L':
            most_lines = number(optarg, 1);
            replaced = NULL;
            most_words = 0;
            break;
        case 'n':
            most_words = number(optarg, 1);
            replaced = NULL;
            most_lines = 0;
            break;
        case 'P':
            most_processes = number(optarg, 0);
            break;
        case 'p':
            ask = true;
            break;
        case 'r':
            not_when_empty = true;
            break;
        case 's':
            most_bytes = number(optarg, 1);
            break;
        case 't':
            show = true;
            break;
        case 'x':
            exact = true;
            break;
        default:
            fprintf(stderr, "usage: " TOOL " " USAGE "\n");
            return 1;
        }
    }
    if (replaced != NULL && replaced[0] == '\0') {
        tool_complain("-I", "needs a text to look for");
        return 1;
    }
    if (most_processes == 0) {
        most_processes = 1000; /* as many as there can be */
    }
    for (int i = optind; i < argc; i++) {
        push(&command, argv[i]);
    }
    if (optind == argc) {
        push(&command, "echo");
    }
    fixed = command.count;
    fixed_bytes = command.bytes;
    exact = (exact && most_words > 0) || most_lines > 0;
    set_limits();
    run_all(replaced != NULL && split == SPLIT_WORDS ? SPLIT_LINES : split);
    finish();
}

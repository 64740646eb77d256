/*
 * The kernel command line: see options.h. Called by main at boot, read by SYS_boot_option.
 */
#include "sys/options.h"

#include "riscv/kprintf.h"
#include "riscv/power.h"
#include "sched/sched.h"

#include <common/sched_text.h>
#include <common/string.h>
#include <kinglet/errno.h>
#include <kinglet/process.h>

#define LINE_MAX 4096
#define OPTIONS_MAX 32

static struct option {
    const char *name, *value;
} options[OPTIONS_MAX];
static unsigned count;
static char text[LINE_MAX];
static bool wrong; /* something was: strict ends the run */

/* Besides the scheduler's parameters (lib/common/sched_text.c). */
static const char *const known[] = {"sched", "run", "loglevel", "trace", "tracer", "strict", "test", "session", "restarts"};

#define COMPLAIN(...) (wrong = true, klog(LOG_WARN, "kernel option: " __VA_ARGS__))

int64_t option_value(const char *name, const char **value)
{
    for (unsigned i = count; i-- > 0;) /* given twice: the later one counts */
        if (strcmp(options[i].name, name) == 0) {
            *value = options[i].value;
            return (int64_t)strlen(*value);
        }
    return -ENOENT;
}

static bool is_known(const char *name)
{
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], name) == 0)
            return true;
    return sched_text_knows(name);
}

/* One word of the line, unquoted, to `to`; returns where the line goes on. */
static const char *take_word(const char *line, char *to)
{
    bool quoted = false;
    for (; *line && (quoted || *line != ' '); line++) {
        if (*line == '"') {
            quoted = !quoted;
        } else if (*line == '\\' && quoted && (line[1] == '"' || line[1] == '\\')) {
            *to++ = *++line;
        } else {
            *to++ = *line;
        }
    }
    *to = '\0';
    if (quoted)
        COMPLAIN("a \" is not closed\n");
    return line;
}

void options_init(const char *line)
{
    char *to = text;
    if (strnlen(line, LINE_MAX) >= LINE_MAX) {
        COMPLAIN("the line is longer than %d bytes and is ignored\n", LINE_MAX - 1);
        return;
    }
    while (*line) {
        if (*line == ' ') {
            line++;
            continue;
        }
        line = take_word(line, to);
        char *name = to, *value = strchr(to, '=');
        to += strlen(to) + 1;
        if (value)
            *value++ = '\0';
        if (!is_known(name))
            COMPLAIN("there is no option \"%s\"\n", name);
        else if (count == OPTIONS_MAX)
            COMPLAIN("too many options: \"%s\" is ignored\n", name);
        else
            options[count++] = (struct option){.name = name, .value = value ? value : name + strlen(name)};
    }
}

static void apply_sched(void)
{
    struct sched_params p;
    struct sched_text words;
    const char *value, *name;
    sched_query(&p);
    sched_text_begin(&words, &p);
    if (option_value("sched", &value) >= 0) {
        if (!sched_policy_named(value))
            COMPLAIN("sched=%s: there is no such policy\n", value);
        else
            strlcpy(words.params.policy, value, sizeof words.params.policy);
    }
    for (unsigned i = 0; (name = sched_text_name(i)) != NULL; i++) {
        if (option_value(name, &value) < 0)
            continue;
        const char *hint = sched_text_set(&words, name, value);
        if (hint)
            COMPLAIN("%s=%s: %s\n", name, value, hint);
    }
    sched_text_end(&words);
    if (sched_configure(&words.params))
        COMPLAIN("a time for the scheduler (slice=, boost=, ...) is out of range: the defaults are used\n");
}

static void apply_loglevel(void)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    const char *value;
    if (option_value("loglevel", &value) < 0)
        return;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], value) == 0) {
            klog_level = (enum log_level)i;
            return;
        }
    COMPLAIN("loglevel=%s: give error, warn, info or debug\n", value);
}

static void check_words(const char *name, const char *first, const char *second)
{
    const char *value;
    if (option_value(name, &value) >= 0 && strcmp(value, first) != 0 && strcmp(value, second) != 0)
        COMPLAIN("%s=%s: give %s or %s\n", name, value, first, second);
}

static void check_test(void)
{
    const char *value;
    if (option_value("test", &value) >= 0 && strcmp(value, "entry") != 0)
        check_words("test", "panic", "hang");
}

void options_apply(void)
{
    const char *value;
    apply_sched();
    apply_loglevel();
    check_words("trace", "on", "ready");
    check_test();
    check_words("session", "own", "system");
    check_words("restarts", "limited", "unlimited");
    if (wrong && option_value("strict", &value) >= 0) {
        kprintf("kernel: strict: a wrong option ends the run\n");
        power_off(RUN_STATUS_BAD_OPTION);
    }
}

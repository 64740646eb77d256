/*
 * The kernel command line: see options.h. Called by main at boot, read by SYS_boot_option.
 */
#include "sys/options.h"

#include "riscv/kprintf.h"
#include "riscv/power.h"
#include "sched/sched.h"

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

static const char *const known[] = {"sched", "slice", "levels", "boost", "run", "loglevel", "trace", "strict",
                                    "test", "session", "restarts"};

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
    return false;
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

static bool read_number(const char **s, uint64_t *number)
{
    const char *at = *s;
    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, (uint64_t)(*at - '0'), number))
            return false;
    }
    bool any = at != *s;
    *s = at;
    return any;
}

/* 5, 5ms, 500us, 1s: to nanoseconds. */
static bool read_time(const char **s, uint64_t *ns)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {{"ms", 1000000}, {"us", 1000}, {"ns", 1}, {"s", 1000000000}};
    uint64_t factor = 1000000;
    if (!read_number(s, ns))
        return false;
    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t n = strlen(units[i].unit);
        if (strncmp(*s, units[i].unit, n) == 0) {
            factor = units[i].ns;
            *s += n;
            break;
        }
    }
    return !__builtin_mul_overflow(*ns, factor, ns);
}

static void apply_slices(struct sched_params *p, const char *value)
{
    const char *s = value;
    uint64_t slice[SCHED_MAX_LEVELS];
    unsigned n = 0;
    do {
        if (n == SCHED_MAX_LEVELS || !read_time(&s, &slice[n])) {
            COMPLAIN("slice=%s: give up to %d times such as 5ms,10ms\n", value, SCHED_MAX_LEVELS);
            return;
        }
        n++;
    } while (*s++ == ',');
    if (s[-1]) {
        COMPLAIN("slice=%s: give times such as 5ms,10ms\n", value);
        return;
    }
    for (; n < SCHED_MAX_LEVELS; n++) /* rule 1: twice that of the level above */
        slice[n] = 2 * slice[n - 1];
    memcpy(p->slice_ns, slice, sizeof slice);
}

static void apply_sched(void)
{
    struct sched_params p;
    const char *value;
    sched_query(&p);
    for (unsigned n = p.levels; n < SCHED_MAX_LEVELS; n++)
        p.slice_ns[n] = 2 * p.slice_ns[n - 1];
    if (option_value("sched", &value) >= 0) {
        if (!sched_policy_named(value))
            COMPLAIN("sched=%s: there is no such policy\n", value);
        else
            strlcpy(p.policy, value, sizeof p.policy);
    }
    if (option_value("slice", &value) >= 0)
        apply_slices(&p, value);
    if (option_value("levels", &value) >= 0) {
        const char *s = value;
        uint64_t n;
        if (!read_number(&s, &n) || *s || n < 1 || n > SCHED_MAX_LEVELS)
            COMPLAIN("levels=%s: give a number from 1 to %d\n", value, SCHED_MAX_LEVELS);
        else
            p.levels = (uint32_t)n;
    }
    if (option_value("boost", &value) >= 0) {
        const char *s = value;
        uint64_t ns;
        if (!read_time(&s, &ns) || *s)
            COMPLAIN("boost=%s: give a time such as 500ms, or 0 for never\n", value);
        else
            p.boost_ns = ns;
    }
    if (sched_configure(&p))
        COMPLAIN("slice= or boost= is out of range: the defaults are used\n");
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

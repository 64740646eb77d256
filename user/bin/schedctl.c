/*
 * schedctl: shows or sets the scheduling policy and its parameters.
 * schedctl policy=rr slice=5ms,10ms levels=2 boost=500ms   (boost=0: never)
 */
#include <kinglet/system.h>
#include <stdbool.h>
#include <strings.h>

#define TOOL "schedctl"
#define USAGE "[policy=mlfq|rr] [levels=N] [slice=TIME[,TIME...]] [boost=TIME]   (TIME: 500us, 5ms, 1s)"
#include "tool.h"

/* "5ms" -> nanoseconds; moves *text past it. A number without a unit counts in ms. */
static bool parse_time(const char **text, uint64_t *ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    char *end;
    double value = strtod(*text, &end);
    if (end == *text || value < 0 || value > 1e9) {
        return false;
    }
    uint64_t unit = 1000000;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t n = strlen(units[i].name);
        if (strncmp(end, units[i].name, n) == 0 && (end[n] == '\0' || end[n] == ',')) {
            unit = units[i].ns;
            end += n;
            break;
        }
    }
    *ns = (uint64_t)(value * (double)unit + 0.5);
    *text = end;
    return true;
}

/* The times after slice=; a level that is not named gets twice that of the level above. */
static bool parse_slices(const char *text, struct sched_params *p, uint32_t *named)
{
    for (*named = 0; *named < SCHED_MAX_LEVELS; text++) {
        if (!parse_time(&text, &p->slice_ns[*named]) || p->slice_ns[*named] == 0) {
            return false;
        }
        ++*named;
        if (*text != ',') {
            break;
        }
    }
    return *text == '\0';
}

static bool set(const char *argument, struct sched_params *p, uint32_t *slices)
{
    const char *value = strchr(argument, '=');
    if (value == NULL) {
        return false;
    }
    size_t n = (size_t)(value++ - argument);
    if (n == 6 && strncmp(argument, "policy", n) == 0) {
        memset(p->policy, 0, sizeof p->policy);
        if (*value == '\0' || strlen(value) >= sizeof p->policy) {
            return false;
        }
        strcpy(p->policy, value);
        return true;
    }
    if (n == 6 && strncmp(argument, "levels", n) == 0) {
        char *end;
        long levels = strtol(value, &end, 10);
        p->levels = (uint32_t)levels;
        return end != value && *end == '\0' && levels >= 1 && levels <= SCHED_MAX_LEVELS;
    }
    if (n == 5 && strncmp(argument, "slice", n) == 0) {
        return parse_slices(value, p, slices);
    }
    if (n == 5 && strncmp(argument, "boost", n) == 0) {
        return parse_time(&value, &p->boost_ns) && *value == '\0';
    }
    return false;
}

static void show_time(uint64_t ns)
{
    if (ns % 1000000 == 0) {
        printf("%llums", (unsigned long long)(ns / 1000000));
    } else {
        printf("%lluus", (unsigned long long)(ns / 1000));
    }
}

static void show(const struct sched_params *p)
{
    printf("policy=%.*s levels=%u slice=", SCHED_POLICY_NAME_MAX, p->policy, (unsigned)p->levels);
    for (uint32_t i = 0; i < p->levels && i < SCHED_MAX_LEVELS; i++) {
        fputs(i > 0 ? "," : "", stdout);
        show_time(p->slice_ns[i]);
    }
    fputs(" boost=", stdout);
    show_time(p->boost_ns);
    putchar('\n');
}

int main(int argc, char **argv)
{
    struct sched_params p;
    uint32_t slices = 0;
    int result = sched_get(&p);
    if (result < 0) {
        errno = -result;
        tool_error("cannot read the parameters");
        return 1;
    }
    if (argc == 1) {
        show(&p);
        tool_exit();
    }
    uint32_t old_levels = p.levels;
    for (int i = 1; i < argc; i++) {
        if (!set(argv[i], &p, &slices)) {
            tool_complain(argv[i], "not understood, or out of range");
            tool_usage();
        }
    }
    uint32_t known = slices > 0 ? slices : old_levels;
    for (uint32_t i = known; i > 0 && i < p.levels; i++) {
        p.slice_ns[i] = 2 * p.slice_ns[i - 1];
    }
    result = sched_set(&p);
    if (result < 0) {
        errno = -result;
        tool_error("the kernel refuses these parameters");
        return 1;
    }
    tool_exit();
}

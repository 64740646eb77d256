/*
 * The command line: what may be said, and what is taken when nothing is said.
 */
#include "schedsim.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_LEVELS 4
#define DEFAULT_SLICE (5 * NS_PER_MS)
#define DEFAULT_BOOST (500 * NS_PER_MS)
#define DEFAULT_QUANTUM (10 * NS_PER_MS)
#define DEFAULT_FIRST_GUESS (10 * NS_PER_MS)
#define DEFAULT_ALPHA_PPM (ALPHA_ONE / 2)
#define RANDOM_MAX 10000000

static const char usage[] =
    "usage: build/schedsim [options] jobs.csv     (-: standard input)\n"
    "       build/schedsim [options] --random seed,count\n"
    "\n"
    "Runs the jobs under a policy of kernel/sched/ and prints the timeline: start,end,hart,job,level,why.\n"
    "A line of the job list is name,arrival,cpu[,io,cpu...]. All times are milliseconds. See docs/schedsim.md.\n"
    "\n"
    "  --policy mlfq           which one; --policy help lists them\n"
    "  --levels 4              mlfq: how many levels, 1 to 8\n"
    "  --slices 5,10,20,40     mlfq: the slice of each level; those not given are twice the one above\n"
    "  --boost 500             mlfq: from boost to boost; 0: never\n"
    "  --keep-allotment yes    mlfq: time at a level adds up across blocking; no: it starts again\n"
    "  --quantum 10            rr: the slice\n"
    "  --predict declared      sjf: the next burst is known; average: predicted from those before\n"
    "  --alpha 0.5             sjf: weight of the last burst in the average\n"
    "  --first-guess 10        sjf: what is predicted for a first burst\n"
    "  --preemptive            sjf: a shorter job takes the processor at once\n"
    "  --switch-cost 0         time that a switch to another job takes\n"
    "\n"
    "  --metrics               print instead what each job waited for, as CSV\n"
    "  --json                  print all of it as one JSON object\n"
    "  --html                  print a page that shows it\n"
    "  --print-jobs            print the job list\n"
    "  -o FILE                 write that to a file\n"
    "  --trace FILE            write also the trace that a guest's kernel would have written (trace.bin)\n";

/* The value of an option, checked by one of the readers of number.c. */
static void complain(const char *option, const char *wrong, const char *value)
{
    if (wrong)
        fail("%s: '%.40s' %s", option, value, wrong);
}

static uint64_t ms_option(const char *option, const char *value)
{
    uint64_t ns = 0;
    complain(option, read_ms(value, &ns), value);
    return ns;
}

static uint64_t slice_option(const char *option, const char *value)
{
    uint64_t ns = ms_option(option, value);
    complain(option, ns ? NULL : "is no time at all", value);
    return ns;
}

static uint64_t count_option(const char *option, const char *value, uint64_t min, uint64_t max)
{
    uint64_t count = 0;
    complain(option, read_count(value, UINT64_MAX, &count), value);
    if (count < min || count > max)
        fail("%s: '%s' is not from %llu to %llu", option, value, (unsigned long long)min, (unsigned long long)max);
    return count;
}

/* One of two words; true for the first. */
static bool choice_option(const char *option, const char *value, const char *first, const char *second)
{
    if (strcmp(value, first) != 0 && strcmp(value, second) != 0)
        fail("%s: '%.40s' is neither %s nor %s", option, value, first, second);
    return strcmp(value, first) == 0;
}

static void list_policies(char *names, size_t size)
{
    const struct sched_policy *policy;
    for (unsigned i = 0; (policy = sched_policy_number(i)) != NULL; i++)
        snprintf(names + strlen(names), size - strlen(names), "%s%s", i ? ", " : "", policy->name);
}

static void policy_option(struct options *o, const char *value)
{
    char names[256] = "";
    list_policies(names, sizeof names);
    if (strcmp(value, "help") == 0) {
        puts(names);
        exit(0);
    }
    o->policy = sched_policy_named(value);
    if (!o->policy)
        fail("--policy: no such policy: '%.40s'; there are %s", value, names);
}

/* Takes the text before the next comma off `*rest`, which is NULL after the last. */
static void next_part(char **rest, char *part, size_t size)
{
    size_t n = strcspn(*rest, ",");
    snprintf(part, size, "%.*s", (int)(n < size ? n : size - 1), *rest);
    *rest = (*rest)[n] ? *rest + n + 1 : NULL;
}

static unsigned slices_option(struct options *o, const char *option, char *value)
{
    char part[48];
    unsigned given = 0;
    while (value) {
        if (given == SCHED_MAX_LEVELS)
            fail("%s: more than %d slices", option, SCHED_MAX_LEVELS);
        next_part(&value, part, sizeof part);
        o->tuning.slice[given++] = slice_option(option, part);
    }
    return given;
}

static void random_option(struct options *o, const char *option, char *value)
{
    char part[48];
    next_part(&value, part, sizeof part);
    o->seed = count_option(option, part, 0, UINT64_MAX);
    if (!value)
        fail("%s: how many jobs? seed,count", option);
    o->count = count_option(option, value, 1, RANDOM_MAX);
}

/* Levels and slices belong together: all levels get a slice. */
static void complete_slices(struct options *o, bool levels_given, unsigned slices)
{
    if (!levels_given && slices > o->tuning.levels)
        o->tuning.levels = slices;
    if (slices > o->tuning.levels)
        fail("--slices: %u slices for %u levels", slices, (unsigned)o->tuning.levels);
    if (slices == 0)
        o->tuning.slice[slices++] = DEFAULT_SLICE;
    for (unsigned l = slices; l < SCHED_MAX_LEVELS; l++)
        o->tuning.slice[l] = o->tuning.slice[l - 1] * 2;
}

static void output_option(struct options *o, enum output output)
{
    if (o->output != OUTPUT_TIMELINE && o->output != output)
        fail("only one of --metrics, --json, --html and --print-jobs");
    o->output = output;
}

enum option_id {
    POLICY, LEVELS, SLICES, BOOST, KEEP_ALLOTMENT, QUANTUM, PREDICT, ALPHA, FIRST_GUESS, SWITCH_COST, RANDOM, TO, TRACE,
    FLAGS, /* those that follow have no value */
    PREEMPTIVE, METRICS, JSON, HTML, PRINT_JOBS, HELP,
};

static const struct {
    const char *name;
    enum option_id id;
} known[] = {
    {"--policy", POLICY}, {"--levels", LEVELS}, {"--slices", SLICES}, {"--boost", BOOST},
    {"--keep-allotment", KEEP_ALLOTMENT}, {"--quantum", QUANTUM}, {"--predict", PREDICT}, {"--alpha", ALPHA},
    {"--first-guess", FIRST_GUESS}, {"--switch-cost", SWITCH_COST}, {"--random", RANDOM}, {"-o", TO},
    {"--trace", TRACE}, {"--preemptive", PREEMPTIVE}, {"--metrics", METRICS}, {"--json", JSON}, {"--html", HTML},
    {"--print-jobs", PRINT_JOBS}, {"--help", HELP}, {"-h", HELP},
};
#define KNOWN (sizeof known / sizeof known[0])

/* `--name` or `--name=value`; what follows the `=` goes to `value`. */
static enum option_id find_option(const char *argument, char **value)
{
    for (size_t i = 0; i < KNOWN; i++) {
        size_t n = strlen(known[i].name);
        if (strncmp(argument, known[i].name, n) != 0 || (argument[n] != '\0' && argument[n] != '='))
            continue;
        *value = argument[n] ? (char *)argument + n + 1 : NULL;
        if (*value && known[i].id > FLAGS)
            fail("%s takes no value", known[i].name);
        return known[i].id;
    }
    fail("no such option: %s (schedsim --help lists them)", argument);
}

static void set_defaults(struct options *o)
{
    memset(o, 0, sizeof *o);
    o->policy = sched_policy_named(SCHED_DEFAULT_POLICY);
    o->tuning.levels = DEFAULT_LEVELS;
    o->tuning.boost = DEFAULT_BOOST;
    o->tuning.keep_allotment = true;
    o->tuning.quantum = DEFAULT_QUANTUM;
    o->tuning.alpha_ppm = DEFAULT_ALPHA_PPM;
    o->tuning.first_guess = DEFAULT_FIRST_GUESS;
    o->declared = true;
}

void read_options(struct options *o, int argc, char **argv)
{
    bool levels_given = false, random = false;
    unsigned slices = 0;
    set_defaults(o);
    for (int i = 1; i < argc; i++) {
        char *name = argv[i], *value = NULL;
        if (name[0] != '-' || name[1] == '\0') {
            if (o->jobs)
                fail("two job lists: %s and %s", o->jobs, name);
            o->jobs = name;
            continue;
        }
        enum option_id id = find_option(name, &value);
        if (id < FLAGS && !value) {
            if (++i == argc)
                fail("%s: a value is missing", name);
            value = argv[i];
        }
        switch (id) {
        case POLICY: policy_option(o, value); break;
        case LEVELS:
            o->tuning.levels = (uint32_t)count_option(name, value, 1, SCHED_MAX_LEVELS);
            levels_given = true;
            break;
        case SLICES: slices = slices_option(o, name, value); break;
        case BOOST: o->tuning.boost = ms_option(name, value); break;
        case KEEP_ALLOTMENT: o->tuning.keep_allotment = choice_option(name, value, "yes", "no"); break;
        case QUANTUM: o->tuning.quantum = slice_option(name, value); break;
        case PREDICT: o->declared = choice_option(name, value, "declared", "average"); break;
        case ALPHA: complain(name, read_ppm(value, &o->tuning.alpha_ppm), value); break;
        case FIRST_GUESS: o->tuning.first_guess = slice_option(name, value); break;
        case SWITCH_COST: o->switch_cost = ms_option(name, value); break;
        case RANDOM:
            random_option(o, name, value);
            random = true;
            break;
        case TO: o->to = value; break;
        case TRACE: o->trace = value; break;
        case PREEMPTIVE: o->tuning.preemptive = true; break;
        case METRICS: output_option(o, OUTPUT_METRICS); break;
        case JSON: output_option(o, OUTPUT_JSON); break;
        case HTML: output_option(o, OUTPUT_HTML); break;
        case PRINT_JOBS: output_option(o, OUTPUT_JOBS); break;
        case HELP:
            fputs(usage, stdout);
            exit(0);
        case FLAGS: break;
        }
    }
    complete_slices(o, levels_given, slices);
    if (random && o->jobs)
        fail("a job list and --random");
    if (!random && !o->jobs)
        fail("which jobs? A file, - for standard input, or --random seed,count (schedsim --help says more)");
}

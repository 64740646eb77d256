/*
 * Scheduling parameters as text: see <common/sched_text.h>. A new one is a line of `parameters` with two functions.
 */
#include <common/sched_text.h>

#include <common/format.h>
#include <common/string.h>

#define MILLION 1000000u
#define FRACTION_DIGITS 9
#define FRACTION_ONE 1000000000ul /* ten to the power of FRACTION_DIGITS */

struct decimal {
    uint64_t whole;
    uint64_t fraction; /* in FRACTION_ONEths */
};

/* "12.5"; moves *text past it. False: there is no number, or one that does not fit. */
static bool read_decimal(const char **text, struct decimal *number)
{
    const char *at = *text;
    *number = (struct decimal){0};
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(number->whole, 10, &number->whole) ||
            __builtin_add_overflow(number->whole, (uint64_t)(*at - '0'), &number->whole))
            return false;
    if (at == *text)
        return false;
    if (*at == '.') {
        uint64_t place = FRACTION_ONE / 10;
        for (at++; *at >= '0' && *at <= '9'; at++, place /= 10)
            number->fraction += place * (uint64_t)(*at - '0');
    }
    *text = at;
    return true;
}

/* 5, 5ms, 0.5s, 500us to nanoseconds; a number without a unit counts in ms. */
static bool read_time(const char **text, uint64_t *ns)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {{"ms", 1000000}, {"us", 1000}, {"ns", 1}, {"s", 1000000000}};
    struct decimal number;
    uint64_t factor = 1000000;
    if (!read_decimal(text, &number))
        return false;
    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t n = strlen(units[i].unit);
        if (strncmp(*text, units[i].unit, n) == 0) {
            factor = units[i].ns;
            *text += n;
            break;
        }
    }
    return !__builtin_mul_overflow(number.whole, factor, ns) &&
           !__builtin_add_overflow(*ns, number.fraction * factor / FRACTION_ONE, ns);
}

static bool read_one_time(const char *value, uint64_t *ns)
{
    uint64_t read;
    if (!read_time(&value, &read) || *value)
        return false;
    *ns = read;
    return true;
}

static bool read_whole(const char *value, uint64_t *n)
{
    struct decimal number;
    bool good = read_decimal(&value, &number) && !*value && !number.fraction;
    if (good)
        *n = number.whole;
    return good;
}

static void show_time(struct format_buffer *to, uint64_t ns)
{
    char text[32];
    if (ns % 1000000 == 0)
        format_n(text, sizeof text, "%lums", (unsigned long)(ns / 1000000));
    else
        format_n(text, sizeof text, "%luus", (unsigned long)(ns / 1000));
    format_to_buffer(to, text, strlen(text));
}

static void show_word(struct format_buffer *to, const char *word)
{
    format_to_buffer(to, word, strlen(word));
}

/* One of two words for a flag. */
static bool set_flag(struct sched_text *text, uint32_t flag, const char *value, const char *off, const char *on)
{
    if (strcmp(value, on) == 0)
        text->params.flags |= flag;
    else if (strcmp(value, off) == 0)
        text->params.flags &= ~flag;
    else
        return false;
    return true;
}

/* ---- the parameters ---- */

static bool set_levels(struct sched_text *text, const char *value)
{
    uint64_t n;
    if (!read_whole(value, &n) || n < 1 || n > SCHED_MAX_LEVELS)
        return false;
    text->params.levels = (uint32_t)n;
    return true;
}

static void show_levels(const struct sched_params *p, struct format_buffer *to)
{
    char text[16];
    format_n(text, sizeof text, "%u", p->levels);
    show_word(to, text);
}

static bool set_slice(struct sched_text *text, const char *value)
{
    uint64_t slice[SCHED_MAX_LEVELS];
    unsigned n = 0;
    do {
        if (n == SCHED_MAX_LEVELS || !read_time(&value, &slice[n]) || slice[n] == 0)
            return false;
        n++;
    } while (*value++ == ',');
    if (value[-1])
        return false;
    memcpy(text->params.slice_ns, slice, n * sizeof slice[0]);
    text->slices = n;
    return true;
}

static void show_slice(const struct sched_params *p, struct format_buffer *to)
{
    for (unsigned i = 0; i < p->levels && i < SCHED_MAX_LEVELS; i++) {
        show_word(to, i ? "," : "");
        show_time(to, p->slice_ns[i]);
    }
}

static bool set_boost(struct sched_text *text, const char *value)
{
    return read_one_time(value, &text->params.boost_ns);
}

static void show_boost(const struct sched_params *p, struct format_buffer *to)
{
    show_time(to, p->boost_ns);
}

static bool set_allotment(struct sched_text *text, const char *value)
{
    return set_flag(text, SCHED_RESET_ALLOTMENT, value, "keep", "reset");
}

static void show_allotment(const struct sched_params *p, struct format_buffer *to)
{
    show_word(to, p->flags & SCHED_RESET_ALLOTMENT ? "reset" : "keep");
}

static bool set_quantum(struct sched_text *text, const char *value)
{
    return read_one_time(value, &text->params.quantum_ns) && text->params.quantum_ns;
}

static void show_quantum(const struct sched_params *p, struct format_buffer *to)
{
    show_time(to, p->quantum_ns);
}

static bool set_preemptive(struct sched_text *text, const char *value)
{
    return set_flag(text, SCHED_PREEMPTIVE, value, "no", "yes");
}

static void show_preemptive(const struct sched_params *p, struct format_buffer *to)
{
    show_word(to, p->flags & SCHED_PREEMPTIVE ? "yes" : "no");
}

static bool set_alpha(struct sched_text *text, const char *value)
{
    struct decimal number;
    if (!read_decimal(&value, &number) || *value || number.whole > 1 || (number.whole == 1 && number.fraction))
        return false;
    text->params.alpha_ppm = (uint32_t)(number.whole * MILLION + number.fraction / (FRACTION_ONE / MILLION));
    return true;
}

static void show_alpha(const struct sched_params *p, struct format_buffer *to)
{
    char text[24];
    int n = format_n(text, sizeof text, "%u.%06u", p->alpha_ppm / MILLION, p->alpha_ppm % MILLION);
    while (n > 0 && text[n - 1] == '0')
        n--;
    format_to_buffer(to, text, (size_t)(text[n - 1] == '.' ? n - 1 : n));
}

static bool set_first_guess(struct sched_text *text, const char *value)
{
    return read_one_time(value, &text->params.first_guess_ns) && text->params.first_guess_ns;
}

static void show_first_guess(const struct sched_params *p, struct format_buffer *to)
{
    show_time(to, p->first_guess_ns);
}

static const struct {
    const char *name, *hint;
    bool (*set)(struct sched_text *text, const char *value);
    void (*show)(const struct sched_params *params, struct format_buffer *to);
} parameters[] = {
    {"levels", "give a number from 1 to 8", set_levels, show_levels},
    {"slice", "give up to 8 times such as 5ms,10ms", set_slice, show_slice},
    {"boost", "give a time such as 500ms, or 0 for never", set_boost, show_boost},
    {"allotment", "give keep or reset", set_allotment, show_allotment},
    {"quantum", "give a time such as 10ms", set_quantum, show_quantum},
    {"preemptive", "give yes or no", set_preemptive, show_preemptive},
    {"alpha", "give a number from 0 to 1, such as 0.5", set_alpha, show_alpha},
    {"first-guess", "give a time such as 10ms", set_first_guess, show_first_guess},
};
#define PARAMETERS (sizeof parameters / sizeof parameters[0])
_Static_assert(SCHED_MAX_LEVELS == 8, "the hints say so");

/* PARAMETERS: there is none. */
static unsigned find(const char *name)
{
    unsigned i = 0;
    while (i < PARAMETERS && strcmp(parameters[i].name, name) != 0)
        i++;
    return i;
}

void sched_text_begin(struct sched_text *text, const struct sched_params *now)
{
    text->params = *now;
    text->slices = now->levels;
}

bool sched_text_knows(const char *name)
{
    return find(name) < PARAMETERS;
}

const char *sched_text_name(unsigned i)
{
    return i < PARAMETERS ? parameters[i].name : NULL;
}

const char *sched_text_set(struct sched_text *text, const char *name, const char *value)
{
    unsigned i = find(name);
    if (i == PARAMETERS)
        return "there is no such parameter";
    struct sched_text before = *text;
    if (parameters[i].set(text, value))
        return NULL;
    *text = before;
    return parameters[i].hint;
}

void sched_text_end(struct sched_text *text)
{
    for (unsigned n = text->slices; n > 0 && n < SCHED_MAX_LEVELS; n++)
        text->params.slice_ns[n] = 2 * text->params.slice_ns[n - 1];
}

void sched_text_show(const struct sched_params *params, const char *name, char *to, size_t size)
{
    struct format_buffer buffer = {.text = to, .room = size};
    unsigned i = find(name);
    if (i < PARAMETERS)
        parameters[i].show(params, &buffer);
    format_end(&buffer);
}

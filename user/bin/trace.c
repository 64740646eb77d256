/*
 * trace: switches the trace on and off, chooses what goes into it, shows how it stands (docs/trace.md).
 */
#include <kinglet/system.h>
#include <stdbool.h>

#define TOOL "trace"
#define USAGE "on | off | filter EVENT[,EVENT...] | filter all | status"
#include "tool.h"

static const struct {
    const char *name;
    int number;
} events[] = {
#define NAME_OF(number, name, small, arg) {#name, number},
    KINGLET_TRACE_EVENTS(NAME_OF)
#undef NAME_OF
};

#define EVENTS (sizeof events / sizeof events[0])

static _Noreturn void fail(const char *what, int error)
{
    if (error == -ENOMEM) {
        tool_complain(what, "the kernel has no room for a trace: boot with trace=ready or trace=on");
    } else {
        errno = -error;
        tool_error(what);
    }
    exit(1);
}

static void show_names(FILE *to, uint64_t which)
{
    const char *between = "";
    for (size_t i = 0; i < EVENTS; i++) {
        if ((which & TRACE_EVENT_BIT(events[i].number)) != 0) {
            fprintf(to, "%s%s", between, events[i].name);
            between = ",";
        }
    }
    putc('\n', to);
}

/* The bit of an event by its name, which ends at a comma; 0: there is none. */
static uint64_t event_bit(const char *name, size_t length)
{
    for (size_t i = 0; i < EVENTS; i++) {
        if (strlen(events[i].name) == length && strncmp(events[i].name, name, length) == 0) {
            return TRACE_EVENT_BIT(events[i].number);
        }
    }
    return 0;
}

static uint64_t parse(const char *list)
{
    /* A process without a name is of no use to a reader. */
    uint64_t chosen = TRACE_EVENT_BIT(TRACE_name);
    if (strcmp(list, "all") == 0) {
        return TRACE_ALL_EVENTS;
    }
    for (;;) {
        size_t n = strcspn(list, ",");
        uint64_t bit = event_bit(list, n);
        if (bit == 0) {
            fprintf(stderr, TOOL ": there is no event %.*s; the events are\n", (int)n, list);
            show_names(stderr, TRACE_ALL_EVENTS);
            exit(2);
        }
        chosen |= bit;
        if (list[n] == '\0') {
            return chosen;
        }
        list += n + 1;
    }
}

static void show(const struct trace_state *state)
{
    uint64_t every = 0;
    for (size_t i = 0; i < EVENTS; i++) {
        every |= TRACE_EVENT_BIT(events[i].number);
    }
    printf("%s, events: ", state->on ? "on" : "off");
    if ((state->events & every) == every) {
        puts("all");
    } else {
        show_names(stdout, state->events);
    }
    for (uint32_t hart = 0; hart < state->harts && hart < TRACE_MAX_HARTS; hart++) {
        printf("hart %u: %lu records, the last %lu in its ring\n", hart, state->written[hart],
               state->written[hart] < state->records ? state->written[hart] : state->records);
    }
}

int main(int argc, char **argv)
{
    struct trace_state state;
    int result = trace_filter(0, &state);
    if (result < 0) {
        fail("status", result);
    }
    if (argc < 2) {
        tool_usage();
    }
    if (strcmp(argv[1], "filter") == 0 && argc == 3) {
        uint64_t chosen = parse(argv[2]);
        result = state.records == 0 ? -ENOMEM : trace_filter(chosen, NULL);
    } else if (argc != 2) {
        tool_usage();
    } else if (strcmp(argv[1], "on") == 0 || strcmp(argv[1], "off") == 0) {
        result = trace_control(strcmp(argv[1], "on") == 0);
    } else if (strcmp(argv[1], "status") == 0) {
        if (state.records == 0) {
            fail("status", -ENOMEM);
        }
        show(&state);
    } else {
        tool_usage();
    }
    if (result < 0) {
        fail(argv[1], result);
    }
    tool_exit();
}

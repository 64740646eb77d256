/*
 * schedctl: shows or sets the scheduling policy and its parameters.
 * schedctl policy=rr quantum=5ms; schedctl policy=mlfq slice=5ms,10ms levels=2 boost=500ms   (boost=0: never)
 * Shows what matters to the policy that is set; -a: everything.
 */
#include <common/sched_text.h>
#include <kinglet/system.h>
#include <stdbool.h>

#define TOOL "schedctl"
#define USAGE \
    "[-a] [policy=fcfs|sjf|rr|mlfq] [quantum=TIME] [levels=N] [slice=TIME[,TIME...]]\n" \
    "       [boost=TIME] [allotment=keep|reset] [preemptive=yes|no] [alpha=0..1] [first-guess=TIME]\n" \
    "       (TIME: 500us, 5ms, 1s)"
#include "tool.h"

#define PARAMETER_MAX 16
#define VALUE_MAX 128

/* Which parameters a policy goes by. A policy that is not here shows all. */
static const struct {
    const char *policy, *parameters;
} concerns[] = {
    {"fcfs", ""},
    {"sjf", " preemptive alpha first-guess "},
    {"rr", " quantum "},
    {"mlfq", " levels slice boost allotment "},
};

static bool concerned(const char *policy, const char *parameter)
{
    char word[PARAMETER_MAX + 2];
    snprintf(word, sizeof word, " %s ", parameter);
    for (size_t i = 0; i < sizeof concerns / sizeof concerns[0]; i++) {
        if (strcmp(concerns[i].policy, policy) == 0) {
            return strstr(concerns[i].parameters, word) != NULL;
        }
    }
    return true;
}

static bool set_policy(struct sched_text *text, const char *value)
{
    if (*value == '\0' || strlen(value) >= sizeof text->params.policy) {
        return false;
    }
    memset(text->params.policy, 0, sizeof text->params.policy);
    strcpy(text->params.policy, value);
    return true;
}

/* "slice=5ms": NULL, or what is wrong with it. */
static const char *set(struct sched_text *text, const char *argument)
{
    char name[PARAMETER_MAX];
    const char *value = strchr(argument, '=');
    size_t n = value != NULL ? (size_t)(value - argument) : sizeof name;
    if (n >= sizeof name) {
        return "there is no such parameter";
    }
    memcpy(name, argument, n);
    name[n] = '\0';
    if (strcmp(name, "policy") == 0) {
        return set_policy(text, value + 1) ? NULL : "give the name of a policy";
    }
    return sched_text_set(text, name, value + 1);
}

static void show(const struct sched_params *p, bool all)
{
    const char *name;
    char value[VALUE_MAX];
    printf("policy=%.*s", SCHED_POLICY_NAME_MAX, p->policy);
    for (unsigned i = 0; (name = sched_text_name(i)) != NULL; i++) {
        if (all || concerned(p->policy, name)) {
            sched_text_show(p, name, value, sizeof value);
            printf(" %s=%s", name, value);
        }
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    struct sched_params p;
    struct sched_text text;
    int result = sched_get(&p);
    if (result < 0) {
        errno = -result;
        tool_error("cannot read the parameters");
        return 1;
    }
    bool all = argc == 2 && strcmp(argv[1], "-a") == 0;
    if (argc == 1 || all) {
        show(&p, all);
        tool_exit();
    }
    sched_text_begin(&text, &p);
    for (int i = 1; i < argc; i++) {
        const char *wrong = set(&text, argv[i]);
        if (wrong != NULL) {
            tool_complain(argv[i], wrong);
            tool_usage();
        }
    }
    sched_text_end(&text);
    result = sched_set(&text.params);
    if (result < 0) {
        errno = -result;
        tool_error("the kernel refuses these parameters");
        return 1;
    }
    tool_exit();
}

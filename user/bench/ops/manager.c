/*
 * Operations on what a manager keeps, one process asking and the manager answering.
 */
#include "ops.h"

#include <mp/mp.h>

static struct mp_dict scores;
static const char key[16] = "a usual key";

static void manager_get_start(void)
{
    struct mp_manager *manager;
    long value = 1234;
    MUST(mp_manager_start(&manager) == 0);
    MUST(mp_dict_new(manager, &scores) == 0);
    MUST(mp_dict_set(&scores, key, sizeof key, &value, sizeof value) == 0);
}

static void manager_get_round(void)
{
    long value = 0;
    MUST(mp_dict_get(&scores, key, sizeof key, &value, sizeof value) == sizeof value);
    MUST(value == 1234);
}

const struct op manager_ops[] = {
    {"manager_get", manager_get_round, manager_get_start, 50, 1},
    OPS_END,
};

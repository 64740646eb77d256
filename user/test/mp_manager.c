#include "mp_tools.h"
static void first(void)
{
    struct mp_manager *m;
    struct mp_dict d;
    char out[100];
    CHECK_EQUAL(mp_manager_start(&m), 0);
    CHECK_EQUAL(mp_dict_new(m, &d), 0);
    CHECK_EQUAL(mp_dict_set(&d, "abc", 3, "hello", 5), 0);
    CHECK_EQUAL(mp_dict_get(&d, "abc", 3, out, sizeof out), 5);
    CHECK(memcmp(out, "hello", 5) == 0);
    CHECK_EQUAL(mp_manager_objects(m), 1);
    mp_dict_close(&d);
    CHECK_EQUAL(mp_manager_objects(m), 0);
    CHECK_EQUAL(mp_manager_shutdown(m), 0);
    CHECK_EQUAL(mp_manager_close(m), 0);
}
static void u(void){exact_time=0;}
int main(int argc, char **argv)
{
    check_start(argc, argv);
    u();RUN(first);
    return check_end();
}

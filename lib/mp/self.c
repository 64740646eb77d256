/*
 * The one place that says what a lock's owner is: a thread.
 */
#include <kinglet/system.h>
#include <mp/self.h>

int mp_self(void)
{
    return self_tid();
}

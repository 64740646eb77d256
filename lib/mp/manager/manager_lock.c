/*
 * The client's side of a lock: see <mp/manager_lock.h>.
 */
#include "client.h"

#include <errno.h>
#include <mp/manager_lock.h>

int mp_manager_lock_new(struct mp_manager *manager, struct mp_manager_lock *lock)
{
    return proxy_new(manager, KIND_LOCK, 0, NULL, &lock->proxy);
}

int mp_manager_rlock_new(struct mp_manager *manager, struct mp_manager_lock *lock)
{
    return proxy_new(manager, KIND_LOCK, MANAGER_RECURSIVE, NULL, &lock->proxy);
}

int mp_manager_lock_open(struct mp_manager *manager, int reference, struct mp_manager_lock *lock)
{
    struct manager_identity identity;
    return proxy_open(manager, reference, KIND_LOCK, &lock->proxy, &identity);
}

void mp_manager_lock_close(struct mp_manager_lock *lock)
{
    proxy_close(&lock->proxy);
}

int mp_manager_lock_acquire(const struct mp_manager_lock *lock, int timeout_ms)
{
    return (int)proxy_call(&lock->proxy, LOCK_ACQUIRE, timeout_ms, 0, NULL);
}

int mp_manager_lock_release(const struct mp_manager_lock *lock)
{
    return (int)proxy_call(&lock->proxy, LOCK_RELEASE, 0, 0, NULL);
}

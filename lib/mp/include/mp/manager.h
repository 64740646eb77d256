/*
 * Manager: a server process that keeps objects for others, and proxies by which any of them works on the same
 * object: dict (<mp/dict.h>), list (<mp/list.h>), value (<mp/manager_value.h>), lock (<mp/manager_lock.h>). Like
 * multiprocessing.Manager. What the server keeps is bytes.
 *
 * Three kinds of handles stand behind it, all of them sessions on the server's channel (docs/messages.md):
 * - the *door*, in struct mp_manager. fork copies it, and it can be sent to others. By itself it allows nothing.
 * - a *connection*, one for each process. It is made at the first call of that process, by a challenge in both
 *   directions: server and client each prove that they know the authkey, and the key itself never travels. fork does
 *   not copy it. When a process ends, its connection is closed, and so its locks are released and what it waits for
 *   is forgotten.
 * - a *reference*, in each proxy. fork copies it, and it can be sent to others. When the last copy of it is closed,
 *   by a call or by a process's end, the object is freed in the server.
 *
 * Each call on a proxy is one step for all others: it is done wholly or not at all, also when the caller is killed
 * in it.
 *
 * Errors that any call on a proxy can give, and that are not repeated: -ESHUTDOWN: the manager has ended, by
 * mp_manager_shutdown, with the process that started it, or killed; -EACCES: the authkeys differ; -ESTALE: there is
 * no such object any more; -EBADF: the proxy is closed; -ENOMEM: there is no memory for the call, in the server (its
 * limit), the kernel or the caller; -EMFILE; -EAGAIN: MP_MANAGER_CONNECTIONS processes are connected; -EDEADLK: the
 * caller itself serves a channel of the highest rank; -EFAULT: what was to be given cannot be written where the
 * caller wants it. On all of them nothing has changed. Unless it says so, a call waits only for the server's answer,
 * which waits for nobody.
 */
#ifndef MP_MANAGER_H
#define MP_MANAGER_H

#include <stddef.h>
#include <stdint.h>

#define MP_KEY_MAX 1024               /* bytes of a dict's key */
#define MP_ITEM_MAX 65536             /* bytes of a dict's value, a list's item, a value */
#define MP_MANAGER_BYTES (16ul << 20) /* what the server may take for all its objects, unless told otherwise */
#define MP_MANAGER_CONNECTIONS 1024

struct mp_manager;
struct mp_process;

/* Starts a server process, named "Manager-1" and so on, with the caller's authkey: a daemon of the caller, so it
 * ends when the caller does. It keeps none of the caller's handles open but stderr. Blocks until the server is
 * ready. 0; what mp_process_start gives; -EMFILE; -ENOMEM; -EIO: it was killed before it was ready. The second lets
 * the server take max_bytes for its objects, all overhead counted, but not what connections take. */
int mp_manager_start(struct mp_manager **manager);
int mp_manager_start_limited(struct mp_manager **manager, size_t max_bytes);

/* Ends the server and joins it. Whoever waits for a lock gets -ESHUTDOWN, and so does from now on every call. 0,
 * also when it has ended before; -EPERM: the caller has not started it. */
int mp_manager_shutdown(struct mp_manager *manager);

/* Frees it, and closes the door and the connection of this process: its locks are released. No proxy of it may be used
 * afterwards. Does not block. 0; -EBUSY: the caller has started it, and has not shut it down: nothing was done. */
int mp_manager_close(struct mp_manager *manager);

/* The server, to be killed or looked at; only for the process that started it, and to be left to mp_manager_shutdown.
 * NULL for others. Does not block. */
struct mp_process *mp_manager_process(struct mp_manager *manager);

/* For processes that did not get the manager by fork. The first gives the door, a handle that can be sent; it
 * belongs to the manager. With the second a process that received it makes a manager of it, which owns the handle
 * from then on. authkey: MP_AUTHKEY_BYTES of them, or NULL: that of the calling process when it connects. They do
 * not block. 0; -ENOMEM. */
int mp_manager_door(const struct mp_manager *manager);
int mp_manager_open(struct mp_manager **manager, int door, const void *authkey);

/* Connects this process now instead of at its first call, to see whether it may. 0; -EACCES: server and caller have
 * different authkeys, or there is something else behind the door. Blocks for as long as that takes to answer. */
int mp_manager_connect(struct mp_manager *manager);

/* What the server has. 0, or an error. The second gives the number of objects alone. */
struct mp_manager_info {
    uint64_t objects;
    uint64_t references;  /* sessions on them; a handle and its copies are one */
    uint64_t connections; /* processes that are connected */
    uint64_t waiting;     /* calls that wait for a lock */
    uint64_t bytes;       /* taken, of... */
    uint64_t max_bytes;   /* ...so many */
};
int mp_manager_info(struct mp_manager *manager, struct mp_manager_info *info);
int64_t mp_manager_objects(struct mp_manager *manager);

/* What all proxies begin with. They are plain structs: a copy of one has the same handle, and only one of them is to be
 * closed; fork gives the child one of its own. To send a proxy, send its `reference` with the message; who receives
 * it makes a proxy of it with mp_dict_open and its like. */
struct mp_proxy {
    struct mp_manager *manager;
    uint64_t number; /* of the object, in the server */
    int reference;   /* handle; -1: closed */
};

#endif

/*
 * The environment. Until the first change it is what the kernel put on the stack; then it becomes an
 * allocated list of allocated strings, so that a replaced value can be freed.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **owned;       /* environ, when it is our own list */
static size_t owned_count; /* entries in it */
static size_t owned_room;  /* entries it has room for, the NULL at its end included */

/* The place of "name=…", or NULL. */
static char **find(const char *name, size_t length)
{
    for (char **place = environ; place && *place; place++) {
        if (strncmp(*place, name, length) == 0 && (*place)[length] == '=')
            return place;
    }
    return NULL;
}

char *getenv(const char *name)
{
    size_t length = strlen(name);
    char **place = length ? find(name, length) : NULL;
    return place ? *place + length + 1 : NULL;
}

/* Makes environ our own, with room for one entry more; false and ENOMEM. */
static bool own(void)
{
    if (environ != owned || !owned) {
        size_t count = 0;
        while (environ && environ[count])
            count++;
        char **list = calloc(count + 8, sizeof *list);
        if (!list)
            return false;
        for (size_t i = 0; i < count; i++) {
            list[i] = strdup(environ[i]);
            if (!list[i]) {
                while (i > 0)
                    free(list[--i]);
                free(list);
                return false;
            }
        }
        environ = owned = list;
        owned_count = count;
        owned_room = count + 8;
    }
    if (owned_count + 1 < owned_room)
        return true;
    char **bigger = reallocarray(owned, owned_room * 2, sizeof *bigger);
    if (!bigger)
        return false;
    environ = owned = bigger;
    owned_room *= 2;
    return true;
}

static bool name_is_bad(const char *name)
{
    if (name && *name && !strchr(name, '='))
        return false;
    errno = EINVAL;
    return true;
}

int setenv(const char *name, const char *value, int overwrite)
{
    if (name_is_bad(name))
        return -1;
    size_t name_length = strlen(name);
    if (!overwrite && find(name, name_length))
        return 0;
    size_t value_length = strlen(value);
    char *entry = malloc(name_length + value_length + 2);
    if (!entry || !own()) {
        free(entry);
        return -1;
    }
    memcpy(entry, name, name_length);
    entry[name_length] = '=';
    memcpy(entry + name_length + 1, value, value_length + 1);
    char **place = find(name, name_length);
    if (place) {
        free(*place);
        *place = entry;
    } else {
        environ[owned_count++] = entry;
        environ[owned_count] = NULL;
    }
    return 0;
}

int unsetenv(const char *name)
{
    if (name_is_bad(name))
        return -1;
    size_t length = strlen(name);
    if (!find(name, length))
        return 0;
    if (!own())
        return -1;
    char **place;
    while ((place = find(name, length))) {
        free(*place);
        *place = environ[--owned_count]; /* the last one moves into the gap */
        environ[owned_count] = NULL;
    }
    return 0;
}

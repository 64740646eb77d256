/*
 * The server's dicts: a hash table, and an array of all entries in the order in which their keys were first set. An
 * entry that is taken out leaves a hole in the array, and the holes are closed when there is no room. Each place
 * keeps its serial number, and by that somebody who goes through the dict finds where he was, whatever has happened
 * since.
 */
#include "server.h"

#include <errno.h>
#include <string.h>

#define FIRST_ROOM 8 /* entries; a power of two */

struct entry {
    struct entry *next; /* in its bucket */
    uint64_t hash;
    size_t place;
    struct item *value;
    struct item *key;
};

struct place {
    uint64_t serial; /* rises along the array; never 0 */
    struct entry *entry; /* NULL: a hole; the last place is none */
};

struct dict {
    struct object object;
    struct entry **bucket; /* `room` of them */
    struct place *place;
    size_t places, room; /* used, holes included; there are */
    size_t live;         /* entries */
    uint64_t serial;     /* the last that was given out */
};

static int64_t dict_init(struct object *object, struct call *call)
{
    return 0;
}

/* ---- the table ---- */

static struct entry **bucket_of(const struct dict *d, uint64_t hash)
{
    return &d->bucket[hash & (d->room - 1)];
}

static struct entry *find(const struct dict *d, const void *key, size_t bytes, uint64_t hash)
{
    struct entry *e = d->room ? *bucket_of(d, hash) : NULL;
    while (e && !(e->hash == hash && item_is(e->key, key, bytes)))
        e = e->next;
    return e;
}

static void close_holes(struct dict *d)
{
    size_t to = 0;
    for (size_t from = 0; from < d->places; from++) {
        if (!d->place[from].entry)
            continue;
        d->place[to] = d->place[from];
        d->place[to].entry->place = to;
        to++;
    }
    d->places = to;
}

static bool grow(struct dict *d)
{
    size_t room = d->room ? 2 * d->room : FIRST_ROOM;
    struct place *place = server_alloc(room * sizeof *place);
    struct entry **bucket = place ? server_alloc(room * sizeof *bucket) : NULL;
    if (!bucket) {
        server_free(place);
        return false;
    }
    if (d->places)
        memcpy(place, d->place, d->places * sizeof *place);
    server_free(d->place);
    server_free(d->bucket);
    d->place = place;
    d->bucket = bucket;
    d->room = room;
    for (size_t i = 0; i < d->places; i++) {
        struct entry *e = d->place[i].entry;
        if (e) {
            e->next = *bucket_of(d, e->hash);
            *bucket_of(d, e->hash) = e;
        }
    }
    return true;
}

/* Room for one more. Holes are closed when they are a quarter, so that each costs a few steps. */
static bool make_room(struct dict *d)
{
    if (d->places < d->room)
        return true;
    if (d->places - d->live < d->room / 4 || d->room == 0)
        return grow(d);
    close_holes(d);
    return true;
}

static void entry_free(struct entry *e)
{
    server_free(e->key);
    server_free(e->value);
    server_free(e);
}

/* A new key. NULL: no memory, and nothing has changed. */
static struct entry *insert(struct dict *d, const struct call *call, size_t key_bytes, uint64_t hash)
{
    if (!make_room(d))
        return NULL;
    struct entry *e = server_alloc(sizeof *e);
    if (!e)
        return NULL;
    e->key = item_new(call->payload, key_bytes);
    e->value = item_new(call->payload + key_bytes, call->bytes - key_bytes);
    if (!e->key || !e->value) {
        entry_free(e);
        return NULL;
    }
    e->hash = hash;
    e->next = *bucket_of(d, hash);
    *bucket_of(d, hash) = e;
    e->place = d->places++;
    d->place[e->place] = (struct place){.serial = ++d->serial, .entry = e};
    d->live++;
    return e;
}

/* Takes an entry out; it is the caller's. */
static void take_out(struct dict *d, struct entry *e)
{
    struct entry **link = bucket_of(d, e->hash);
    while (*link != e)
        link = &(*link)->next;
    *link = e->next;
    d->place[e->place].entry = NULL;
    d->live--;
    while (d->places && !d->place[d->places - 1].entry)
        d->places--;
}

static void clear(struct dict *d)
{
    for (size_t i = 0; i < d->places; i++)
        if (d->place[i].entry)
            entry_free(d->place[i].entry);
    server_free(d->place);
    server_free(d->bucket);
    d->place = NULL;
    d->bucket = NULL;
    d->places = d->room = d->live = 0; /* the serial number goes on, for those who are going through it */
}

/* ---- operations ---- */

static int64_t insert_and_give(struct dict *d, struct call *call, size_t key_bytes, uint64_t hash)
{
    struct entry *e = insert(d, call, key_bytes, hash);
    int64_t given = e ? call_give_now(call, e->value->data, e->value->bytes) : -ENOMEM;
    if (e && given < 0) {
        take_out(d, e);
        entry_free(e);
    }
    return given;
}

static int64_t set(struct dict *d, struct call *call)
{
    size_t key_bytes = (size_t)call->a;
    if (call->a < 0 || key_bytes > call->bytes)
        return -EINVAL;
    size_t bytes = call->bytes - key_bytes;
    if (key_bytes > MP_KEY_MAX || bytes > MP_ITEM_MAX)
        return -EMSGSIZE;
    uint64_t hash = server_hash(call->payload, key_bytes);
    struct entry *e = find(d, call->payload, key_bytes, hash);
    if (call->op == DICT_SET_DEFAULT) {
        if (!e && bytes > call->room)
            return -EMSGSIZE;
        if (!e)
            return insert_and_give(d, call, key_bytes, hash);
        return call_give(call, e->value->data, e->value->bytes);
    }
    if (!e)
        return insert(d, call, key_bytes, hash) ? 0 : -ENOMEM;
    struct item *value = item_new(call->payload + key_bytes, bytes);
    if (!value)
        return -ENOMEM;
    server_free(e->value);
    e->value = value;
    return 0;
}

/* Operations on an entry that is there. */
static int64_t operate_on(struct dict *d, struct entry *e, struct call *call)
{
    int64_t result = 0;
    switch (call->op) {
    case DICT_GET:
        return call_give(call, e->value->data, e->value->bytes);
    case DICT_VALUE_SIZE:
        return e->value->bytes;
    case DICT_HAS:
        return 1;
    case DICT_POP:
        result = call_give_now(call, e->value->data, e->value->bytes);
        if (result < 0)
            return result;
        break;
    default:
        break; /* DICT_DELETE */
    }
    take_out(d, e);
    entry_free(e);
    return result;
}

/* The first entry behind a serial number, or NULL. */
static struct entry *behind(const struct dict *d, uint64_t serial)
{
    size_t low = 0, high = d->places;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->place[middle].serial <= serial)
            low = middle + 1;
        else
            high = middle;
    }
    while (low < d->places && !d->place[low].entry)
        low++;
    return low < d->places ? d->place[low].entry : NULL;
}

/* The answer is header, key and value in one piece of memory. */
static int64_t give_item(struct dict *d, struct entry *e, struct call *call,
                         int64_t (*give)(struct call *call, const void *data, size_t bytes))
{
    char *answer = server_answer;
    struct manager_dict_item *header = (struct manager_dict_item *)answer;
    if (!e)
        return -ENODATA;
    size_t value_room = DICT_VALUE_ROOM(call->b), value_bytes = value_room == DICT_NO_VALUE ? 0 : e->value->bytes;
    *header = (struct manager_dict_item){
        .cursor = d->place[e->place].serial, .key_bytes = e->key->bytes, .value_bytes = e->value->bytes};
    if (e->key->bytes > DICT_KEY_ROOM(call->b) || value_bytes > value_room) {
        int64_t error = call_give(call, header, sizeof *header);
        return error < 0 ? error : -EMSGSIZE;
    }
    memcpy(answer + sizeof *header, e->key->data, e->key->bytes);
    memcpy(answer + sizeof *header + e->key->bytes, e->value->data, value_bytes);
    return give(call, answer, sizeof *header + e->key->bytes + value_bytes);
}

static int64_t pop_item(struct dict *d, struct call *call)
{
    struct entry *e = d->places ? d->place[d->places - 1].entry : NULL;
    int64_t given = give_item(d, e, call, call_give_now);
    if (given >= 0) {
        take_out(d, e);
        entry_free(e);
    }
    return given;
}

static int64_t dict_operate(struct object *object, struct call *call)
{
    struct dict *d = container_of(object, struct dict, object);
    struct entry *e;
    switch (call->op) {
    case DICT_SET:
    case DICT_SET_DEFAULT:
        return set(d, call);
    case DICT_SIZE:
        return (int64_t)d->live;
    case DICT_CLEAR:
        clear(d);
        return 0;
    case DICT_NEXT:
        return give_item(d, behind(d, (uint64_t)call->a), call, call_give);
    case DICT_POP_ITEM:
        return pop_item(d, call);
    default: /* those with a key */
        e = find(d, call->payload, call->bytes, server_hash(call->payload, call->bytes));
        return e ? operate_on(d, e, call) : call->op == DICT_HAS ? 0 : -ENOENT;
    }
}

static void dict_destroy(struct object *object)
{
    clear(container_of(object, struct dict, object));
}

const struct kind kind_dict = {
    .bytes = sizeof(struct dict),
    .first_op = DICT_SET,
    .end_op = DICT_POP_ITEM + 1,
    .init = dict_init,
    .operate = dict_operate,
    .destroy = dict_destroy,
};

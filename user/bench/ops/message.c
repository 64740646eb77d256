/*
 * Operations on channels: a call to a server that does nothing but reply, and one that moves a page.
 */
#include "ops.h"

#include <kinglet/system.h>
#include <unistd.h>

#define OP_NULL MSG_PRIVATE
#define OP_DATA (MSG_PRIVATE + 1)
#define PAGE 4096

static int channel, session;
static char paths[2 * PATH_MAX], page[PAGE];

static void server(void)
{
    struct reply answer = {.token = 0};
    struct message m;
    close(session);
    MUST(channel_serve(channel, paths, sizeof paths) == 0);
    for (;;) {
        reply_receive(channel, &answer, &m);
        MUST(m.op == OP_NULL || m.op == OP_DATA);
        answer = (struct reply){.token = m.token};
        if (m.op == OP_DATA) {
            answer.flags = REPLY_DATA;
            answer.data = page;
            answer.length = m.arg1;
            answer.status = (int64_t)m.arg1;
        }
    }
}

static void call_start(void)
{
    channel = channel_create(RANK_FILE_SYSTEM);
    session = channel_connect(channel, 0, SESSION_READ | SESSION_WRITE);
    MUST(channel >= 0 && session >= 0);
    helper(server);
}

static void call_round(void)
{
    MUST(call(session, OP_NULL, 0, 0, NULL, 0, 0) == 0);
}

static void call_4k_round(void)
{
    MUST(call(session, OP_DATA, 0, PAGE, page, PAGE, CALL_RECEIVE) == PAGE);
}

static void call_crowd_start(void)
{
    start_crowd();
    call_start();
}

const struct op message_ops[] = {
    {"call", call_round, call_start, 100, 1},
    {"call_crowd", call_round, call_crowd_start, 100, 1},
    {"call_4k", call_4k_round, call_start, 50, 1},
    OPS_END,
};

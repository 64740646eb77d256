/*
 * Call, reply and kill on a channel across harts: kernel/ipc/call.c, serve.c and the slots of channel.c.
 * tests/test_models.py has spin search every state of it, scenario by scenario, and each of the mutations below,
 * which spin must reject.
 *
 * Every task has a hart of its own here, so that any two can be anywhere in the code at once; sleep.pml is about
 * sharing harts. What is left of the scheduler is what calls rely on: `state` with its compare-and-swap, and
 * on_hart, which stays set for a while after a task has gone to sleep.
 *
 * What is a step, and why interleaving is enough: as in sleep.pml. Here nearly everything is under the channel's
 * lock, so a section under it is one step for each access that others can see without the lock (state, killed,
 * on_hart) and for what lies between them. Without the lock are: state and killed (sequentially consistent),
 * on_hart (release, acquire), and reference counts (atomic). A server's account is written by its client before
 * the client makes the server READY (claim), or under the run queue's lock, so the server sees it.
 */
#ifndef SCENARIO
#define SCENARIO 1
#endif
#if SCENARIO == 1 /* a client is killed at any moment; the server replies again with old tokens, too */
#define CALLS(c) (c == 0 -> 1 : 2)
#define KILL_CLIENT 1
#define LIVES 1
#define BAD_SERVER 1
#elif SCENARIO == 2 /* the server is killed at any moment, and started again */
#define CALLS(c) (c == 0 -> 2 : 1)
#define KILL_CLIENT 0
#define LIVES 2
#define BAD_SERVER 0
#elif SCENARIO == 3 /* ... several times */
#define CALLS(c) (c == 0 -> 1 : 0)
#define KILL_CLIENT 0
#define LIVES 4
#define BAD_SERVER 0
#else /* 4: both */
#define CALLS(c) 1
#define KILL_CLIENT 1
#define LIVES 2
#define BAD_SERVER 0
#endif

#define CLIENTS 2
#define SERVER CLIENTS
#define ALL (CLIENTS + 1)
#define SLOTS 3
#define NOBODY 255

mtype = { RUNNING, READY, BLOCKED, ZOMBIE };
mtype = { QUEUED, SERVING, DONE };
mtype = { CALL, CANCEL };

/* tasks */
mtype state[ALL];
bit on_hart[ALL], killed[ALL];
bit queued[ALL];           /* on a run queue, or handed a hart */
byte refs[CLIENTS];        /* on the PCB; at 0 it is gone */

/* requests, one per client, on its kernel stack */
mtype request[CLIENTS];
byte slot_of[CLIENTS];
bit retried[CLIENTS], failed[CLIENTS]; /* failed: the status is -EIO */
bit there[CLIENTS];        /* the memory is still a request's */
byte number[CLIENTS];      /* which call it is, to tell answers apart */
byte delivered[CLIENTS];   /* how often this call was */

/* the channel, under `lock` */
bit lock, closed;
byte server = NOBODY, receiver = NOBODY;
chan queue = [CLIENTS + SLOTS] of { mtype, byte };
byte in_slot[SLOTS] = NOBODY;
byte generation[SLOTS];
bit dead[SLOTS];

/* the server's */
byte payer = NOBODY;       /* with a reference */
byte account = NOBODY;     /* whose time it runs on; NOBODY: its own */

byte clients_left = CLIENTS;
bit server_starts;

#define SPIN_LOCK atomic { lock == 0 -> lock = 1 }
#define SPIN_UNLOCK lock = 0

inline put(c)
{
    atomic { assert(refs[c] > 0); refs[c]-- }
}

/* Time is charged to the account: that PCB must be there. Part of a step. */
#define CHARGE assert(account == NOBODY || refs[account] > 0)

/* ---- the scheduler ---- */

inline enqueue(t)
{
    d_step { assert(state[t] == READY && !queued[t]); queued[t] = 1 }
}

inline go_on()
{
    d_step {
        queued[me] -> queued[me] = 0;
        state[me] = RUNNING;
        on_hart[me] = 1;
        assert(me == SERVER || account != me || killed[me]) /* an account has one user at a time */
    }
}

inline switch_away()
{
    if
    :: queued[me] -> go_on() /* woken already, and picks itself */
    :: on_hart[me] = 0; go_on()
    fi
}

inline compare_and_swap(t, from, to)
{
    d_step {
        won = (state[t] == from);
        if
        :: won -> state[t] = to
        :: else
        fi
    }
}

inline wake(t)
{
    compare_and_swap(t, BLOCKED, READY);
    if
    :: won -> won = 0; enqueue(t)
    :: else
    fi
}

/* -> won: t is ours, on no queue and on no hart */
inline claim(t)
{
    compare_and_swap(t, BLOCKED, READY);
    if
    :: won && on_hart[t] -> enqueue(t); won = 0
    :: else
    fi
}

inline hand_off(t)
{
    d_step { assert(!on_hart[t]); won = 0 }
    enqueue(t);
    switch_away()
}

inline wait_switch()
{
    won = 0;
    if
    :: killed[me] -> compare_and_swap(me, BLOCKED, RUNNING)
    :: else
    fi;
    if
    :: won -> won = 0
    :: else -> switch_away()
    fi
}

inline kill(t)
{
    killed[t] = 1;
    wake(t)
}

/* ---- channel.c; under the lock ---- */

inline slot_take()
{
    d_step {
        slot = 0;
        do
        :: in_slot[slot] != NOBODY || dead[slot] -> slot++; assert(slot < SLOTS)
        :: else -> break
        od;
        in_slot[slot] = me;
        slot_of[me] = slot;
#ifndef M_NO_GENERATION
        generation[slot]++;
#endif
        slot = NOBODY
    }
}

/* Part of a step. The note of a dead slot may be in the queue. */
inline slot_free(s)
{
    in_slot[s] = NOBODY;
    if
    :: queue ?? [CANCEL, eval(s)] -> queue ?? CANCEL, eval(s)
    :: else
    fi;
    dead[s] = 0
}

inline finish_request(c, eio)
{
    d_step {
        assert(there[c]);
        failed[c] = eio;
        request[c] = DONE;
        slot_free(slot_of[c])
    }
}

inline wake_server()
{
    if
    :: receiver != NOBODY -> receiver = NOBODY; wake(SERVER)
    :: else
    fi
}

/* ---- call.c ---- */

inline withdraw()
{
    if
    :: request[me] == QUEUED && !retried[me] ->
        d_step { queue ?? CALL, eval(me); slot_free(slot_of[me]) }
    :: else -> /* a server knows of it, or one that has died did */
        d_step {
            if
            :: request[me] == QUEUED -> queue ?? CALL, eval(me)
            :: else
            fi;
            in_slot[slot_of[me]] = NOBODY;
            dead[slot_of[me]] = 1;
            queue ! CANCEL, slot_of[me]
        }
        wake_server()
    fi
}

inline request_call()
{
    SPIN_LOCK;
    if
    :: closed -> SPIN_UNLOCK; failed[me] = 1
    :: else ->
        d_step {
            number[me]++;
            delivered[me] = 0;
            retried[me] = 0;
            failed[me] = 0;
            there[me] = 1
        }
        slot_take();
        d_step { request[me] = QUEUED; queue ! CALL, me }
        state[me] = BLOCKED;
        if
        :: receiver != NOBODY && !killed[me] ->
            d_step {
                receiver = NOBODY;
#ifndef M_PAYER_NOT_HELD
                refs[me]++;
#endif
                payer = me
            }
            claim(SERVER);
            account = me; /* before anyone else can make it run */
            SPIN_UNLOCK;
            if
            :: won -> hand_off(SERVER)
            :: else -> wait_switch()
            fi
        :: receiver != NOBODY && killed[me] -> wake_server(); SPIN_UNLOCK; wait_switch()
        :: receiver == NOBODY -> SPIN_UNLOCK; wait_switch()
        fi;
        SPIN_LOCK;
        do
        :: request[me] == DONE -> break
        :: else ->
            if
            :: killed[me] ->
#ifndef M_LEAVES_ITS_REQUEST
                withdraw();
#endif
                there[me] = 0;
                SPIN_UNLOCK;
                goto leave
            :: else
            fi;
            state[me] = BLOCKED;
            SPIN_UNLOCK;
            wait_switch();
            SPIN_LOCK
        od;
        skip;
        d_step {
            assert(failed[me] || delivered[me] > 0);
            there[me] = 0
        }
        SPIN_UNLOCK
    fi
}

proctype client(byte me)
{
    byte i, slot = NOBODY;
    bit won;
    for (i : 1 .. CALLS(me)) {
        if
        :: killed[me] -> goto leave
        :: else
        fi;
        request_call()
    }
leave:
    /* A zombie, which its parent waits for: its own reference goes last. */
    state[me] = ZOMBIE;
    on_hart[me] = 0;
    d_step { clients_left--; assert(refs[me] > 0); refs[me]-- }
}

/* ---- serve.c ---- */

/* p may be NOBODY */
inline work_for(p)
{
    if
    :: p != payer || account != p ->
        before = payer;
        d_step {
            if
            :: p != NOBODY -> assert(refs[p] > 0); refs[p]++
            :: else
            fi;
            payer = p;
            CHARGE;
            account = p
        }
        if
        :: before != NOBODY -> put(before)
        :: else
        fi;
        before = NOBODY
    :: else
    fi
}

/* `finish` with this token; `replied` is the client then, with a reference. */
inline reply(s, g, c, n)
{
    SPIN_LOCK;
    d_step {
        if
        :: server == me && generation[s] == g && in_slot[s] != NOBODY && request[in_slot[s]] == SERVING ->
            replied = in_slot[s];
            assert(replied == c && number[c] == n); /* the one that was delivered with this token */
            assert(there[c] && !dead[s]);
            refs[replied]++
        :: else ->
            if
            :: server == me && generation[s] == g && dead[s] -> slot_free(s)
            :: else
            fi
        fi
    }
    if
    :: replied != NOBODY -> finish_request(replied, 0)
    :: else
    fi;
    SPIN_UNLOCK
}

inline tell_client()
{
    if
    :: replied != NOBODY ->
#ifndef M_WOKEN_WITH_ITS_ACCOUNT_IN_USE
        d_step {
            if
            :: account == replied -> CHARGE; account = NOBODY
            :: else
            fi
        }
#endif
        wake(replied);
        put(replied);
        replied = NOBODY
    :: else
    fi
}

/* `replied` may be a client, which gets the processor if there is nothing else to do. */
inline receive()
{
    SPIN_LOCK;
    do
    :: nempty(queue) ->
        tell_client();
        d_step {
            queue ? kind, id;
            if
            :: kind == CALL ->
                assert(there[id] && request[id] == QUEUED && in_slot[slot_of[id]] == id);
                request[id] = SERVING;
                slot = slot_of[id];
                token = generation[slot];
                whose = id;
                which = number[id];
                delivered[id]++;
                assert(delivered[id] <= 1 + retried[id]); /* once, and once more after a server's death */
                refs[id]++ /* past the lock the client may die */
            :: else -> slot_free(id)
            fi
        }
        SPIN_UNLOCK;
        if
        :: kind == CALL -> work_for(id); put(id)
        :: else -> work_for(NOBODY)
        fi;
        break
    :: empty(queue) ->
        d_step {
            before = payer;
            payer = NOBODY;
            to_client = replied != NOBODY && before == replied;
#ifndef M_CLAIMED_WITHOUT_A_LOOK
            to_client = to_client && !on_hart[replied]
#endif
        }
#ifdef M_KILLED_BEFORE_BLOCKED
        to_client = to_client && !killed[me];
#endif
        if
        :: !to_client -> d_step { CHARGE; account = NOBODY }
        :: else
        fi;
        receiver = me;
        state[me] = BLOCKED;
        SPIN_UNLOCK;
#ifdef M_KILLED_BEFORE_BLOCKED
        if
        :: to_client -> claim(replied)
#else
        if
        :: to_client && !killed[me] -> claim(replied)
#endif
        :: else -> won = 0
        fi;
        if
        :: won ->
            put(before);
            put(replied);
            d_step { id = replied; replied = NOBODY; before = NOBODY; to_client = 0 }
            d_step { account = NOBODY } /* sched_handoff, leave_account */
            hand_off(id);
            id = NOBODY
        :: else ->
            if
            :: to_client -> d_step { CHARGE; account = NOBODY }
            :: else
            fi;
            if
            :: before != NOBODY -> put(before)
            :: else
            fi;
            d_step { before = NOBODY; to_client = 0 }
            tell_client();
            wait_switch()
        fi;
        ended = killed[me];
        SPIN_LOCK;
        if
        :: receiver == me -> receiver = NOBODY /* wait_leave */
        :: else
        fi;
        if
        :: ended -> SPIN_UNLOCK; goto leave
        :: else
        fi
    od;
    kind = 0;
    id = NOBODY
}

inline serve_end()
{
    work_for(NOBODY);
    SPIN_LOCK;
    server = NOBODY;
    slot = 0;
    do
    :: slot < SLOTS ->
        if
        :: in_slot[slot] != NOBODY && request[in_slot[slot]] == SERVING ->
            id = in_slot[slot];
            if
            :: !retried[id] ->
                d_step {
#ifndef M_RETRIED_FOR_EVER
                    retried[id] = 1;
#endif
                    request[id] = QUEUED;
                    queue ! CALL, id
                }
            :: else -> finish_request(id, 1); wake(id)
            fi
        :: else
        fi;
        slot++
    :: else -> break
    od;
    SPIN_UNLOCK
}

proctype serves()
{
    byte me = SERVER;
    byte before = NOBODY, replied = NOBODY, id = NOBODY, slot = NOBODY, token, whose, which;
    byte old_slot = NOBODY, old_token, old_whose, old_which;
    mtype kind;
    bit won, to_client, ended;
    do
    :: server_starts ->
        d_step {
            server_starts = 0;
            state[me] = RUNNING;
            on_hart[me] = 1;
            slot = NOBODY
        }
        SPIN_LOCK;
        server = me;
        SPIN_UNLOCK;
        do
        :: slot = NOBODY;
            receive();
            if
            :: killed[me] -> break /* on its way to user mode */
            :: else
            fi;
            if /* a server that replies with a token that it has used already */
            :: BAD_SERVER && old_slot != NOBODY && slot != NOBODY ->
                reply(old_slot, old_token, old_whose, old_which);
                old_slot = NOBODY;
                assert(replied == NOBODY)
            :: true
            fi;
            if
            :: slot != NOBODY ->
                reply(slot, token, whose, which);
                d_step {
                    if
                    :: BAD_SERVER -> old_slot = slot; old_token = token; old_whose = whose; old_which = which
                    :: else
                    fi;
                    slot = NOBODY; token = 0; whose = 0; which = 0
                }
                if
                :: tell_client() /* reply, then receive */
                :: skip          /* reply_receive */
                fi
            :: else
            fi;
            if
            :: killed[me] -> tell_client(); break
            :: else
            fi
        od;
leave:
        tell_client();
        serve_end();
        d_step { id = NOBODY; slot = NOBODY; ended = 0 }
        state[me] = ZOMBIE;
        on_hart[me] = 0
    :: closed -> break
    od
}

/* Starts the server, again if need be, and closes the channel in the end. Kills whom the scenario says. */
proctype system()
{
    byte life;
    bit won;
    for (life : 1 .. LIVES) {
        d_step { killed[SERVER] = 0; state[SERVER] = RUNNING; server_starts = 1 }
        if
        :: life == LIVES -> clients_left == 0 /* the last one lives until all is done */
        :: else
        fi;
        kill(SERVER);
        state[SERVER] == ZOMBIE && !on_hart[SERVER]
    }
    SPIN_LOCK; /* channel_release */
    closed = 1;
    assert(server == NOBODY && !(queue ?? [CALL, 0]) && !(queue ?? [CALL, 1]));
    SPIN_UNLOCK
}

proctype killer()
{
    bit won;
    if
    :: KILL_CLIENT -> kill(0)
    :: !KILL_CLIENT
    fi
}

init
{
    byte i;
    atomic {
        for (i : 0 .. CLIENTS - 1) {
            state[i] = RUNNING;
            on_hart[i] = 1;
            refs[i] = 1;
            run client(i)
        }
        state[SERVER] = ZOMBIE;
        run serves();
        run system();
        run killer()
    }
}

#ifdef LIVENESS
/* Whoever is killed when, every client's calls end. */
ltl every_call_ends { <> (clients_left == 0) }
#endif

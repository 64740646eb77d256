/*
 * Sleep and wake-up across harts: kernel/sched/waitq.c, sched.c (wake, switch, idle), handoff.c (claim and hand-off),
 * balance.c (placing, asking, stealing), timer.c, kernel/proc/kill.c, and how exit.c and table.c end a process and free its stack.
 * tests/test_models.py has spin search every state of it, scenario by scenario, and each of the mutations
 * below, which spin must reject.
 *
 * What is a step. Each access to a word that another hart may touch without a lock at the same time is a step
 * of its own: state, on_hart, killed, hart_of, the IPI bit, the work bits, `asked`, the idle bits. A section under
 * a run queue's lock is one step: what it changes is that lock's, or changed only once in it, and others see
 * nothing of it before the lock is free. (For a READY task, state and on_hart are its owner's alone.) Interrupts
 * for other harts are sent after it, in a step of their own.
 *
 * Why interleaving is enough. Spin lets one step follow another, as if memory were sequentially consistent;
 * RISC-V (RVWMO) is not. The words on which two harts decide without a lock in common are `state`, `killed`,
 * the work bits, `asked` and the idle bits, and the code uses sequentially consistent operations on all of them: a
 * store to one and then a load of another (BLOCKED, then killed; killed, then the compare-and-swap of state;
 * my idle bit, then the queues) cannot change places. `on_hart` only goes down while somebody looks at it who is to run
 * the task, with release on one side and acquire on the other, and what has to be seen with it (the saved context) was
 * written before. Where kill looks at it, after `killed`, it may go up; then the work bits are changed before `killed` is
 * looked at, which keeps the two in order. The rest is under a spinlock, whose acquire and release keep it inside. A send_ipi that
 * follows a write makes the other hart see the write: the SBI call is ordered behind it by the lock's release
 * or the atomic operation before it.
 *
 * Left out: levels, slices and time. The queue is a set, and who is picked, whether a waking task preempts, and
 * whether one has waited long enough to be stolen or offered, is left open, so that whatever holds here holds
 * for every policy. A task's time in user mode is a place where it takes interrupts and may yield.
 */

/* ---- what a scenario runs: each task's part, see the bottom ---- */
#ifndef SCENARIO
#define SCENARIO 1
#endif
#if SCENARIO == 1 /* two sleepers, one waker who then kills the first: the wake-up must not be lost with it */
#define TASKS 3
#elif SCENARIO == 2 /* a sleeper that may be killed before, while and after it sleeps, then computes for ever */
#define TASKS 2
#elif SCENARIO == 3 /* a sleeper with a time limit: timer, waker */
#define TASKS 2
#elif SCENARIO == 4 /* exit and wait: the parent frees the child's stack; an interrupt of a device wakes it, too */
#define TASKS 2
#else /* 5: two tasks claim each other and hand over the hart, while a third makes the thief busy */
#define TASKS 3
#endif

#define HARTS 2
#define OFFERS (TASKS < 3) /* with three there are too many states; the idle hart still comes by itself */
#define IDLE(h) (TASKS + (h))
#define ALL (TASKS + HARTS)
#define NOBODY 255
#define BIT(t) (1 << (t))

mtype = { RUNNING, READY, BLOCKED, ZOMBIE };

/* struct task */
mtype state[ALL];
bit on_hart[ALL];
bit killed[ALL];
byte hart_of[ALL];

/* struct dispatcher and struct hart */
byte queue[HARTS];   /* bit t: task t is on it */
byte running[HARTS];
byte left[HARTS];
bit resched[HARTS], kill_bit[HARTS]; /* hart->work */
bit ipi[HARTS];
bit asked[HARTS];    /* balance.c */
bit clock[HARTS];    /* the idle hart's clock is set */
byte idle_harts;

/* not in the code: who executes on which stack, and whether a context is complete */
byte on_stack[HARTS];
byte saved;          /* bit t: t's registers are all in its struct context */
byte freed;          /* bit t: t's stack has gone back */
byte over;           /* tasks that have ended */

/* the object that is waited for */
bit lock;
byte items;
chan waiters = [TASKS] of { byte }; /* the list: first in, first woken */
#define LINKED(t) (waiters ?? [eval(t)])

#define SPIN_LOCK(l) d_step { l == 0 -> l = 1 }
#define SPIN_UNLOCK(l) l = 0

/* ---- the switch ---- */

/* Parts of a step that the lock of queue d makes one. */

inline enqueue(d, t)
{
    assert(!(queue[0] & BIT(t)) && !(queue[1] & BIT(t))); /* nobody on two queues, or twice on one */
    assert(state[t] == READY);
    assert(hart_of[t] == d);
    queue[d] = queue[d] | BIT(t)
}

/* Picks anybody, since the policy is left open. */
inline pick(d)
{
    if
    :: (queue[d] & 1) -> next = 0
    :: (queue[d] & 2) -> next = 1
#if TASKS > 2
    :: (queue[d] & 4) -> next = 2
#endif
    :: queue[d] == 0 -> next = IDLE(d)
    fi;
    queue[d] = queue[d] & ~BIT(next)
}

inline let_run(d, t)
{
    state[t] = RUNNING;
    running[d] = t;
    resched[d] = 0
}

inline arrived()
{
    atomic {
        if
        :: on_stack[0] == me -> h = 0
        :: on_stack[1] == me -> h = 1
        :: state[me] == ZOMBIE -> h = HARTS /* never again */
        fi
    }
    if
    :: h < HARTS ->
        d_step {
            assert(!(freed & BIT(left[h])));
            on_hart[left[h]] = 0;
            left[h] = NOBODY
        }
    :: else
    fi
}

/* The step after: interrupts, for which `call` asks, then the switch to `next`, which is RUNNING. */
inline switch_to()
{
    tell();
    if
    :: next == me -> next = NOBODY
    :: else ->
        if
        :: me >= TASKS -> idle_harts = idle_harts & ~BIT(h) /* balance_busy */
        :: else
        fi;
        d_step {
            assert(!on_hart[next]); /* the kernel asserts the same */
            assert(hart_of[next] == h);
            on_hart[next] = 1;
            left[h] = me;
            kill_bit[h] = 0 /* proc_switched: clear, then look */
        }
        if
        :: killed[next] -> kill_bit[h] = 1
        :: else
        fi;
        d_step { /* context_switch */
            assert(saved & BIT(next));                                 /* all its registers are there */
            assert(on_stack[1 - h] != next && !(freed & BIT(next)) && !(freed & BIT(me)));
            saved = (saved | BIT(me)) & ~BIT(next);
            on_stack[h] = next;
            next = NOBODY; h = HARTS /* so that equal states look equal */
        }
        arrived() /* some other time, and perhaps on another hart */
    fi
}

/* ---- balance.c ---- */

#ifdef M_THIEF_IGNORES_ON_HART
#define STOLEN(t) true
#else
#define STOLEN(t) !on_hart[t]
#endif
/* At the end of a slice, from a hart where two more wait than here. */
#if TASKS > 2
#define EVEN_OUT me < TASKS && queue[1 - h] == BIT(TASKS) - 1 - BIT(me)
#else
#define EVEN_OUT false
#endif
#ifdef M_PLACED_WHILE_ON_HART
#define PLACED_AWAY(t) true
#else
#define PLACED_AWAY(t) !on_hart[t]
#endif

/* Part of a step: somebody waits here, perhaps for long enough; the other hart idles, or runs something worse,
 * perhaps. */
inline offer()
{
    if
    :: OFFERS && queue[h] && running[h] < TASKS && !asked[1 - h] -> asked[1 - h] = 1; call = 1
    :: skip
    fi
}

/* balance_take: from the other's queue to this one's, if this hart was asked or has nothing else to do */
inline take()
{
    next = NOBODY;
    if
    :: asked[h] || (!queue[h] && (me >= TASKS || state[me] != RUNNING)) || (EVEN_OUT) ->
        asked[h] = 0;
        o = 1 - h;
        if
        :: queue[o] -> /* looked at without the lock first */
            atomic {
                if
                :: (queue[o] & 1) && STOLEN(0) -> next = 0
                :: (queue[o] & 2) && STOLEN(1) -> next = 1
#if TASKS > 2
                :: (queue[o] & 4) && STOLEN(2) -> next = 2
#endif
                :: skip /* has not waited for long enough, or is worse than what this hart has */
                fi;
                if
                :: next != NOBODY -> queue[o] = queue[o] & ~BIT(next); hart_of[next] = h
                :: else
                fi
            }
            if
            :: next != NOBODY -> d_step { enqueue(h, next) }
            :: else
            fi
        :: else
        fi;
        d_step { o = HARTS; next = NOBODY }
    :: !asked[h] && (queue[h] || (me < TASKS && state[me] == RUNNING))
    fi
}

inline reschedule()
{
    take();
    atomic {
        if
        :: me < TASKS && state[me] == RUNNING -> /* yields, or was preempted */
            state[me] = READY;
            enqueue(h, me)
        :: else
        fi;
        pick(h);
        let_run(h, next);
        offer()
    }
    switch_to()
}

/* ---- waking ---- */

/* dispatch_unlock's second half, and dispatch_ask: one interrupt for many wishes. */
inline tell()
{
    if
    :: call -> d_step { ipi[1 - h] = 1; call = 0 }
    :: else
    fi
}

inline ask_to_reschedule(d)
{
    call = !resched[d] && d != h;
    resched[d] = 1
}

/* Part of a step. */
inline check_preemption(d)
{
    if
    :: running[d] >= TASKS -> ask_to_reschedule(d)
    :: running[d] < TASKS -> skip
    :: running[d] < TASKS -> ask_to_reschedule(d) /* it has a better level, perhaps */
    fi
}

/* dispatch_ready: the caller owns t, which is READY and on no queue. */
inline place(t)
{
    o = hart_of[t];
    if
    :: o != h && running[o] < TASKS && PLACED_AWAY(t) -> /* balance_place: to a hart that sleeps, if there is one */
        if
        :: atomic { idle_harts & BIT(1 - o) -> idle_harts = idle_harts & ~BIT(1 - o) };
            d_step { hart_of[t] = 1 - o; o = 1 - o } /* rehome */
        :: !(idle_harts & BIT(1 - o))
        fi
    :: else
    fi;
    atomic {
        enqueue(o, t);
        check_preemption(o);
        if
        :: o == h -> offer()
        :: else
        fi;
        o = HARTS
    }
    tell()
}

inline wake(t)
{
#ifdef M_WAKE_IN_TWO_STEPS
    woke = (state[t] == BLOCKED);
    if
    :: woke -> state[t] = READY
    :: else
    fi;
#else
    d_step { /* compare-and-swap */
        woke = (state[t] == BLOCKED);
        if
        :: woke -> state[t] = READY
        :: else
        fi
    }
#endif
    if
    :: woke -> place(t)
    :: else
    fi
}

/* `lock` is held. */
inline wake_one()
{
    do
    :: atomic { nempty(waiters) -> waiters ? chosen };
        wake(chosen);
        chosen = NOBODY;
        if
        :: woke -> woke = 0; break
        :: else
        fi
    :: empty(waiters) -> break
    od
}

#ifdef M_KILL_LOOKS_FIRST
#define LOOK_FIRST(t) interrupted = on_hart[t]
#define RUNS(t) interrupted
#else
#define LOOK_FIRST(t) skip
#define RUNS(t) on_hart[t]
#endif
inline kill(t)
{
    LOOK_FIRST(t);
    killed[t] = 1;
    chosen = hart_of[t];
#ifdef M_KILL_TRUSTS_THE_SWITCH
    wake(t);
    if
    :: !woke -> kill_bit[chosen] = 1
    :: else
    fi;
#else
    kill_bit[chosen] = 1;
    wake(t);
#endif
    if
    :: !woke && chosen != h && RUNS(t) -> ipi[chosen] = 1
    :: else
    fi;
    d_step { o = HARTS; woke = 0; chosen = NOBODY }
}

/* ---- blocking ---- */

inline wait_switch()
{
    interrupted = 0;
#ifndef M_KILLED_BEFORE_BLOCKED
    if
    :: killed[me] ->
        d_step {
            interrupted = (state[me] == BLOCKED);
            if
            :: interrupted -> state[me] = RUNNING
            :: else
            fi
        }
    :: else
    fi;
#endif
    if
    :: interrupted
    :: else ->
        reschedule();
        interrupted = killed[me]
    fi
}

/* `lock` is held before and after. */
inline wait_on()
{
#ifdef M_KILLED_BEFORE_BLOCKED
    if
    :: killed[me] -> SPIN_UNLOCK(lock); goto leave
    :: else
    fi;
#endif
    waiters ! me;
#ifdef M_BLOCKED_AFTER_UNLOCK
    SPIN_UNLOCK(lock);
    state[me] = BLOCKED;
#else
    state[me] = BLOCKED;
    SPIN_UNLOCK(lock);
#endif
    wait_switch();
    SPIN_LOCK(lock);
    if
    :: LINKED(me) -> d_step { waiters ?? eval(me) }
    :: !LINKED(me) ->
#ifndef M_WAKE_UP_ENDS_WITH_THE_CHOSEN
        if
        :: interrupted -> wake_one() /* chosen, but will not use it */
        :: else
        fi
#endif
    fi
}

/* ---- messages: sched_claim and sched_handoff ---- */

inline hand_off(t)
{
    hart_of[t] = h; /* rehome, in sched_claim */
    atomic {
        if
        :: next = t
        :: enqueue(h, t); pick(h) /* a better one is ready, or the slice has ended */
        fi;
        let_run(h, next);
        offer()
    }
    switch_to()
}

/* The caller is BLOCKED and holds no lock, as in `receive`; request_call claims under the channel's lock. */
inline claim_and_hand_off(t)
{
#ifdef M_CLAIM_LOOKS_FIRST
    has = on_hart[t];
#endif
    d_step {
        woke = (state[t] == BLOCKED);
        if
        :: woke -> state[t] = READY
        :: else
        fi
    }
#ifdef M_CLAIM_IGNORES_ON_HART
    has = 0;
#elif !defined(M_CLAIM_LOOKS_FIRST)
    has = on_hart[t];
#endif
    if
    :: woke && !has -> hand_off(t)
    :: woke && has -> place(t); wait_switch()
    :: !woke -> wait_switch()
    fi;
    d_step { has = 0; woke = 0; chosen = NOBODY }
}

/* ---- timers: one, whose memory is on its owner's stack ---- */
#if SCENARIO == 3
bit timers_lock[HARTS];
bit armed, expired;
byte timer_hart = NOBODY;
bit expiring;
bit alive; /* the struct sleeper is there */

#define TIMER_DUE (armed && timer_hart == h)
inline TIMERS_RUN()
{
    if
    :: TIMER_DUE -> /* time passes as it likes */
        SPIN_LOCK(timers_lock[h]);
        if
        :: TIMER_DUE ->
            d_step { armed = 0; expiring = 1 }
            SPIN_UNLOCK(timers_lock[h]);
            d_step { assert(alive); expired = 1 }
            wake(0);
            expiring = 0;
            woke = 0
        :: else -> SPIN_UNLOCK(timers_lock[h])
        fi
    :: skip
    fi
}
#else
#define TIMER_DUE false
#define TIMERS_RUN() skip
#endif

#if SCENARIO == 4
bit device = 1;
#define DEVICE_DUE device
#else
#define DEVICE_DUE false
#endif

inline TRAP_POLL()
{
    ipi[h] = 0;
    if
    :: asked[h] -> resched[h] = 1 /* sched_ipi */
    :: else
    fi;
    TIMERS_RUN();
#if SCENARIO == 4
    if
    :: atomic { device -> device = 0 }; wake(0); woke = 0
#ifdef LIVENESS
    :: !device /* another hart has claimed it */
#else
    :: skip /* or it comes when this hart has just looked */
#endif
    fi;
#endif
    if
    :: me >= TASKS && clock[h] -> clock[h] = 0; resched[h] = 1 /* sched_timer: look at the others' queues */
    :: skip
    fi
}

/* ---- the idle task ---- */

proctype idle(byte me; byte h)
{
    byte next = NOBODY, o = HARTS;
    bit woke, call;
    do
    :: /* trap_poll: first the interrupt, then what it was about */
#ifndef M_IPI_CLEARED_LATE
        TRAP_POLL();
#endif
        if
        :: resched[h] || queue[h] -> reschedule()
        :: else -> /* balance_idle */
            if
            :: idle_harts & BIT(h) ->
#ifdef M_IPI_CLEARED_LATE
                TRAP_POLL();
#endif
end_wfi:        ipi[h] || clock[h] || TIMER_DUE || DEVICE_DUE
            :: else ->
                idle_harts = idle_harts | BIT(h);
                if
                :: queue[0] || queue[1] -> clock[h] = 1 /* it has not waited long enough yet */
                :: else
                fi
            fi
        fi
    od
}

/* ---- user mode: interrupts, work on the way back, and a yield now and then ---- */

/* proc_before_user, for as long as there is work */
inline before_user()
{
    do
    :: kill_bit[h] || resched[h] ->
        kill_bit[h] = 0;
        if
        :: killed[me] -> goto leave
        :: else
        fi;
        if
        :: resched[h] -> reschedule()
        :: else
        fi
    :: !kill_bit[h] && !resched[h] -> break
    od
}

inline user()
{
    before_user();
    do
    :: ipi[h] || TIMER_DUE || DEVICE_DUE -> TRAP_POLL(); before_user()
    :: skip -> break
    od;
    if
    :: reschedule(); before_user() /* yield */
    :: skip
    fi
}

/* ---- the tasks ---- */

inline leave_for_good()
{
    d_step { over++ }
    state[me] = ZOMBIE;
    reschedule()
}

proctype task(byte me)
{
    byte h = HARTS, next = NOBODY, o = HARTS, chosen = NOBODY;
    bit woke, call, interrupted, has;
    arrived();
    before_user(); /* killed before it ever ran? */

#if SCENARIO == 1
    if
    :: me < 2 ->
        SPIN_LOCK(lock);
        do
        :: items -> break
        :: else ->
            wait_on();
            if
            :: interrupted -> SPIN_UNLOCK(lock); goto leave
            :: else
            fi
        od;
        items--;
        has = 1;
        SPIN_UNLOCK(lock);
        before_user()
    :: else ->
        SPIN_LOCK(lock);
        items++;
        wake_one();
        SPIN_UNLOCK(lock);
        kill(0)
    fi;
leave:
    if
    :: has -> /* what it took goes back, for the other one */
        SPIN_LOCK(lock);
        items++;
        wake_one();
        SPIN_UNLOCK(lock)
    :: else
    fi;
    assert(!LINKED(me));
#endif

#if SCENARIO == 2
    if
    :: me == 0 ->
        SPIN_LOCK(lock);
        if
        :: items
        :: !items -> wait_on()
        fi;
        SPIN_UNLOCK(lock);
        user();
        do /* computes for ever; nothing but an interrupt stops it */
        :: ipi[h] || kill_bit[h] || resched[h] -> TRAP_POLL(); before_user()
        :: queue[h] -> reschedule(); before_user() /* its slice ends, and others are ready */
        od
    :: else ->
        if
        :: SPIN_LOCK(lock); items++; wake_one(); SPIN_UNLOCK(lock)
        :: skip
        fi;
        user();
        kill(0)
    fi;
leave:
    skip;
#endif

#if SCENARIO == 3
    if
    :: me == 0 -> /* wait_switch_until */
        SPIN_LOCK(lock);
        if
        :: items
        :: else ->
            waiters ! me;
            state[me] = BLOCKED;
            SPIN_UNLOCK(lock);
            alive = 1;
            timer_hart = h;
            SPIN_LOCK(timers_lock[h]);
            armed = 1;
            SPIN_UNLOCK(timers_lock[h]);
            wait_switch();
            SPIN_LOCK(timers_lock[timer_hart]); /* timer_cancel */
            armed = 0;
            SPIN_UNLOCK(timers_lock[timer_hart]);
#ifndef M_CANCEL_DOES_NOT_WAIT
            timer_hart == h || !expiring;
#endif
            alive = 0;
            SPIN_LOCK(lock);
            if
            :: LINKED(me) -> d_step { waiters ?? eval(me) }
            :: !LINKED(me)
            fi
        fi;
        SPIN_UNLOCK(lock);
        user()
    :: else ->
        SPIN_LOCK(lock);
        items++;
        wake_one();
        SPIN_UNLOCK(lock);
        kill(0)
    fi;
leave:
    skip;
#endif

#if SCENARIO == 4
    if
    :: me == 0 -> /* the parent; `lock` is the tree's */
        SPIN_LOCK(lock);
        do
        :: state[1] == ZOMBIE -> break
        :: else -> wait_on()
        od;
        SPIN_UNLOCK(lock);
        user();
        /* proc_put */
#ifndef M_FREED_WHILE_ON_HART
        !on_hart[1];
#endif
        assert(saved & BIT(1));
        freed = freed | BIT(1)
    :: else ->
        d_step { over++ }
        SPIN_LOCK(lock);
        state[me] = ZOMBIE;
        wake_one();
        SPIN_UNLOCK(lock);
        reschedule();
        goto gone
    fi;
leave:
    skip;
#endif

#if SCENARIO == 5
    if
    :: me == 2 -> /* wakes one although there is nothing for it, as a reply to a killed client may */
        wake(0)
    :: else ->
        byte turn = 0;
        do
        :: turn < 2 ->
            SPIN_LOCK(lock);
            if
            :: items == me -> /* not my turn: wait for the partner's hand-off or wake-up */
                waiters ! me;
                state[me] = BLOCKED;
                SPIN_UNLOCK(lock);
                wait_switch();
                SPIN_LOCK(lock);
                if
                :: LINKED(me) -> d_step { waiters ?? eval(me) }
                :: !LINKED(me)
                fi;
                SPIN_UNLOCK(lock)
            :: items != me -> /* my turn: it is the partner's next */
                items = me;
                turn++;
                if
                :: turn == 2 || empty(waiters) -> wake_one(); SPIN_UNLOCK(lock)
                :: turn < 2 && nempty(waiters) ->
                    /* as request_call: block, claim the one who waits, hand over */
                    d_step { waiters ? chosen }
                    waiters ! me;
                    state[me] = BLOCKED;
                    SPIN_UNLOCK(lock);
                    claim_and_hand_off(chosen)
                fi
            fi;
            before_user()
        :: else -> break
        od
    fi;
leave:
    skip;
#endif

    leave_for_good();
gone:
    assert(h == HARTS) /* no zombie ran */
}

init
{
    byte i;
    atomic {
        saved = BIT(ALL) - 1 - BIT(IDLE(0)) - BIT(IDLE(1));
        for (i : 0 .. TASKS - 1) {
            state[i] = READY;
            if /* where a task starts is left open; the harts are alike */
            :: i < 2 -> hart_of[i] = 0
            :: SCENARIO != 5 && i > 0 || i == 2 -> hart_of[i] = 1
            :: SCENARIO != 5 && i == 2 -> hart_of[i] = 0
            fi;
            queue[hart_of[i]] = queue[hart_of[i]] | BIT(i);
            run task(i)
        }
        for (i : 0 .. HARTS - 1) {
            state[IDLE(i)] = RUNNING;
            on_hart[IDLE(i)] = 1;
            hart_of[IDLE(i)] = i;
            running[i] = IDLE(i);
            on_stack[i] = IDLE(i);
            left[i] = NOBODY;
            run idle(IDLE(i), i)
        }
    }
}

#ifdef LIVENESS
/* Whatever the harts do, as long as each goes on, every task ends. */
ltl all_end { <> (over == TASKS) }
#endif

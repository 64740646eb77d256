/*
 * Futexes and the lock made of them, with processes that are killed at any moment: kernel/ipc/futex.c and lib/mp/lock.c,
 * semaphore.c. tests/test_models.py has spin search every state of it, scenario by scenario, and each of the mutations
 * below, which spin must reject.
 *
 * A process stands for a thread here: threads are who holds locks and ends, and the threads of a process that is killed
 * end one by one, each as below.
 *
 * What is a step. The word is looked at and changed by single atomic instructions, each a step. What the kernel does with
 * the bucket's lock held is one step, but for its look at the word, which others may change without that lock: so the
 * compare of a waiter and its going on the queue are two steps with the lock held between them. Interleaving is enough,
 * as sleep.pml says: who waits and who lets go meet in one word, which is changed by atomic instructions only and so
 * in one order for all; the rest is under the lock.
 *
 * A kill ends a process before any of its steps in user mode. In the kernel it goes on to where the kernel looks: when it
 * has slept, and on its way out.
 *
 * What must hold: the lock has one holder at most; and in the end nobody sleeps unless the lock is held by one that is
 * dead, and then only without robust locks (the textbook's warning). A sleeper on a free lock is a lost wake-up.
 */
#ifndef SCENARIO
#define SCENARIO 1
#endif
#if SCENARIO == 1 /* a plain lock: three go through it, nobody is killed */
#define KILLS 0
#define ROBUST 0
#elif SCENARIO == 2 /* a plain lock: two are killed, wherever they are */
#define KILLS 2
#define ROBUST 0
#else /* 3: a robust one */
#define KILLS 2
#define ROBUST 1
#endif

#define PROCESSES 3
#define ROUNDS(p) (p == 0 -> 2 : 1)
#define WAITERS 128
#define VALUE(w) (w & 127)
#define NOBODY 255

/* user memory: 0 is free, else 1 + who holds it */
byte word;

/* the kernel's */
bit bucket;
chan queue = [PROCESSES] of { byte };
bit asleep[PROCESSES], chosen[PROCESSES], ended[PROCESSES], handed_on[PROCESSES];
bit watches[PROCESSES];   /* robust: on the queue of the owner's end */
byte watched[PROCESSES];

bit killed[PROCESSES];
byte inside = 0; /* living processes that believe to hold the lock */
byte kills_left = KILLS;

/* The bucket's lock is held; part of a step. */
inline wake_one_here()
{
    do
    :: len(queue) > 0 ->
        queue ? w;
        if
        :: asleep[w] -> asleep[w] = 0; chosen[w] = 1; break
        :: else /* a kill or its owner's end has woken it already: the next one */
        fi
    :: len(queue) == 0 -> break
    od;
    w = NOBODY
}

inline wake_one()
{
    atomic { !bucket -> wake_one_here() }
}

/* Between two steps of a program. */
#define MAY_DIE if :: killed[me] -> goto dies :: else fi

inline release()
{
    do
    :: MAY_DIE;
        seen = word;
        MAY_DIE;
        if
        :: !(seen & WAITERS) ->
            atomic { /* compare-and-swap */
                if
                :: word == seen -> word = 0; inside--; holds = 0
                :: else
                fi
            }
        :: else ->
#ifdef M_CHANGE_AND_WAKE_APART
            atomic {
                if
                :: word == seen -> word = 0; inside--; holds = 0
                :: else
                fi
            }
            if
            :: !holds -> MAY_DIE; wake_one()
            :: else
            fi
#else
            atomic { /* futex_change */
                !bucket ->
                if
                :: word == seen ->
                    wake_one_here();
                    word = (len(queue) > 0 -> WAITERS : 0);
#ifdef M_BIT_IS_DROPPED
                    word = 0;
#endif
                    inside--;
                    holds = 0
                :: else
                fi
            }
#endif
        fi;
        if
        :: !holds -> break
        :: else
        fi
    od;
    seen = 0
}

/* The bucket's lock: the compare, then the queue. -> result: 0 woken, 1 another value, 2 the owner is dead */
inline futex_wait()
{
    d_step { handed_on[me] = 0; chosen[me] = 0 }
#ifdef M_COMPARED_WITHOUT_THE_LOCK
    result = (word != seen);
    atomic { !bucket -> bucket = 1 }
#else
    atomic { !bucket -> bucket = 1 }
    result = (word != seen);
#endif
    if
    :: result -> bucket = 0
    :: else ->
        d_step { queue ! me; asleep[me] = 1; bucket = 0 }
        if
        :: ROBUST ->
            atomic { /* the lock under which the owner's end is */
                watched[me] = VALUE(seen) - 1;
                if
#ifndef M_OWNER_NOT_LOOKED_AT
                :: ended[watched[me]] -> asleep[me] = 0 /* wait_unblock */
#endif
                :: else -> watches[me] = 1
                fi
            }
        :: else
        fi;
end_sleep:
        atomic { !asleep[me] || killed[me] -> asleep[me] = 0 }
        atomic { !bucket ->
            if
            :: queue ?? [eval(me)] -> queue ?? eval(me)
            :: else
            fi;
            if
            :: chosen[me] && killed[me] -> result = 3
            :: chosen[me] && !killed[me] -> handed_on[me] = 1
            :: else
            fi
        }
        if
        :: result == 3 ->
#ifndef M_WAKE_UP_DIES_WITH_THE_CHOSEN
            wake_one();
#endif
            result = 0
        :: else
        fi;
        atomic {
            watches[me] = 0;
            if
            :: ROBUST && !chosen[me] && ended[watched[me]] -> result = 2
            :: else
            fi;
            watched[me] = 0
        }
    fi
}

inline acquire()
{
    do
    :: MAY_DIE;
        seen = word;
        MAY_DIE;
        if
        :: VALUE(seen) == 0 ->
            atomic {
                if
                :: word == seen -> word = seen | (me + 1); holds = 1; inside++; assert(inside == 1)
                :: else
                fi
            }
        :: else ->
            if
            :: !(seen & WAITERS) ->
                atomic {
                    if
                    :: word == seen -> word = seen | WAITERS; seen = word
                    :: else -> seen = 0
                    fi
                }
            :: else
            fi;
            if
            :: seen != 0 ->
                MAY_DIE;
                futex_wait();
                MAY_DIE;
                if
                :: result == 2 -> /* inherit */
                    atomic {
                        if
                        :: VALUE(word) == VALUE(seen) ->
                            word = (me + 1) | (word & WAITERS);
                            holds = 1;
                            inside++;
                            assert(inside == 1)
                        :: else
                        fi
                    }
                :: else
                fi;
                result = 0
            :: else
            fi
        fi;
        if
        :: holds -> break
        :: else
        fi
    od;
    seen = 0
}

proctype process(byte me)
{
    byte seen = 0, result = 0, i, w = NOBODY;
    bit holds = 0;
    for (i : 1 .. ROUNDS(me)) {
        acquire();
        release()
    }
dies:
    /* exit, of one that was killed or not: futex_hand_on, then a zombie, which wakes who watches it */
    seen = 0;
#ifndef M_NOT_HANDED_ON
    if
    :: handed_on[me] && killed[me] -> wake_one() /* the kernel does not ask for the reason; it must do without the others */
    :: else
    fi;
#endif
    atomic {
        inside = inside - holds;
        holds = 0;
        ended[me] = 1;
        w = 0;
        do
        :: w < PROCESSES ->
            if
            :: watches[w] && watched[w] == me -> watches[w] = 0; asleep[w] = 0
            :: else
            fi;
            w++
        :: else -> break
        od;
        w = NOBODY
    }
}

active proctype killer()
{
    byte victim = 0;
end:
    do
    :: kills_left > 0 ->
        atomic {
            kills_left--;
            if
            :: victim = 0
            :: victim = 1
            :: victim = 2
            fi;
            killed[victim] = 1;
            victim = 0
        }
    od
}

#define SLEEPERS_ARE_RIGHT (!ROBUST && VALUE(word) != 0 && ended[VALUE(word) - 1])

/* When nothing goes on any more: whoever has not ended sleeps, and only for the lock of a dead one. */
active proctype judge()
{
    timeout;
    assert((ended[0] && ended[1] && ended[2]) || SLEEPERS_ARE_RIGHT)
}

init {
    atomic {
        run process(0);
        run process(1);
        run process(2)
    }
}

/*
 * An end that many wait for (wake_watchers in kernel/proc/thread.c): it wakes some, each of those wakes as many when it
 * leaves the queue, and so none is forgotten, though each may just have been killed, or its time be up. Here a batch is
 * one. tests/test_models.py has spin search every state, and each of the mutations below, which spin must reject.
 *
 * What is a step: a section under the lock of the queue. Only `blocked`, the state of a task, is changed without it, by
 * whoever wakes one for another reason.
 */
#define WATCHERS 4

bit ended;
bit blocked[WATCHERS];
chan queue = [WATCHERS] of { byte }; /* first in, first woken */
#define QUEUED(t) (queue ?? [eval(t)])

/* Part of a step. The first that is still asleep; those before it are awake, and will come by themselves. */
inline wake_watchers()
{
    do
    :: nempty(queue) ->
        queue ? first;
        if
        :: blocked[first] -> blocked[first] = 0; break
        :: else
        fi
    :: empty(queue) -> break
    od;
    first = 0
}

proctype watcher(byte me)
{
    byte first;
    bit chosen, told;
    atomic {
        if
        :: ended -> goto leave
        :: else -> queue ! me; blocked[me] = 1
        fi
    }
    blocked[me] == 0;
    if
    :: told = 1 /* it has been killed: it will make no use of it */
    :: told = 0
    fi;
    atomic {
        chosen = !QUEUED(me);
        if
        :: !chosen -> queue ?? eval(me)
        :: else
        fi;
#if defined(M_ONLY_THE_END_WAKES)
        skip
#elif defined(M_THE_KILLED_DO_NOT_PASS_IT_ON)
        if
        :: ended && !told -> wake_watchers()
        :: else
        fi
#else
        if
        :: ended -> wake_watchers()
        :: else
        fi
#endif
    }
leave:
    skip
}

/* A kill or a timer: it takes nobody off the queue. */
active proctype other_reason()
{
    if
    :: blocked[0] = 0
    :: blocked[1] = 0
    :: skip
    fi
}

active proctype ending()
{
    byte first;
    atomic {
        ended = 1;
        wake_watchers()
    }
}

init
{
    byte i;
    atomic {
        for (i : 0 .. WATCHERS - 1) {
            run watcher(i)
        }
    }
}

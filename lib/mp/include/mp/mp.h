/*
 * All of lib/mp: what Python's multiprocessing gives Python, for C. docs/multiprocessing.md sets them side by side.
 */
#ifndef MP_MP_H
#define MP_MP_H

#include <mp/array.h>
#include <mp/barrier.h>
#include <mp/condition.h>
#include <mp/dict.h>
#include <mp/event.h>
#include <mp/list.h>
#include <mp/lock.h>
#include <mp/manager.h>
#include <mp/manager_lock.h>
#include <mp/manager_value.h>
#include <mp/pipe.h>
#include <mp/pool.h>
#include <mp/process.h>
#include <mp/queue.h>
#include <mp/rlock.h>
#include <mp/self.h>
#include <mp/semaphore.h>
#include <mp/shared.h>
#include <mp/value.h>

#endif

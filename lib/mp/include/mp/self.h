/*
 * Who I am, to locks: the number that stands in a lock's word while I hold it.
 */
#ifndef MP_SELF_H
#define MP_SELF_H

/* My tid, which of a process's first thread is the pid: 1 to 0x3fffffff. So threads of one process exclude each other as
 * processes do. Enters the kernel only the first time in each thread. */
int mp_self(void);

#endif

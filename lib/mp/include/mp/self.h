/*
 * Who I am, to locks: the number that stands in a lock's word while I hold it.
 */
#ifndef MP_SELF_H
#define MP_SELF_H

/* My pid: 1 to 0x3fffffff. Enters the kernel only the first time in each process. */
int mp_self(void);

#endif

/* The second argument of sys_sbrk. */
#ifndef XV6_VM_H
#define XV6_VM_H

#define SBRK_EAGER 1 /* the memory is there, or the call fails */
#define SBRK_LAZY 2  /* it is looked for when it is touched; when there is none, the process ends */

#endif

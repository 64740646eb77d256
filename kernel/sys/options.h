/*
 * The kernel command line: name, name=value, name="value with spaces" (\" and \\ inside).
 */
#ifndef KERNEL_SYS_OPTIONS_H
#define KERNEL_SYS_OPTIONS_H

#include <stdint.h>

/* Takes the command line apart. What is wrong with it is said in a warning, one line each; with the
 * option `strict`, that ends the run with RUN_STATUS_BAD_OPTION. */
void options_init(const char *line);

/* The value of an option ("" for one without) and its length; -ENOENT when it was not given. */
int64_t option_value(const char *name, const char **value);

/* Sets the scheduler, the log level and so on from the options; the same warnings. */
void options_apply(void);

#endif

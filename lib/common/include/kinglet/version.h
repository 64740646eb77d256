/*
 * The version, in one place, by hand: a tarball has no history to ask, and the same sources make the same
 * image. The kernel puts it into struct system_info, where uname finds it.
 */
#ifndef KINGLET_VERSION_H
#define KINGLET_VERSION_H

#define KINGLET_RELEASE "0.3"

#endif

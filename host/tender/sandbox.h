// SPDX-License-Identifier: ISC
//
// sandbox.h: what an spt image loses besides system calls.
//
// After the filter an image can name no path and open nothing, so this is a second wall behind it.
// Privileges and the file system cost microseconds and are always given up; namespaces of its own
// cost half a millisecond, most of it for the network's, and are for --isolate.

#ifndef TENDER_SANDBOX_H
#define TENDER_SANDBOX_H

#include "sentence.h"

/* Give up all capabilities, and the file system where the kernel has Landlock. With `isolate`,
 * enter namespaces of users, mounts, networks, IPC and host names first. Called after all is open.
 */
bool sandbox_enter(bool isolate, struct sentence *why);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * room.h - blocks for a file that will be mapped, so that no store finds a full disk
 *
 * Such a store ends the process with SIGBUS. On most file systems blocks that were allocated are
 * written again in place. Copy-on-write file systems, such as btrfs, write each version elsewhere,
 * so that a store may find no room though the file has its blocks.
 */
#ifndef MAP_ROOM_H
#define MAP_ROOM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Ask btrfs to write this file in place (chattr +C), which it can only do while the file is empty:
 * call it before a new file gets its length. Such a file has no checksums and is not compressed.
 * Nothing happens to other files.
 */
void room_in_place(int fd);

/*
 * Whether stores to allocated blocks find room. False on copy-on-write file systems, unless the
 * file is written in place and its metadata has blocks of its own, and on an overlay, which does
 * not show what is under it. A file of btrfs that shares its blocks, with a snapshot or by a
 * reflink, is not seen here.
 */
bool room_is_kept(int fd);

/*
 * Allocate [0, length), and give a file of XFS its own copy of blocks that it shares. Warns in the
 * log if room_is_kept() is false. 0, or -errno with a sentence.
 */
int room_allocate(int fd, const char *name, size_t length);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * room.h - allocate blocks for a file to map, so that no store fails because the disk is full
 *
 * A store without room ends the process with SIGBUS. Most file systems write allocated blocks in
 * place. Copy-on-write file systems, such as btrfs, write each version elsewhere, so that a store
 * may find no room even if all blocks of the file are allocated.
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
 * True if stores to allocated blocks find room. False on an overlay, which hides the file system
 * under it, and on copy-on-write file systems, unless the file is written in place and its
 * metadata has blocks of its own. Does not notice that a btrfs file shares its blocks, through a
 * snapshot or a reflink.
 */
bool room_is_kept(int fd);

/*
 * Allocate [0, length), and give an XFS file its own copy of blocks that it shares. Warns in the
 * log if room_is_kept() is false. Returns 0, or -errno with an error message.
 */
int room_allocate(int fd, const char *name, size_t length);

#endif

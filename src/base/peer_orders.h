/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peer_orders.h - stores whose order no sanitizer can see
 *
 * All lanes of a target share the bytes of the pool, and the peer decides which of them writes
 * when: the order of the lanes is not in this process. The thread sanitizer must not look at the
 * writes between these two, where it would find a race in each word of a transfer, which takes it
 * minutes.
 */
#ifndef BASE_PEER_ORDERS_H
#define BASE_PEER_ORDERS_H

#ifdef __SANITIZE_THREAD__
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#define PEER_ORDERS_BEGIN AnnotateIgnoreWritesBegin(__FILE__, __LINE__)
#define PEER_ORDERS_END   AnnotateIgnoreWritesEnd(__FILE__, __LINE__)
#else
#define PEER_ORDERS_BEGIN ((void)0)
#define PEER_ORDERS_END   ((void)0)
#endif

#endif

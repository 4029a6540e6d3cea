/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peer_orders.h - hide stores from the thread sanitizer whose order another process determines
 *
 * All lanes (connections) of a target write to the same pool, and the initiator decides which lane
 * writes when: the order is not visible in the target. The thread sanitizer must ignore writes
 * between PEER_ORDERS_BEGIN and PEER_ORDERS_END: else it would report a race in each word of a
 * transfer, which takes minutes.
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

/* SPDX-License-Identifier: BSD-3-Clause */
/* missed.h - ways in which a program acts that the recorder notices, but cannot follow */
#ifndef TRACE_MISSED_H
#define TRACE_MISSED_H

enum missed {
	MISSED_NAMESPACE, /* a library was loaded into another namespace, by dlmopen(3) */
	MISSED_WAYS,
};

#endif

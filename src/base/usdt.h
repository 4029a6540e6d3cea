/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usdt.h - places where perf(1), bpftrace(8), SystemTap or gdb(1) can look into a running program
 *
 * A probe is an instruction that does nothing, and a note in the object's file that says where it
 * is and where its arguments are (user statically defined tracing, as in sys/sdt.h). Without a
 * tracer it costs that one instruction. The arguments should be values that the
 * code computes anyway.
 *
 * Probes are only where a call waits for the kernel or for another machine. The flushes, drains
 * and copies of BYTE and CACHE_LINE maps have none: test/tool/probes checks that. Each probe is
 * listed in doc/probes.md.
 *
 *	USDT2(writeback_persist, addr, len);
 */
#ifndef BASE_USDT_H
#define BASE_USDT_H

#ifdef HAVE_SDT
#include <sys/sdt.h>
#define USDT1(name, a)          STAP_PROBE1(holdfast, name, a)
#define USDT2(name, a, b)       STAP_PROBE2(holdfast, name, a, b)
#define USDT3(name, a, b, c)    STAP_PROBE3(holdfast, name, a, b, c)
#define USDT4(name, a, b, c, d) STAP_PROBE4(holdfast, name, a, b, c, d)
#else
#define USDT1(name, a)          ((void)(a))
#define USDT2(name, a, b)       ((void)(a), (void)(b))
#define USDT3(name, a, b, c)    ((void)(a), (void)(b), (void)(c))
#define USDT4(name, a, b, c, d) ((void)(a), (void)(b), (void)(c), (void)(d))
#endif

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * own.c - a program that flushes with intrinsics of its own
 *
 *	own good|bad|stream|clflush|locked FILE	store data, then the flag that promises it
 *	own check FILE				exit status 1 if the flag is set without the data
 *
 * Must be built by holdfast cc and run under holdfast crash, which emulate CLWB if the CPU lacks
 * this instruction.
 */
#include <fcntl.h>
#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

__attribute__((target("clwb"))) static void persist(void *line)
{
	_mm_clwb(line);
	_mm_sfence();
}

__attribute__((target("clwb"))) static void flush(void *line)
{
	_mm_clwb(line);
}

static uint64_t counter;

int main(int argc, char *argv[])
{
	int fd = argc > 2 ? open(argv[2], O_RDWR) : -1;
	uint64_t *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd < 0 || data == MAP_FAILED)
		return 2;
	if (!strcmp(argv[1], "check"))
		return data[8] && !data[0];
	if (!strcmp(argv[1], "stream")) {
		_mm_stream_si64((long long *)data, 1);
		_mm_sfence();
	} else if (!strcmp(argv[1], "clflush")) {
		data[0] = 1;
		_mm_clflush(data);
	} else if (!strcmp(argv[1], "locked")) { /* a locked instruction acts as a fence, too */
		data[0] = 1;
		flush(data);
		__atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
	} else if (!strcmp(argv[1], "good")) {
		data[0] = 1;
		persist(data);
	} else {
		data[0] = 1;
		flush(data);
	}
	data[8] = 1;
	persist(&data[8]);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * paged.c - stores a record, and a flag that promises the record, and makes both durable by
 * msync(2)
 *
 *	paged CASE write FILE	make the stores and syncs of CASE
 *	paged CASE check FILE	exit status 1 if the flag is set without the record
 *	paged CASE FILE		recover: check, then make the stores and syncs of CASE again
 *
 * The record has two words. The values of CASE:
 *
 *	good		no mistake
 *	apart		record and flag are in two pages
 *	order		the flag is synced together with the record
 *	one-page	record and flag are stored in this order in one page
 *	flag-first	the flag is stored before the record
 *	never		the record is never synced
 *	torn		the record is copied at once, but a crash may leave only part of the copy
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 8192

struct data {
	volatile uint64_t flag;
	volatile uint64_t near[65]; /* near[64] and near[0] are in different disk sectors */
	char unused[4096 - 528];
	volatile uint64_t far[2];
};

static struct data *data;

static void sync_far(void)
{
	msync((void *)(uintptr_t)&data->far, sizeof(data->far), MS_SYNC);
}

static void sync_near(void)
{
	msync(data, 528, MS_SYNC);
}

static void write_apart(bool is_synced)
{
	data->far[0] = 1;
	data->far[1] = 1;
	if (is_synced)
		sync_far();
	data->flag = 1;
	sync_near();
}

static void write_near(bool flag_first)
{
	if (flag_first)
		data->flag = 1;
	data->near[0] = 1;
	data->near[64] = 1;
	data->flag = 1;
	sync_near();
}

static void write_torn(void)
{
	static uint64_t ones[66];

	for (unsigned i = 0; i < sizeof(ones) / sizeof(ones[0]); i++)
		ones[i] = 1;
	memcpy(data, ones, sizeof(ones));
	sync_near();
}

static void write_case(const char *name)
{
	if (!strcmp(name, "apart")) {
		write_apart(true);
	} else if (!strcmp(name, "order")) {
		write_apart(false);
		sync_far();
	} else if (!strcmp(name, "never")) {
		write_apart(false);
	} else if (!strcmp(name, "torn")) {
		write_torn();
	} else {
		write_near(!strcmp(name, "flag-first"));
	}
}

static int check_case(const char *name)
{
	bool is_near = strcmp(name, "apart") && strcmp(name, "order") && strcmp(name, "never");

	if (!data->flag)
		return 0;
	if (is_near ? data->near[0] && data->near[64] : data->far[0] && data->far[1])
		return 0;
	puts("the flag is set without the record");
	return 1;
}

int main(int argc, char **argv)
{
	int fd = open(argv[argc - 1], O_RDWR | O_CREAT, 0666);

	if (argc < 3 || fd < 0 || ftruncate(fd, SIZE))
		return 2;
	data = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return 3;
	if (argc == 3 && check_case(argv[1]))
		return 1;
	if (argc == 4 && !strcmp(argv[2], "check"))
		return check_case(argv[1]);
	write_case(argv[1]);
	return 0;
}

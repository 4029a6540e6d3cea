/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client COMMAND... - make calls of librpmem, one for each argument, in a test that starts, stops
 * or imitates the target
 *
 *	create=SET[,LANES]	create a pool of 8 MiB with headers
 *	plain=SET[,LANES]	create a pool of 8 MiB without headers
 *	open=SET[,LANES]
 *	fill=BYTE		fill the memory of this program, from offset 4096 on
 *	persist=OFFSET,LENGTH,LANE,FLAGS
 *	flush=OFFSET,LENGTH,LANE,FLAGS
 *	drain=LANE
 *	deep=OFFSET,LENGTH,LANE	rpmem_deep_persist()
 *	read=OFFSET,LENGTH,LANE	read from the target, and compare with the memory
 *	buffer=LENGTH		print how many of LENGTH bytes in the read buffer are not 0
 *	set_attr=MAJOR
 *	reconnect
 *	close
 *	remove=SET[,FLAGS]
 *	describe=SET
 *	info			print provider, method, port and address
 *	idle=MS			sleep, and print the CPU time that this process used in its sleep
 *	wait			print "ready" and wait for a line of input
 *	fork=COMMAND		run a shell command as a child, and wait for it
 *
 * Each command prints "COMMAND: ok", or "COMMAND: ERRNO: MESSAGE" such as "open: ENOENT: ...", and
 * its time, "COMMAND: N ms", on standard error. A command that fails does not end the program: the
 * exit status is then 1 instead of 0. The target is $HOST, or 127.0.0.1.
 */
#include <errno.h>
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define POOL ((size_t)8 << 20)

static const char *host;
static char *pool, *buffer;
static RPMEMpool *rpp;
static char note[256]; /* printed behind "ok" */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long cpu_us(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000L + used.ru_utime.tv_usec +
	       used.ru_stime.tv_usec;
}

/* Parses "a,b,c" into `count` numbers; missing ones become 0. */
static void numbers(const char *text, size_t *number, int count)
{
	char *end;

	for (int i = 0; i < count; i++) {
		number[i] = strtoull(text, &end, 0);
		text = *end == ',' ? end + 1 : end;
	}
}

/* Splits "SET,NUMBER": copies SET to `set`, and returns NUMBER, or `otherwise` if it is missing. */
static size_t set_and_number(char *set, const char *text, size_t otherwise)
{
	size_t length = strcspn(text, ",");

	snprintf(set, 2048, "%.*s", (int)length, text);
	return text[length] ? strtoull(text + length + 1, NULL, 0) : otherwise;
}

static int start(const char *argument, int how)
{
	struct rpmem_pool_attr attr = {.signature = "CLIENT", .major = 1, .uuid = "client"};
	char set[2048];
	unsigned nlanes = (unsigned)set_and_number(set, argument, 2), asked = nlanes;

	if (how == 'o')
		rpp = rpmem_open(host, set, pool, POOL, &nlanes, &attr);
	else
		rpp = rpmem_create(host, set, pool, POOL, &nlanes, how == 'c' ? &attr : NULL);
	if (!rpp)
		return -1;
	snprintf(note, sizeof(note), ", %u lanes of %u, major %u", nlanes, asked, attr.major);
	return 0;
}

static int run_read(const size_t *n)
{
	memset(buffer, 0, POOL);
	int rc = rpmem_read(rpp, buffer, n[0], n[1], (unsigned)n[2]);
	if (!rc)
		snprintf(note, sizeof(note), ", %s",
			memcmp(buffer, pool + n[0], n[1]) ? "different" : "the same");
	return rc;
}

static int run_buffer(size_t length)
{
	size_t changed = 0;

	for (size_t i = 0; i < length; i++)
		changed += buffer[i] != 0;
	snprintf(note, sizeof(note), ", %zu bytes are not 0", changed);
	return 0;
}

static int run_info(void)
{
	struct holdfast_remote *remote;

	if (holdfast_remote_info(rpp, &remote))
		return -1;
	snprintf(note, sizeof(note), ", %s %s, port %u at %s",
		holdfast_provider_name(remote->provider), holdfast_method_name(remote->method),
		remote->port, remote->address);
	holdfast_remote_free(&remote);
	return 0;
}

static int run_describe(const char *set_name)
{
	struct holdfast_remote_set *set;

	if (holdfast_remote_describe(host, set_name, &set))
		return -1;
	snprintf(note, sizeof(note), ", %zu parts, %s, %s over tcp", set->part_count,
		!set->created ? "no pool"
		: set->busy   ? "busy"
			      : "a pool",
		holdfast_method_name(set->method_tcp));
	holdfast_remote_set_free(&set);
	return 0;
}

static int run_idle(long ms)
{
	long before = cpu_us();

	usleep((useconds_t)ms * 1000);
	snprintf(note, sizeof(note), ", %ld us of CPU", cpu_us() - before);
	return 0;
}

static int run_close(void)
{
	int rc = rpmem_close(rpp);

	rpp = NULL;
	return rc;
}

static int run_wait(void)
{
	char line[16];

	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(3);
	return 0;
}

static int run(const char *command, const char *argument)
{
	size_t n[4];
	char set[2048];

	numbers(argument, n, 4);
	unsigned lane = (unsigned)n[2], flags = (unsigned)n[3];
	if (!strcmp(command, "create") || !strcmp(command, "plain") || !strcmp(command, "open"))
		return start(argument, command[0]);
	if (!strcmp(command, "fill"))
		return memset(pool + 4096, (int)n[0], POOL - 4096), 0;
	if (!strcmp(command, "persist"))
		return rpmem_persist(rpp, n[0], n[1], lane, flags);
	if (!strcmp(command, "flush"))
		return rpmem_flush(rpp, n[0], n[1], lane, flags);
	if (!strcmp(command, "drain"))
		return rpmem_drain(rpp, (unsigned)n[0], 0);
	if (!strcmp(command, "deep"))
		return rpmem_deep_persist(rpp, n[0], n[1], lane);
	if (!strcmp(command, "read"))
		return run_read(n);
	if (!strcmp(command, "buffer"))
		return run_buffer(n[0]);
	if (!strcmp(command, "set_attr")) {
		struct rpmem_pool_attr attr = {.signature = "CLIENT", .major = (uint32_t)n[0]};
		return rpmem_set_attr(rpp, &attr);
	}
	if (!strcmp(command, "remove")) {
		int removal = (int)set_and_number(set, argument, 0);
		return rpmem_remove(host, set, removal);
	}
	if (!strcmp(command, "describe"))
		return run_describe(argument);
	if (!strcmp(command, "reconnect"))
		return holdfast_remote_reconnect(rpp);
	if (!strcmp(command, "close"))
		return run_close();
	if (!strcmp(command, "info"))
		return run_info();
	if (!strcmp(command, "idle"))
		return run_idle((long)n[0]);
	if (!strcmp(command, "fork"))
		return system(argument);
	if (!strcmp(command, "wait"))
		return run_wait();
	fprintf(stderr, "client: unknown command %s\n", command);
	exit(2);
}

static int run_word(const char *word)
{
	char command[16] = "";
	size_t length = strcspn(word, "=");

	snprintf(command, sizeof(command), "%.*s", (int)length, word);
	note[0] = '\0';
	errno = 0;
	long began = now_ms();
	int failed = run(command, word[length] ? word + length + 1 : "") != 0;
	int error = errno;
	fprintf(stderr, "%s: %ld ms\n", command, now_ms() - began);
	if (!failed)
		printf("%s: ok%s\n", command, note);
	else
		printf("%s: %s: %s\n", command,
			strerrorname_np(error) ? strerrorname_np(error) : "?", rpmem_errormsg());
	fflush(stdout);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	host = getenv("HOST") ? getenv("HOST") : "127.0.0.1";
	pool = mmap(NULL, POOL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	buffer = malloc(POOL);
	if (pool == MAP_FAILED || !buffer)
		return 2;
	for (int i = 1; i < argc; i++)
		failed |= run_word(argv[i]);
	free(buffer);
	return failed;
}

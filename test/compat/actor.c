/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * actor LIBPMEM LIBPMEM2 - makes the library calls that standard input names, and prints their
 * results
 *
 * A line of input is a call and its arguments, "map_new m=0 c=1 s=0"; the line of output repeats
 * it and adds the result, " => rc=0 size=8192 ...". The output contains no addresses and no texts
 * of messages, so that the outputs for two libraries can be compared. LIBPMEM and LIBPMEM2 are
 * paths of shared libraries; "-" for a path leaves that library out.
 */
#include "actor.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS 12

/*
 * A call that a line of input describes. Each argument of the line has the form KEYS[i]=VALUES[i].
 */
struct call {
	const char *name;
	const char *keys[ARGS];
	const char *values[ARGS];
	int args;
};

__attribute__((__noreturn__, __format__(__printf__, 1, 2))) static void give_up(
	const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("actor: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	exit(4);
}

const char *word(const struct call *call, const char *key)
{
	for (int i = 0; i < call->args; i++)
		if (!strcmp(call->keys[i], key))
			return call->values[i];
	return NULL;
}

uint64_t arg(const struct call *call, const char *key)
{
	const char *value = word(call, key);
	char *end;

	if (!value)
		give_up("%s needs %s=", call->name, key);
	uint64_t number = strtoull(value, &end, 0);
	if (*end || !*value)
		give_up("%s: %s=%s is not a number", call->name, key, value);
	return number;
}

size_t slot(const struct call *call, const char *key)
{
	uint64_t number = arg(call, key);

	if (number >= SLOTS)
		give_up("%s: there is no slot %s=%" PRIu64, call->name, key, number);
	return number;
}

void out(const char *format, ...)
{
	va_list ap;

	putchar(' ');
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
}

void out_touched(const char *name, uint64_t is, uint64_t was)
{
	out("%s=%s", name, is == was ? "untouched" : "touched");
}

static sigjmp_buf fault;

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/*
 * Reads one byte of each page of the range, and stores the same byte again if `write` is true. Gets
 * a signal if a page cannot be read or written.
 */
static __attribute__((noinline)) void touch(const volatile char *addr, size_t len, bool write)
{
	const volatile char *last = addr + len - 1;

	for (;;) {
		char byte = *addr;
		if (write)
			*(volatile char *)addr = byte;
		if (addr == last)
			return;
		addr = (size_t)(last - addr) > page_size() ? addr + page_size() : last;
	}
}

bool reachable(const volatile char *addr, size_t len, bool write)
{
	const struct sigaction action = {.sa_handler = on_fault};
	struct sigaction segv, bus;
	bool good = true;

	if (!len)
		return true;
	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	if (sigsetjmp(fault, 1))
		good = false;
	else
		touch(addr, len, write);
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return good;
}

/* Returns a hash of the bytes: FNV-1a with 64 bits. */
uint64_t hash(const void *data, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (const unsigned char *p = data; len--; p++)
		sum = (sum ^ *p) * 0x100000001b3;
	return sum;
}

void fill(void *data, size_t len, uint64_t seed)
{
	for (unsigned char *p = data; len--; p++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		*p = (unsigned char)(seed >> 56);
	}
}

void clamp(uint64_t *off, uint64_t *len, uint64_t room)
{
	*off %= room + 1;
	*len %= room - *off + 1;
}

static const struct command *find(const struct command *table, const char *name)
{
	while (table->name && strcmp(table->name, name))
		table++;
	return table->name ? table : NULL;
}

static void act(char *line)
{
	const struct command *const tables[] = {
		file_commands, pmem_commands, source_commands, map_commands, vm_commands};
	struct call call = {.args = 0};
	const struct command *command = NULL;
	char *rest;

	printf("%s =>", line);
	call.name = strtok_r(line, " ", &rest);
	for (char *token; (token = strtok_r(NULL, " ", &rest)); call.args++) {
		char *value = strchr(token, '=');
		if (!value || call.args == ARGS)
			give_up("%s: unexpected argument %s", call.name, token);
		*value++ = '\0';
		call.keys[call.args] = token;
		call.values[call.args] = value;
	}
	for (size_t i = 0; !command && i < sizeof(tables) / sizeof(tables[0]); i++)
		command = find(tables[i], call.name);
	if (!command)
		give_up("there is no call %s", call.name);
	command->run(&call);
	putchar('\n');
}

int main(int argc, char *argv[])
{
	char line[512];

	if (argc != 3) {
		fputs("usage: actor LIBPMEM LIBPMEM2 <SCRIPT\n", stderr);
		return 2;
	}
	api_load(strcmp(argv[1], "-") ? argv[1] : NULL, strcmp(argv[2], "-") ? argv[2] : NULL);
	memset(files, -1, sizeof(files));
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		act(line);
		/* Print all results so far: they would be lost if the next call crashes. */
		fflush(stdout);
	}
	puts("end");
	return 0;
}

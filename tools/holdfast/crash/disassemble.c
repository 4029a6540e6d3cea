/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * disassemble.c - find the raw instructions of a program or library with objdump(1)
 *
 * objdump finds the beginnings of instructions, and trace/raw.h decides which instructions matter.
 * Hand-written code may branch into the middle of an instruction, to skip a prefix: then the target
 * of the branch, too, counts as the address of an instruction.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes.h"

#define NO_PROGRAM 127
#define MANY       1000000 /* number of lines that take objdump seconds to print */

struct addresses {
	uint64_t *list;
	size_t count, room;
	bool is_full; /* true if an address was lost for lack of memory */
};

struct reading {
	const struct binary *binary;
	struct addresses sites, branches;
	size_t lines;
};

static void append(struct addresses *to, uint64_t address)
{
	if (to->count == to->room) {
		size_t room = to->room ? 2 * to->room : 256;
		uint64_t *grown = realloc(to->list, room * sizeof(*grown));
		if (!grown) {
			to->is_full = true;
			return;
		}
		to->list = grown;
		to->room = room;
	}
	to->list[to->count++] = address;
}

/* ---- objdump's text: "  ADDRESS:\tBYTES\tINSTRUCTION" */

static bool is_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	return !strncmp(text, word, length) && (text[length] == ' ' || text[length] == '\n');
}

static const char *behind_prefixes(const char *text)
{
	static const char *const prefixes[] = {
		"data16", "addr32", "cs", "ds", "es", "ss", "fs", "gs", "{evex}"};
	size_t i = 0;

	while (i < sizeof(prefixes) / sizeof(prefixes[0])) {
		bool is_prefix = is_word(text, prefixes[i]) || !strncmp(text, "rex", 3);
		i = is_prefix ? 0 : i + 1;
		text += is_prefix ? strcspn(text, " \n") : 0;
		text += strspn(text, " ");
	}
	return text;
}

/*
 * Returns true if objdump has printed the name of an instruction that matters, whether our own
 * decoder knows the instruction or not.
 */
static bool is_named(const char *text)
{
	static const char *const words[] = {"clwb", "clflush", "clflushopt", "sfence", "mfence",
		"movnti", "movntq", "movntps", "movntpd", "movntdq", "movntss", "movntsd",
		"movdiri", "movdir64b", "maskmovq", "maskmovdqu"};

	text = behind_prefixes(text);
	if (is_word(text, "lock") || is_word(text, "xacquire") || is_word(text, "xrelease") ||
		(is_word(text, "xchg") && strchr(text, '(')))
		return !strstr(text, "(bad)");
	text += *text == 'v';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is_word(text, words[i]))
			return !strstr(text, "(bad)");
	return false;
}

/* Returns the target address of a direct branch, or 0 for other instructions. */
static uint64_t branch_target(const char *text)
{
	if (*text != 'j' && strncmp(text, "loop", 4) && strncmp(text, "call", 4))
		return 0;
	text += strcspn(text, " ,\n");
	text += strspn(text, " ");
	return *text == '*' ? 0 : strtoull(text, NULL, 16);
}

static void read_line(struct reading *reading, const char *line)
{
	char *end;
	uint64_t address = strtoull(line, &end, 16);
	const char *bytes = *end == ':' ? strchr(end, '\t') : NULL;
	const char *text = bytes ? strchr(bytes + 1, '\t') : NULL;

	if (!text)
		return;
	reading->lines++;
	text++;
	/*
	 * Check the first byte before calling branch_target(), to save time: there may be millions
	 * of lines.
	 */
	uint64_t target = *text == 'j' || *text == 'l' || *text == 'c' ? branch_target(text) : 0;
	if (target)
		append(&reading->branches, target);
	if (is_named(text))
		append(&reading->sites, address);
}

static void say_it_takes_long(int fd)
{
	char link[32], name[4096];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, name, sizeof(name) - 1);
	if (length > 0)
		fprintf(stderr,
			"%s: looking for flushes and fences in %.*s, which takes some seconds; the result is kept for later runs\n",
			command_name, (int)length, name);
}

static void read_all(struct reading *reading, FILE *from, int fd)
{
	char *line = NULL;
	size_t size = 0;

	while (!is_stopped && getline(&line, &size, from) > 0) {
		read_line(reading, line);
		if (reading->lines == MANY)
			say_it_takes_long(fd);
	}
	free(line);
}

/* ---- the list of sites */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * Returns a description of the instruction at this address. The length is 0 for an instruction that
 * is not searched for.
 */
static struct probe_site site_at(const struct binary *binary, uint64_t address)
{
	struct probe_site site = {.address = address, .length = RAW_LONGEST};

	while (site.length && !binary_code(binary, address, site.length))
		site.length--;
	const unsigned char *code = binary_code(binary, address, site.length);
	struct raw_insn insn = raw_decode(code, site.length);
	site.length = insn.length;
	memcpy(site.bytes, code, site.length);
	return site;
}

static void add_branched_into(struct reading *reading)
{
	size_t count = reading->sites.count;

	for (size_t i = 0, b = 0; i < count; i++) {
		uint64_t at = reading->sites.list[i];
		unsigned length = site_at(reading->binary, at).length;
		while (b < reading->branches.count && reading->branches.list[b] <= at)
			b++;
		for (size_t k = b; k < reading->branches.count; k++) {
			if (reading->branches.list[k] >= at + length)
				break;
			uint64_t inner = reading->branches.list[k];
			bool is_new = k == b || inner != reading->branches.list[k - 1];
			if (is_new && site_at(reading->binary, inner).length)
				append(&reading->sites, inner);
		}
	}
}

size_t probe_list_size(uint32_t count)
{
	return sizeof(struct probe_list) + count * sizeof(struct probe_site);
}

struct probe_list *probe_list_new(
	const struct binary *binary, const struct probe_site *sites, uint32_t count)
{
	struct probe_list *list = calloc(1, probe_list_size(count));

	if (!list)
		return NULL;
	list->magic = PROBE_MAGIC;
	memcpy(list->id, binary->id, binary->id_length);
	list->id_length = binary->id_length;
	list->count = count;
	if (count)
		memcpy(list->sites, sites, count * sizeof(*sites));
	list->sum = probe_sum(list->sites, count);
	return list;
}

static void sort(struct addresses *addresses)
{
	if (addresses->list)
		qsort(addresses->list, addresses->count, sizeof(uint64_t), compare);
}

static struct probe_list *make_list(struct reading *reading)
{
	struct addresses *found = &reading->sites;

	sort(&reading->branches);
	add_branched_into(reading);
	sort(found);
	struct probe_site *sites = calloc(found->count + 1, sizeof(*sites));
	if (!sites || found->is_full || reading->branches.is_full || found->count > UINT32_MAX) {
		free(sites);
		return NULL;
	}
	for (size_t i = 0; i < found->count; i++)
		sites[i] = site_at(reading->binary, found->list[i]);
	struct probe_list *list = probe_list_new(reading->binary, sites, (uint32_t)found->count);
	free(sites);
	return list;
}

/* ---- running objdump */

static _Noreturn void become_objdump(int fd, int output)
{
	char name[32];
	int null = open("/dev/null", O_RDWR);

	/* Give objdump the opened file, because the file's name may lead to another file by now. */
	int kept = dup(fd);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", kept);
	dup2(null, STDIN_FILENO);
	dup2(null, STDERR_FILENO);
	dup2(output, STDOUT_FILENO);
	setenv("LC_ALL", "C", 1);
	execlp("objdump", "objdump", "-d", "-w", name, NULL);
	_exit(NO_PROGRAM);
}

struct probe_list *disassemble(int fd, const struct binary *binary, enum probe_reason *reason)
{
	struct reading reading = {.binary = binary};
	struct probe_list *list = NULL;
	int ends[2], status = -1;

	*reason = PROBE_NOT_READ;
	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	fflush(NULL);
	pid_t pid = fork();
	if (!pid)
		become_objdump(fd, ends[1]);
	close(ends[1]);
	FILE *from = fdopen(ends[0], "r");
	if (from && pid > 0)
		read_all(&reading, from, fd);
	if (from)
		fclose(from);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM)
		*reason = PROBE_NO_OBJDUMP;
	else if (!status && reading.lines && !is_stopped)
		list = make_list(&reading);
	free(reading.sites.list);
	free(reading.branches.list);
	return list;
}

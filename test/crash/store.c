/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store.c - a small store that replaces a file by writing a temporary one and renaming it
 *
 *	store CASE write DIRECTORY	write versions 1 and 2; print each when it is durable
 *	store CASE check DIRECTORY	exit status 1, and a message, unless the file is whole
 *					and has the last printed version, or a newer one
 *
 * In the table of cases, correct ways come first, then mistakes. At the start DIRECTORY has version
 * 0 of the file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERSIONS 2
#define LINES    6

enum way {
	SYNC_DATA = 1,
	SYNC_DIRECTORY = 2,
	IN_PLACE = 4,
	O_DSYNC_DATA = 8,
	STDIO = 16,
	LINK = 32, /* the program uses link(2) and unlink(2) instead of rename(2) */
	APPEND = 64,
	SILENT = 128, /* the program does not acknowledge any version */
};

static const struct {
	const char *name;
	unsigned way;
} cases[] = {
	{"right", SYNC_DATA | SYNC_DIRECTORY},
	{"dsync", O_DSYNC_DATA | SYNC_DIRECTORY},
	{"stdio", STDIO | SYNC_DATA | SYNC_DIRECTORY},
	{"silent", SYNC_DATA | SILENT},
	{"no-sync", SYNC_DIRECTORY},
	{"stdio-no-sync", STDIO | SYNC_DIRECTORY},
	{"no-directory-sync", SYNC_DATA},
	{"in-place", IN_PLACE | SYNC_DATA | SYNC_DIRECTORY},
	{"unlink-first", LINK | SYNC_DATA | SYNC_DIRECTORY},
	{"append", APPEND | IN_PLACE | SYNC_DATA},
};

static unsigned way;
static int directory;

static void fail(const char *what)
{
	perror(what);
	exit(3);
}

static size_t text_of(unsigned version, char *text)
{
	size_t length = 0;

	for (unsigned i = 0; i < LINES; i++)
		length += (size_t)sprintf(text + length, "version %u line %u\n", version, i);
	return length;
}

static void put(const char *name, const char *text, size_t length)
{
	int flags = O_WRONLY | O_CREAT | (way & APPEND ? O_APPEND : O_TRUNC);
	int fd = openat(directory, name, flags | (way & O_DSYNC_DATA ? O_DSYNC : 0), 0666);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length)
		fail(name);
	if (way & SYNC_DATA && fsync(fd))
		fail("fsync");
	close(fd);
}

static void put_stdio(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fflush(file))
		fail(path);
	if (way & SYNC_DATA && fsync(fileno(file)))
		fail("fsync");
	fclose(file);
}

static void save(unsigned version, const char *path)
{
	char text[LINES * 32], new[4096];
	size_t length = text_of(version, text);

	snprintf(new, sizeof(new), "%s/new", path);
	if (way & STDIO)
		put_stdio(new, text);
	else
		put(way & IN_PLACE ? "data" : "new", text, length);
	if (way & LINK &&
		(unlinkat(directory, "data", 0) || linkat(directory, "new", directory, "data", 0) ||
			unlinkat(directory, "new", 0)))
		fail("link");
	if (!(way & (IN_PLACE | LINK)) && renameat(directory, "new", directory, "data"))
		fail("rename");
	if (way & SYNC_DIRECTORY && fsync(directory))
		fail("fsync of the directory");
	if (way & SILENT)
		return;
	printf("%u\n", version);
	fflush(stdout);
}

static int wrong(const char *what)
{
	puts(what);
	return 1;
}

static unsigned acknowledged(void)
{
	const char *path = getenv("HOLDFAST_CRASH_OUT");
	FILE *file = path ? fopen(path, "r") : NULL;
	unsigned version = 0, next;

	while (file && fscanf(file, "%u", &next) == 1)
		version = next;
	if (file)
		fclose(file);
	return version;
}

static int check_text(const char *text, size_t length)
{
	char wanted[LINES * 32];
	unsigned version = 0;

	if (!length)
		return wrong("the file is empty");
	if (sscanf(text, "version %u", &version) != 1 || text_of(version, wanted) != length ||
		memcmp(text, wanted, length))
		return wrong("the file is not whole");
	return version < acknowledged() ? wrong("the file is older than an acknowledged one") : 0;
}

/* Checks a log of versions. The last version in it may be cut off anywhere. */
static int check_log(const char *text)
{
	char wanted[LINES * 32];
	unsigned version = 0, said = acknowledged();

	for (;; version++) {
		size_t length = text_of(version, wanted);
		if (strncmp(text, wanted, length))
			break;
		text += length;
	}
	return version <= said ? wrong("the log lacks an acknowledged version") : 0;
}

static int check(void)
{
	static char text[(VERSIONS + 2) * LINES * 32];
	int fd = openat(directory, "data", O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (length < 0)
		return wrong("there is no file");
	return way & APPEND ? check_log(text) : check_text(text, (size_t)length);
}

int main(int argc, char *argv[])
{
	char text[LINES * 32];

	if (argc != 4)
		return 2;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name))
			way = cases[i].way;
	directory = open(argv[3], O_RDONLY | O_DIRECTORY);
	if (directory < 0)
		fail(argv[3]);
	if (!strcmp(argv[2], "check"))
		return check();
	if (!strcmp(argv[2], "begin")) {
		way = SYNC_DATA;
		put("data", text, text_of(0, text));
		return 0;
	}
	for (unsigned version = 1; version <= VERSIONS; version++)
		save(version, argv[3]);
	return 0;
}

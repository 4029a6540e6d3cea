/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * poolname.c - a fuzzer of names of pool sets that a peer sends: rpmemd must only open files below
 * its directory of pool sets
 *
 * The directory of this test contains links that lead out of it, and back into it.
 */
#include <fcntl.h>

#include "base/err.h"
#include "fuzz.h"
#include "pool/beneath.h"
#include "unit/tree.h"

static char inside[128]; /* path of the directory */

static void make_once(void)
{
	if (*inside)
		return;
	tree_open();
	atexit(tree_close);
	tree_file("outside", "");
	tree_file("in/a", "");
	tree_file("in/d/a", "");
	tree_file("in/d/d/a", "");
	tree_link("in/up", "..");
	tree_link("in/d/up", "../..");
	tree_link("in/root", "/");
	tree_link("in/self", ".");
	tree_link("in/loop", "loop");
	tree_link("in/proc", "/proc/self/root");
	tree_link("in/out", "../outside");
	tree_link("in/b", "d/a");
	snprintf(inside, sizeof(inside), "%s/in", tree_root);
}

static void check(int fd, const char *name)
{
	char link[64], path[600];

	if (fd < 0) {
		must(*err_get());
		return;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	must(length > 0);
	path[length] = '\0';
	size_t root = strlen(inside);
	if (strncmp(path, inside, root) || (path[root] && path[root] != '/')) {
		fprintf(stderr, "the name \"%s\" leads to %s, outside of the directory\n", name,
			path);
		abort();
	}
	must(name[0] != '/' && strcmp(name, ".."));
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[512];
	const char *last;

	if (size >= sizeof(name))
		return -1;
	memcpy(name, data, size);
	name[size] = '\0';
	make_once();
	check(beneath_open(inside, name, O_RDONLY | O_NONBLOCK | O_NOCTTY), name);
	check(beneath_open_by_hand(inside, name, O_RDONLY | O_NONBLOCK | O_NOCTTY), name);
	int parent = beneath_open_parent(inside, name, &last);
	if (parent >= 0)
		must(*last && !strchr(last, '/') && strcmp(last, "..") && strcmp(last, "."));
	check(parent, name);
	return 0;
}

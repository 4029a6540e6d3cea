/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool-set.c - tests pool set files: their syntax, messages about errors, and the names of sets
 * that peers send
 */

#include "pool/beneath.h"
#include "unit/pooldir.h"

static struct pool_set *parse(const char *text)
{
	struct pool_set *set = NULL;
	int error = pool_set_parse(text, strlen(text), "x.set", &set);

	if (error)
		diag("%d: %s", error, err_get());
	return set;
}

/*
 * Parses a set whose only part has this text as its size. Returns the size; 0: the set is refused.
 */
static size_t size_of(const char *size)
{
	char text[200];
	struct pool_set *set = NULL;

	snprintf(text, sizeof(text), "PMEMPOOLSET\n%s /part\n", size);
	if (pool_set_parse(text, strlen(text), "x.set", &set))
		return 0;
	size_t found = set->entries[0].size;
	pool_set_free(set);
	return found;
}

static void sizes(void)
{
	static const struct {
		const char *text;
		size_t size;
	} good[] = {
		{"2097152", 2097152},
		{"2097153B", 2097153},
		{"2048K", 2097152},
		{"2M", 2097152},
		{"1G", 1UL << 30},
		{"1T", 1UL << 40},
		{"1P", 1UL << 50},
		{"2048KiB", 2097152},
		{"2MiB", 2097152},
		{"1GiB", 1UL << 30},
		{"1TiB", 1UL << 40},
		{"1PiB", 1UL << 50},
		{"3000kB", 3000000},
		{"3MB", 3000000},
		{"1GB", 1000000000},
		{"1TB", 1000000000000},
		{"1PB", 1000000000000000},
		{"9223372036854775807", 9223372036854775807},
	};
	static const char *const bad[] = {"", "M", "2m", "2mb", "2KB", "2Mi", "2MiBs", "2 M", "-2M",
		"+2M", "0x200000", "2.5M", "9223372036854775808", "18446744073709551617",
		"99999999999999999999999", "9000P", "2097151", "0", "2M,", "auto"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is_int(size_of(good[i].text), good[i].size, "pool_set_parse: the size %s is read",
			good[i].text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(size_of(bad[i]), 0, "pool_set_parse: the size \"%s\" is refused", bad[i]);
}

static void syntax(void)
{
	struct pool_set *set = parse("PMEMPOOLSET\r\n"
				     "# a comment\n"
				     "  \t # another\n"
				     "\n"
				     "OPTION SINGLEHDR\n"
				     "10M\t/a/b#c\n"
				     "\t3MB   /d e\n"
				     "AUTO /dev/dax0.0");

	ok(!set, "pool_set_parse: two words after a size are refused");
	has_str(err_get(), "x.set:7: nothing may follow the path of a part: \"e\"",
		"pool_set_parse: the message has the line number and the word that is too many");
	set = parse("PMEMPOOLSET\r\n# a comment\n  \t # another\n\nOPTION SINGLEHDR\n"
		    "10M\t/a/b#c\n\t3MB   /d \r\nAUTO /dev/dax0.0");
	if (!ok(set && set->count == 3,
		    "pool_set_parse: comments, blanks and a last line without a newline are accepted"))
		return;
	is_str(set->entries[0].path, "/a/b",
		"pool_set_parse: a comment directly behind a path does not belong to the path");
	is_int(set->entries[0].size, 10 << 20, "pool_set_parse: a size in M is read");
	is_str(set->entries[1].path, "/d",
		"pool_set_parse: blanks around a path do not belong to it");
	is_int(set->entries[1].line, 7, "pool_set_parse: each entry has its line number");
	ok(set->entries[2].is_auto && !set->entries[1].is_auto,
		"pool_set_parse: AUTO as the size of an entry is read");
	ok(set->single_header && !set->no_headers, "pool_set_parse: OPTION SINGLEHDR is read");
	is_str(set->name, "x.set", "pool_set_parse: the set has the name that the caller gave");
	pool_set_free(set);
	set = parse("PMEMPOOLSET\n2M /a\nOPTION NOHDRS");
	ok(set && set->no_headers && !set->single_header,
		"pool_set_parse: an option may be on the last line");
	pool_set_free(set);
	set = parse("PMEMPOOLSET\nOPTION SINGLEHDR\nOPTION SINGLEHDR\n2M /a\n");
	ok(set && set->single_header, "pool_set_parse: an option may be given twice");
	pool_set_free(set);
}

static void refusals(void)
{
	static const struct {
		const char *text, *sentence;
	} bad[] = {
		{"", "x.set is not a pool set: its first line is not PMEMPOOLSET"},
		{"PMEMPOOLSET \n2M /a\n", "its first line is not"},
		{" PMEMPOOLSET\n2M /a\n", "its first line is not"},
		{"# x\nPMEMPOOLSET\n2M /a\n", "its first line is not"},
		{"PMEMPOOLSETS\n2M /a\n", "its first line is not"},
		{"PMEMPOOLSET\n", "x.set: the set has no parts"},
		{"PMEMPOOLSET\nOPTION NOHDRS\n", "x.set: the set has no parts"},
		{"PMEMPOOLSET\n2M\n", "x.set:2: no path follows the size: \"2M\""},
		{"PMEMPOOLSET\n2M a\n", "x.set:2: the path of a part must be absolute: \"a\""},
		{"PMEMPOOLSET\n\n1M /a\n",
			"x.set:3: part /a has 1048576 bytes, the minimum is 2097152"},
		{"PMEMPOOLSET\n2M /a\n2M /b\n3M /a\n", "x.set:4: this part is named twice: \"/a\""},
		{"PMEMPOOLSET\nOPTION\n2M /a\n", "x.set:2: no option follows"},
		{"PMEMPOOLSET\nOPTION singlehdr\n2M /a\n",
			"x.set:2: there is no such option: \"si"},
		{"PMEMPOOLSET\nOPTION SINGLEHDR\n2M /a\nOPTION NOHDRS\n",
			"x.set:4: OPTION SINGLEHDR excludes OPTION NOHDRS"},
		{"PMEMPOOLSET\n2M /a\nREPLICA\n2M /b\n",
			"x.set:3: a pool set that is used from another"},
		{"PMEMPOOLSET\n2M /a\nREPLICA user@host x.set\n",
			"x.set:3: a pool set that is used from another machine cannot have replicas"},
		{"PMEMPOOLSET\nSIZE /a\n",
			"x.set:2: a line must begin with a size, AUTO, OPTION or REPLICA"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pool_set *set = NULL;
		int error = pool_set_parse(bad[i].text, strlen(bad[i].text), "x.set", &set);
		ok(error == -EINVAL && !set, "pool_set_parse: a malformed set is refused");
		has_str(err_get(), bad[i].sentence, "pool_set_parse: the message says \"%s\"",
			bad[i].sentence);
	}
	struct pool_set *set = NULL;
	is_int(pool_set_parse("PMEMPOOLSET\n2M /a\0b\n", 21, "x.set", &set), -EINVAL,
		"pool_set_parse: a NUL byte is refused");
	has_str(err_get(), "it is not text",
		"pool_set_parse: the message says that a file with a NUL byte is not text");
	char *long_text = calloc(1, POOL_SET_TEXT + 1);
	memset(long_text, '\n', POOL_SET_TEXT + 1);
	is_int(pool_set_parse(long_text, POOL_SET_TEXT + 1, "x.set", &set), -EINVAL,
		"pool_set_parse: a text of more than 1048576 bytes is refused");
	has_str(err_get(), "more than 1048576 bytes",
		"pool_set_parse: the message has the largest length of a set file");
	free(long_text);
}

/*
 * Opens a name below "sets" by openat2(2), and by hand, component by component. Returns 0 or the
 * error if both agree, and 1 if they differ.
 */
static int open_both(const char *name)
{
	int fd = beneath_open(pooldir_path("sets"), name, O_RDONLY);
	int other = beneath_open_by_hand(pooldir_path("sets"), name, O_RDONLY);

	if (fd >= 0)
		close(fd);
	if (other >= 0)
		close(other);
	if ((fd < 0 || other < 0) && fd != other)
		diag("%s: %d by the kernel, %d by hand", name, fd, other);
	return (fd < 0) == (other < 0) && (fd >= 0 || fd == other) ? (fd < 0 ? fd : 0) : 1;
}

/* Names that a peer sends must not lead out of the directory of pool sets. */
static void names(void)
{
	struct pool_set *set = NULL;
	char absolute[500];

	mkdir(pooldir_path("sets"), 0755);
	mkdir(pooldir_path("sets/sub"), 0755);
	pooldir_write("outside.set", "PMEMPOOLSET\n2M @/part\n");
	pooldir_write("sets/sub/in.set", "PMEMPOOLSET\n2M @/part\n");
	snprintf(absolute, sizeof(absolute), "%s/sets/sub/in.set", pooldir_root);
	is_int(open_both("sub/in.set"), 0, "pool set: a name below the directory opens");
	is_int(open_both("./sub//in.set"), 0,
		"pool set: a name below the directory, with . and //, opens");
	is_int(open_both(absolute), -EINVAL, "pool set: an absolute name is refused");
	is_int(open_both("../outside.set"), -EINVAL, "pool set: a name with .. is refused");
	is_int(open_both("sub/../sub/in.set"), -EINVAL,
		"pool set: a name with .. is refused even if it stays below the directory");
	is_int(open_both("sub/.."), -EINVAL, "pool set: a name with .. at the end is refused");
	is_int(open_both(""), -EINVAL, "pool set: an empty name is refused");
	is_int(open_both("sub/none.set"), -ENOENT,
		"pool set: a name that does not exist gives ENOENT");
	is_int(open_both("sub/in.set/more"), -EINVAL,
		"pool set: a name with a file in place of a directory is refused");
	is_int(open_both("..set"), -ENOENT,
		"pool set: a name that begins with two dots is an ordinary name");
	symlink("../outside.set", pooldir_path("sets/link.set"));
	is_int(open_both("link.set"), -EINVAL,
		"pool set: a symbolic link that leads out of the directory is refused");
	has_str(err_get(), "a symbolic link leads out",
		"pool set: the message says that a symbolic link leads out of the directory");
	symlink("..", pooldir_path("sets/up"));
	is_int(open_both("up/outside.set"), -EINVAL,
		"pool set: a name in which one directory is a symbolic link to .. is refused");
	symlink("/", pooldir_path("sets/root"));
	is_int(open_both("root/etc/passwd"), -EINVAL,
		"pool set: a symbolic link to the root is refused");
	symlink("sub/in.set", pooldir_path("sets/inner.set"));
	if (!pooldir_follows_links()) {
		skip("pool set: a symbolic link that stays below the directory is followed",
			"without openat2(2) symbolic links are not followed");
	} else {
		is_int(pool_set_load(pooldir_path("sets"), "inner.set", &set), 0,
			"pool set: a symbolic link that stays below the directory is followed");
		pool_set_free(set);
	}
	is_int(pool_set_load(pooldir_path("sets"), "sub", &set), -EINVAL,
		"pool set: a name that leads to a directory is refused");
	mkfifo(pooldir_path("sets/fifo"), 0600);
	is_int(pool_set_load(pooldir_path("sets"), "fifo", &set), -EINVAL,
		"pool set: a name that leads to a FIFO is refused without waiting for a writer");
	is_int(pool_set_load(pooldir_path("nowhere"), "x", &set), -EREMOTEIO,
		"pool_set_load: a missing directory of pool sets gives -EREMOTEIO");
	has_str(err_get(), "nowhere", "pool_set_load: the message names the missing directory");
	is_int(pool_set_unlink(pooldir_path("sets"), "../outside.set"), -EINVAL,
		"pool_set_unlink: a name with .. is refused");
	ok(pooldir_has("outside.set"),
		"pool_set_unlink: a set outside of the directory is not removed");
	is_int(pool_set_unlink(pooldir_path("sets"), "up/outside.set"), -EINVAL,
		"pool_set_unlink: a symbolic link that leads out of the directory is refused");
	is_int(pool_set_unlink(pooldir_path("sets"), "sub/in.set"), 0,
		"pool_set_unlink: a set in a subdirectory is unlinked");
	ok(!pooldir_has("sets/sub/in.set"), "pool_set_unlink: the file of the set is gone");
}

int main(void)
{
	pooldir_open(NULL);
	sizes();
	syntax();
	refusals();
	names();
	pooldir_close();
	return tap_done();
}

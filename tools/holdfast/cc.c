/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cc.c - holdfast cc: runs a compiler so that `holdfast crash` sees every store of its programs
 *
 * The compiler gets -fsanitize=thread when it compiles, so that programs call the thread
 * sanitizer's hooks at each store, but not when it links: libholdfast-hooks defines the hooks
 * instead of the sanitizer's runtime. A command that compiles and links is divided into two steps.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

#define EXTRA 32 /* maximum number of words that are added to a command */

static const char *const compile_flags[] = {"-fsanitize=thread", "-fno-builtin-memcpy",
	"-fno-builtin-memset", "-fno-builtin-memmove", "-fno-builtin-strcpy", "-fno-builtin-stpcpy",
	"-fno-builtin-strncpy", "-fno-builtin-strcat", "-fno-builtin-strncat",
	"-fno-builtin-sprintf", "-fno-builtin-snprintf", "-fno-lto", "-g"};
/* Keep clang from generating vector stores, for which it calls no hooks. */
static const char *const clang_flags[] = {
	"-mllvm", "-force-vector-width=1", "-mllvm", "-vectorize-slp=false"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct words {
	const char **list;
	unsigned count;
};

static void add(struct words *words, const char *word)
{
	words->list[words->count++] = word;
	words->list[words->count] = NULL;
}

static void add_all(struct words *words, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(words, list[i]);
}

static struct words new_words(int argc)
{
	struct words words = {calloc((size_t)argc + EXTRA, sizeof(char *)), 0};

	if (!words.list) {
		fprintf(stderr, "holdfast cc: out of memory\n");
		exit(OUTCOME_UNKNOWN);
	}
	return words;
}

/*
 * Runs a command and returns its exit status. If `line` is not NULL, it receives the first line of
 * the command's standard output.
 */
static int run(const char *const *words, char *line, int size)
{
	int ends[2], status;

	if (pipe(ends))
		return 127;
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		if (line)
			dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execvp(words[0], (char *const *)words);
		fprintf(stderr, "holdfast cc: %s: %s\n", words[0], strerror(errno));
		_exit(127);
	}
	close(ends[1]);
	FILE *from = line ? fdopen(ends[0], "r") : NULL;
	if (line && (!from || !fgets(line, size, from)))
		line[0] = '\0';
	for (char rest[256]; from && fgets(rest, sizeof(rest), from);)
		;
	if (from)
		fclose(from);
	else
		close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_clang(const char *compiler)
{
	const char *const words[] = {compiler, "--version", NULL};
	char line[256] = "";

	return !run(words, line, sizeof(line)) && strstr(line, "clang");
}

/*
 * ---- finding libholdfast-hooks and its shim.h, also after the installed tree was moved
 */

/*
 * Returns the folder at the path `way`, relative to this program's folder, or NULL if the folder
 * does not contain `file`. Resolves symbolic links and "..", because the linked programs keep the
 * folder's name in their search path for libraries.
 */
static char *beside_program(const char *way, const char *file)
{
	char self[PATH_MAX / 2], path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	snprintf(path, sizeof(path), "%s/%s/%s", self, way, file);
	if (access(path, R_OK))
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", self, way);
	return realpath(path, NULL);
}

/*
 * Finds the folder of a file: looks in the build folder, in the tree that this program was
 * installed with, and in the configured folder.
 */
static char *find_folder(const char *in_tree, const char *as_configured, const char *file)
{
	char *folder = beside_program("../../src/libholdfast-hooks", file);

	if (!folder)
		folder = beside_program(in_tree, file);
	return folder ? folder : must_copy(as_configured);
}

static char *with_folder(const char *before, char *folder, const char *after)
{
	char *word;

	if (asprintf(&word, "%s%s%s", before, folder, after) < 0)
		word = must_copy(NULL);
	return word;
}

static void add_compile_flags(struct words *words, const char *compiler)
{
	char *folder = find_folder(HOLDFAST_MODULES_FROM_BIN, HOLDFAST_MODULES, "shim.h");

	add(words, "-include");
	add(words, with_folder("", folder, "/shim.h"));
	free(folder);
	add_all(words, compile_flags, COUNT(compile_flags));
	if (is_clang(compiler))
		add_all(words, clang_flags, COUNT(clang_flags));
}

static void add_link_flags(struct words *words)
{
	char *folder =
		find_folder(HOLDFAST_LIBDIR_FROM_BIN, HOLDFAST_LIBDIR, "libholdfast-hooks.so");

	add(words, "-fno-sanitize=thread");
	add(words, with_folder("-L", folder, ""));
	add(words, with_folder("-Wl,-rpath,", folder, ""));
	free(folder);
	add(words, "-lholdfast-hooks");
}

static bool is_source(const char *word)
{
	static const char *const endings[] = {
		".c", ".cc", ".cpp", ".cxx", ".c++", ".C", ".i", ".ii", ".s", ".S"};
	const char *dot = strrchr(word, '.');

	for (size_t i = 0; word[0] != '-' && dot && i < COUNT(endings); i++)
		if (!strcmp(dot, endings[i]))
			return true;
	return false;
}

/* True for an option of the compiler whose value is the next word of the command. */
static bool has_value(const char *word)
{
	static const char *const options[] = {"-o", "-I", "-L", "-l", "-D", "-U", "-include", "-x",
		"-isystem", "-idirafter", "-iquote", "-MF", "-MT", "-MQ", "-T", "-u", "-z",
		"-Xlinker", "-Xassembler", "-Xpreprocessor", "-Xclang", "-mllvm", "-imacros",
		"-iprefix", "-isysroot", "--param"};

	for (size_t i = 0; i < COUNT(options); i++)
		if (!strcmp(word, options[i]))
			return true;
	return false;
}

static bool only_compiles(char **argv)
{
	static const char *const options[] = {"-c", "-S", "-E", "-M", "-MM", "-fsyntax-only"};

	for (; *argv; argv++)
		for (size_t i = 0; i < COUNT(options); i++)
			if (!strcmp(*argv, options[i]))
				return true;
	return false;
}

/* ---- a command that compiles and links */

static void remove_objects(const char *folder, unsigned count)
{
	char path[PATH_MAX];

	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%u.o", folder, i);
		unlink(path);
	}
	rmdir(folder);
}

static bool is_assembler(const char *word)
{
	const char *dot = strrchr(word, '.');

	return dot && (!strcmp(dot, ".s") || !strcmp(dot, ".S"));
}

/*
 * Compiles one source file: runs the command with all its options except -o, and without its other
 * files.
 */
static int compile_one(int argc, char **argv, const char *source, const char *object)
{
	struct words words = new_words(argc);

	add(&words, argv[0]);
	for (int i = 1; i < argc; i++) {
		bool takes = has_value(argv[i]) && i + 1 < argc;
		if (argv[i][0] == '-' && strcmp(argv[i], "-o") && strncmp(argv[i], "-l", 2) &&
			strncmp(argv[i], "-Wl,", 4)) {
			add(&words, argv[i]);
			if (takes)
				add(&words, argv[i + 1]);
		}
		i += takes;
	}
	if (!is_assembler(source))
		add_compile_flags(&words, argv[0]);
	add(&words, "-c");
	add(&words, source);
	add(&words, "-o");
	add(&words, object);
	int status = run(words.list, NULL, 0);
	free(words.list);
	return status;
}

static int compile_and_link(int argc, char **argv)
{
	char folder[] = "/tmp/holdfast-cc.XXXXXX";
	struct words words = new_words(argc);
	unsigned count = 0;
	int status = 0;

	if (!mkdtemp(folder)) {
		fprintf(stderr, "holdfast cc: %s: %s\n", folder, strerror(errno));
		return OUTCOME_UNKNOWN;
	}
	add(&words, argv[0]);
	for (int i = 1; i < argc && !status; i++) {
		char *object = NULL;
		bool is_value = i > 1 && has_value(argv[i - 1]);
		if (is_value || !is_source(argv[i])) {
			add(&words, argv[i]);
			continue;
		}
		if (asprintf(&object, "%s/%u.o", folder, count++) < 0)
			exit(OUTCOME_UNKNOWN);
		status = compile_one(argc, argv, argv[i], object);
		add(&words, object);
	}
	if (!status) {
		add_link_flags(&words);
		status = run(words.list, NULL, 0);
	}
	remove_objects(folder, count);
	free(words.list);
	return status;
}

/* ---- commands that only compile or only link */

static int become(const struct words *words)
{
	execvp(words->list[0], (char *const *)words->list);
	fprintf(stderr, "holdfast cc: %s: %s\n", words->list[0], strerror(errno));
	return 127;
}

/* Prints a word, with a backslash before each blank in it, as pkg-config does. */
static void print_word(const char *word)
{
	for (; *word; word++) {
		if (*word == ' ')
			putchar('\\');
		putchar(*word);
	}
}

static int print_flags(bool is_compiling, const char *compiler)
{
	struct words words = new_words(0);

	if (is_compiling)
		add_compile_flags(&words, compiler);
	else
		add_link_flags(&words);
	for (unsigned i = 0; i < words.count; i++) {
		if (i)
			putchar(' ');
		print_word(words.list[i]);
	}
	putchar('\n');
	free(words.list);
	return fflush(stdout) ? OUTCOME_UNKNOWN : OUTCOME_YES;
}

static int usage(FILE *to, int status)
{
	fputs("Usage: holdfast cc COMPILER [ARGUMENT...]\n"
	      "  or:  holdfast cc --cflags [COMPILER]\n"
	      "  or:  holdfast cc --libs\n"
	      "Run COMPILER (gcc, clang, g++, clang++) so that `holdfast crash' sees every\n"
	      "store of its programs.\n",
		to);
	return status;
}

int cc_main(int argc, char **argv)
{
	bool has_source = false, only_assembler = true;

	if (argc < 2)
		return usage(stderr, OUTCOME_UNKNOWN);
	if (!strcmp(argv[1], "--help"))
		return usage(stdout, OUTCOME_YES);
	if (!strcmp(argv[1], "--cflags") || !strcmp(argv[1], "--libs"))
		return print_flags(argv[1][2] == 'c', argc > 2 ? argv[2] : "cc");
	if (argv[1][0] == '-')
		return usage(stderr, OUTCOME_UNKNOWN);
	argc--;
	argv++;
	for (int i = 1; i < argc; i++)
		if (is_source(argv[i]) && !has_value(argv[i - 1])) {
			has_source = true;
			only_assembler &= is_assembler(argv[i]);
		}
	if (has_source && !only_compiles(argv))
		return compile_and_link(argc, argv);
	struct words words = new_words(argc);
	for (int i = 0; i < argc; i++)
		add(&words, argv[i]);
	if (only_compiles(argv) && !(has_source && only_assembler))
		add_compile_flags(&words, argv[0]);
	else if (!only_compiles(argv) && argc > 1)
		add_link_flags(&words);
	return become(&words);
}

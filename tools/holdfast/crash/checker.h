/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checker.h - a command that checks images, as checker.c, wording.c, server.c and spawn.c share it
 */
#ifndef TOOLS_HOLDFAST_CRASH_CHECKER_H
#define TOOLS_HOLDFAST_CRASH_CHECKER_H

#include <limits.h>
#include <time.h>

#include "command.h"

#define WORDS 64

struct file_state {
	struct timespec changed;
	off_t size;
};

/* A file of the image's copy, for a command that is started for each image. */
struct copy {
	unsigned char *mapped; /* NULL: not yet, or the file is large */
	uint64_t inode; /* inode number of the mapped file: the command may replace the file */
};

struct checker {
	struct work *work;
	struct run *run;
	unsigned worker;        /* number of the worker whose image it checks */
	double deadline, until; /* seconds for a check; time when all checks end; 0: no limit */
	char *command;          /* the user's command, with {} for the image */
	char *words[WORDS];     /* words of the command, or a shell and the whole command */
	struct way way;
	char *image, *copy;   /* names for {}: for a forked command, for a started one */
	pid_t server, forker; /* the process that was started, and the one that forks */
	int orders, answers, said;
	int complaints; /* descriptor of its standard error, if separate from `said` */
	char mark[PATH_MAX], acknowledged[PATH_MAX];
	uint64_t acknowledged_now;
	struct file_state states[EVENT_FILES];
	struct copy copies[EVENT_FILES];
	double longest; /* longest time that a good image took, in seconds */
	bool was_late;
};

/* wording.c: makes the words of the command, with the name of an image in place of {}. */
void wording_split(struct checker *checker, const char *image);

/* functions of server.c */
/*
 * Starts the command up to the place where it is forked for each image: its main(), or its call of
 * holdfast_crash_ready(). False: this failed.
 */
bool server_start(struct checker *checker);
void server_end(struct checker *checker);
/* Lets the server fork a checker, and reads its status. False: the server has ended. */
bool server_ask(struct checker *checker, int *status);

/* spawn.c: starts the command for the present image, on a copy, and waits for its status. */
int spawn_command(struct checker *checker, int *status);
void spawn_forget_copies(struct checker *checker);

/* functions of checker.c */
/*
 * Makes the path, of PATH_MAX bytes at most, of a file that this worker has in the directory of the
 * run.
 */
void checker_file(const struct checker *checker, const char *name, char *path);
/*
 * Used in a child process, also in one that shares its memory with this program: set its input and
 * output, and become the command.
 */
void checker_redirect(const struct checker *checker);
_Noreturn void checker_become(const struct checker *checker);
/*
 * Seconds that a check may take. After one check has used up its whole deadline, the following
 * ones get less: 50 times as long as the slowest good image, but at least one second.
 */
double checker_deadline(const struct checker *checker);
/* Ends a check that takes too long, with its process group. */
void checker_end_late(pid_t pid);

#endif

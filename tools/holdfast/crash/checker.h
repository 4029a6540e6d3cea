/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checker.h - struct checker, a command that checks images: shared by checker.c, wording.c,
 * server.c and spawn.c
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

/* The copy of a file of the image, made for a command that is started for each image. */
struct copy {
	unsigned char *mapped; /* the file, mapped; NULL: not mapped yet, or too large */
	uint64_t inode;        /* inode number; changes if the command replaces the file */
};

struct checker {
	struct work *work;
	struct run *run;
	unsigned worker;        /* number of the worker to which checker and image belong */
	double deadline, until; /* seconds for one check; time at which all must end; 0: no limit */
	char *command;          /* the user's command, with {} for the image */
	char *words[WORDS];     /* words of `command`, or a shell command that runs it */
	struct way way;
	char *image, *copy; /* names that replace {}: if the command is forked; if started anew */
	pid_t server,
		forker; /* process that was started; process that calls fork() for each image */
	int orders, answers, said;
	int complaints; /* descriptor for the command's standard error; may equal `said` */
	char mark[PATH_MAX], acknowledged[PATH_MAX];
	uint64_t acknowledged_now;
	struct file_state states[EVENT_FILES];
	struct copy copies[EVENT_FILES];
	double longest; /* longest check that accepted an image, in seconds */
	bool was_late;
};

/* wording.c: makes the words of the command, with the name of an image in place of {}. */
void wording_split(struct checker *checker, const char *image);

/* functions of server.c */
/*
 * Starts the command, and lets it run to the place where it will be forked for each image: its
 * main(), or its call of holdfast_crash_ready(). Returns false if that failed.
 */
bool server_start(struct checker *checker);
void server_end(struct checker *checker);
/*
 * Lets the server fork the command, and reads the status of the child. Returns false if the server
 * has ended.
 */
bool server_ask(struct checker *checker, int *status);

/* spawn.c: starts the command for the present image, on a copy, and waits for its status. */
int spawn_command(struct checker *checker, int *status);
void spawn_forget_copies(struct checker *checker);

/* functions of checker.c */
/*
 * Makes the path of a file in the run's directory that only this worker uses. `path` has PATH_MAX
 * bytes.
 */
void checker_file(const struct checker *checker, const char *name, char *path);
/*
 * Turns a child process into the command: sets its input and output, and calls exec. May be called
 * in a child that shares this program's memory.
 */
void checker_redirect(const struct checker *checker);
_Noreturn void checker_become(const struct checker *checker);
/*
 * Returns the seconds that a check may take. After a check was ended at its deadline, later checks
 * get less time: 50 times as long as the slowest check that accepted an image, but at least one
 * second.
 */
double checker_deadline(const struct checker *checker);
/* Ends a check that takes too long, with its process group. */
void checker_end_late(pid_t pid);

#endif

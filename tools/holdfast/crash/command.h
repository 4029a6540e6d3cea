/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * command.h - what the files of `holdfast crash` and `holdfast stat` share
 *
 * Errors: functions that can fail return an exit status, STATUS_CLEAN if they did not, and have
 * printed the message.
 */
#ifndef TOOLS_HOLDFAST_CRASH_COMMAND_H
#define TOOLS_HOLDFAST_CRASH_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "crash/explore.h"
#include "crash/unit.h"
#include "trace/ring.h"
#include "trace/trace.h"

enum status {
	STATUS_CLEAN,
	STATUS_BUGS,
	STATUS_USAGE,
	STATUS_PROGRAM, /* the program failed by itself */
	STATUS_NOTHING, /* nothing could be tested */
	STATUS_ORACLE,  /* the check fails without a crash */
	STATUS_BLIND,   /* something was not seen, with --strict */
};

/* Verdicts beside those of waitpid(2). */
#define VERDICT_DEADLINE 0x10000
#define VERDICT_DIFFERS  0x20000 /* from what --dump prints without a crash */

enum report_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF, FORMAT_JUNIT };

struct options {
	const char *check, *dump;
	const char *save, *replay, *svg, *watch;
	const char *image, *output; /* the image to make, and where */
	char **files;
	unsigned file_count;
	bool in_place, strict, recover, really, has_model, no_probes;
	bool tears_pages; /* if explore.is_torn */
	bool is_dump;     /* `check` prints a state */
	unsigned jobs;    /* checkers side by side */
	enum report_format format;
	double time, deadline; /* seconds; 0: no limit */
	struct explore_options explore;
	char **program; /* NULL-terminated */
};

#define OUTPUT_BEGINS 1

/* The directory of a run, in main memory. */
struct work {
	char path[256];
	char watched[512]; /* the directory that is, or its copy */
	bool is_tmpfs;
	struct ring *ring;
	int output; /* standard output of the program, from byte OUTPUT_BEGINS on */
};

/* A recorded run. */
struct run {
	struct trace trace;
	struct memories memories;
	uint64_t mapped[EVENT_FILES]; /* bytes of each memory */
	int status;                   /* of the program, from waitpid(2) */
	uint64_t lines_at_end;        /* that differed from their shadow after the end */
	uint64_t lost_slots;          /* the program was killed while it wrote into the ring */
	uint32_t failed_maps, failed_names;
	const struct dump *dump; /* NULL: the exit status of the command is all there is */
	bool file_gone;          /* some file could not be compared at the end */
};

/* A signal asked us to stop: set once set_signals() of command.c was called. */
extern volatile sig_atomic_t is_stopped;
void set_signals(struct work *work);

/* "holdfast crash" or another command that records programs. */
extern const char *command_name;

/* The command's name and the message, on standard error; returns `status`. */
int complain(enum status status, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* The last of these, without the command's name. */
const char *last_message(void);

/* work.c */
/* Environment variables that make libpmem and libpmem2 behave as on storage of this model. */
void set_model_variables(enum model model);
int work_make(struct work *work);
void work_remove(struct work *work);
/* The program has ended, and its copies of the files take memory. */
void work_drop_copies(const struct work *work);
/* A directory in that of the run. */
bool work_make_part(const struct work *work, const char *name);
/* Copies the data of one file, holes left out, to a descriptor; 0 or -1 and errno. */
int copy_data(int from, int to, off_t size);
/*
 * Copies the files that the command line names, and puts the names of the copies into the program's
 * arguments.
 */
int work_copy_files(struct work *work, struct options *options);
/* One file with its rights; 0 or -1 and errno. */
int copy_file(const char *from, const char *to);
/* The path of a module that programs load, for LD_PRELOAD. */
const char *module_path(const struct work *work, const char *name);
/* End all processes that this one started, and theirs. */
void end_children(void);

/* target.c: run the program, and fill in the trace and the status. */
int target_run(struct work *work, const struct options *options, struct run *run);

/*
  * watch.c: --watch. The directory is copied before the run, its files are known from watch_begin()
 * on. After it, a content's file is opened (-1: it has no name any more), and its size noted (an
 * error of trace_add()). For each image, names and sizes are made in a directory.
 */
int watch_copy(struct work *work, struct options *options);
int watch_begin(struct work *work, struct trace *trace);
int watch_open(struct work *work, struct run *run, unsigned content);
int watch_note_size(struct work *work, struct run *run, unsigned content, off_t size);
/* How many names lead elsewhere than what was recorded says: after the run. */
unsigned watch_differs(const struct work *work, const struct run *run);
int watch_show(const struct run *run, unsigned char *const *image, const char *directory);

/* probes.c: answer the recorder, if it asks where an object has raw instructions. */
void probes_answer(struct work *work);

/* elf.c: why the recorder cannot be loaded into this program; NULL if it can. */
const char *why_not_loaded(const char *path);
bool is_script_or_static(const char *path);
/* The program's file as execvp(3) finds it; NULL if it does not find one. */
char *find_program(const char *name);

/* images.c: the memories that explore() needs. The image files are in work->path/image. */
int images_make(struct work *work, struct run *run);
/* The same of a trace that was loaded: `first` is memory. */
int images_load(struct work *work, struct run *run, unsigned char **first);
const char *file_base_name(const struct trace *trace, unsigned number);
/* Images for so many more workers. */
int images_make_more(struct work *work, struct run *run, unsigned count);
/* Everything in the worker's `image` as in `base`, whatever somebody wrote there. */
int images_restore(struct work *work, struct run *run, unsigned worker);
/* Copies `image` to a file; several files, to a directory of this name. */
int images_write(struct work *work, struct run *run, const char *to);
/* Nothing but zeros in `image`. */
int images_zero(struct work *work, struct run *run);
/* The trace and the memories. */
void run_forget(struct run *run);
/* The text for {}: the image, or the directory of several, below this directory. */
char *image_name(
	const struct work *work, const struct run *run, const char *directory, unsigned worker);

/* checker.c */
struct checker;
/* How a command is run: forked for each image, or started anew and why. */
struct way {
	bool is_spawned;
	const char *why;
};

#define VERDICT_WORDS 1024 /* of what a checker printed, at most */

int checker_start(struct work *work, struct run *run, const struct options *options,
	unsigned worker, struct checker **checker);
void checker_stop(struct checker *checker);
/* For struct judge. */
int checker_judge(void *checker, struct verdict *verdict);
bool checker_enough(void *checker);
struct way checker_way(const struct checker *checker);
/* A descriptor of what the command has printed last. */
int checker_said(const struct checker *checker);
/* Run it in the way that another checker of the same command has found to be needed. */
void checker_follow(struct checker *checker, struct way way);
/* The image files were changed, and not by a checker. */
void checker_forget(struct checker *checker);
/* Seconds on the monotonic clock; is it later than `until`, or were we stopped? 0: never. */
double now(void);
bool is_late(double until);

/* dump.c */
struct dump;
/* Has the checker print all states that there are without a crash. */
int dump_learn(struct work *work, struct run *run, struct checker *checker, struct dump **dump);
void dump_free(struct dump *dump);
/* Is what was printed the state before or after the operation that was under way? 0 or an error. */
int dump_judge(const struct dump *dump, int said, struct verdict *verdict);

/* crew.c: the same for options->jobs checkers. */
struct crew;
int crew_start(struct work *work, struct run *run, const struct options *options, struct way way,
	double until, struct crew **crew);
void crew_stop(struct crew *crew);
int crew_judge(void *crew, struct verdict *verdict);
int crew_begin(void *crew, unsigned worker, const struct verdict *verdict);
int crew_end(void *crew, unsigned worker, struct verdict *verdict);
bool crew_enough(void *crew);
struct way crew_way(const struct crew *crew);

/* places.c */
#define PLACE_CALLS 4 /* that are named, innermost first */

/* All strings are new memory. */
struct call {
	char *file, *function; /* the file's path, as the compiler knew it */
	unsigned line;
};

struct calls {
	struct call list[PLACE_CALLS];
	unsigned count;
	char *bare; /* words if there is no source line */
};

void place_find(const struct trace *trace, uint32_t stack, struct calls *calls);
void place_forget(struct calls *calls);
/* "file.c:12 function < file.c:30 main", new memory. */
char *place_words(const struct trace *trace, uint32_t stack);
char *place_calls_words(const struct calls *calls);
const char *place_base_name(const struct call *call);

/* The outcome of a run, from which facts.c makes a report. */
struct findings {
	const struct options *options;
	const struct run *run;
	const struct explored *explored;
	double seconds;
	bool accepts_anything; /* the check passed on all canaries */
	struct way way;
};

/*
 * words.c: put a question mark in place of each byte that is not UTF-8, and of control characters;
 * returns `words`.
 */
char *words_clean(char *words);
void status_words(int status, char *words, size_t size);
/* Is there anything that the run did, or may have done, and nobody saw? */
bool is_blind(const struct findings *findings);

#endif

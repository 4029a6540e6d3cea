/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * command.h - declarations that the files of `holdfast crash` and `holdfast stat` share
 *
 * Errors: functions that can fail return an exit status: STATUS_CLEAN for success. After an error
 * they have already printed the message.
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
	STATUS_PROGRAM, /* the program failed, without a crash */
	STATUS_NOTHING, /* nothing could be tested */
	STATUS_ORACLE,  /* the check fails without a crash */
	STATUS_BLIND,   /* with --strict: something could not be observed */
};

/* Statuses of a check beside those of waitpid(2). */
#define VERDICT_DEADLINE 0x10000
#define VERDICT_DIFFERS  0x20000 /* the output differs from that of --dump without a crash */

enum report_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF, FORMAT_JUNIT };

struct options {
	const char *check, *dump;
	const char *save, *replay, *svg, *watch;
	const char *image, *output; /* name of the image to make, and the file to write it to */
	char **files;
	unsigned file_count;
	bool in_place, strict, recover, really, has_model, no_probes;
	bool tears_pages; /* pages may be torn, if explore.is_torn */
	bool is_dump;     /* `check` prints a state (--dump) */
	unsigned jobs;    /* number of checkers that run in parallel */
	enum report_format format;
	double time, deadline; /* in seconds; 0: no limit */
	struct explore_options explore;
	char **program; /* words of the command line, NULL-terminated */
};

#define OUTPUT_BEGINS 1

/* The directory of a run. It lies in main memory. */
struct work {
	char path[256];
	char watched[512]; /* the watched directory, or its copy */
	bool is_tmpfs;
	struct ring *ring;
	int output; /* file with the program's standard output, from byte OUTPUT_BEGINS on */
};

/* A recorded run: the trace, and the memories and results that belong to it. */
struct run {
	struct trace trace;
	struct memories memories;
	uint64_t mapped[EVENT_FILES]; /* size in bytes of the file's memories */
	int status;                   /* status of the program, from waitpid(2) */
	uint64_t lines_at_end;        /* lines that differed from their shadow at the end */
	uint64_t lost_slots;          /* ring slots that a killed program did not finish writing */
	uint32_t failed_maps, failed_names;
	const struct dump *dump; /* NULL: only the exit status of the command is judged */
	bool file_gone;          /* set: a file could not be compared at the end */
};

/* signals.c: is_stopped is set if a signal asks this program to stop, after set_signals() */
extern volatile sig_atomic_t is_stopped;
void set_signals(struct work *work);

/* options.c: reads the command line. Ends the program with a message if it is wrong. */
void options_parse(int argc, char **argv, struct options *chosen);

/*
 * record.c: fills in `run`: records the program, or loads the run that --replay names. With
 * --recover, run_record() makes the command that checks images.
 */
int run_record(struct work *work, struct options *chosen, struct run *run);
int run_load(struct work *work, const struct options *chosen, struct run *run);

/* "holdfast crash", or the name of another command that records programs */
extern const char *command_name;

/* Prints the command's name and the message to standard error; returns `status`. */
int complain(enum status status, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* The message of the last complain(), without the command's name. */
const char *last_message(void);

/* functions of work.c */
/* Environment variables that make libpmem and libpmem2 behave as on storage of this model. */
void set_model_variables(enum model model);
int work_make(struct work *work);
void work_remove(struct work *work);
/* Removes the program's copies of the files, which take memory, after the program has ended. */
void work_drop_copies(const struct work *work);
/* Makes a directory in the directory of the run. */
bool work_make_part(const struct work *work, const char *name);
/* Copies the data of one file, without its holes, to a descriptor; returns 0, or -1 and errno. */
int copy_data(int from, int to, off_t size);
/*
 * Copies the files that the command line names, and puts the names of the copies into the
 * program's arguments.
 */
int work_copy_files(struct work *work, struct options *options);
/* Copies one file with its permissions; returns 0, or -1 and errno. */
int copy_file(const char *from, const char *to);
/* The path of a library that is preloaded into programs, for LD_PRELOAD. */
const char *module_path(const struct work *work, const char *name);
/* End all processes that this process started, and those that they started. */
void end_children(void);

/* target.c: runs the program, and fills in the trace and the status of `run` */
int target_run(struct work *work, const struct options *options, struct run *run);

/*
 * watch.c: the option --watch. watch_copy() copies the directory before the run; watch_begin()
 * registers its files. After the run, watch_open() opens the file of a content (-1: it has no name
 * any more), and watch_note_size() records its size (returns an error of trace_add()).
 * watch_show() makes the files of an image in a directory, with its names and sizes.
 */
int watch_copy(struct work *work, struct options *options);
int watch_begin(struct work *work, struct trace *trace);
int watch_open(struct work *work, struct run *run, unsigned content);
int watch_note_size(struct work *work, struct run *run, unsigned content, off_t size);
/* Adds a record with a text to the trace. False: the trace refuses it. */
bool watch_add_words(
	struct trace *trace, unsigned kind, uint64_t place, uint64_t value, const char *words);
/* After the run: the number of names that lead to another file than the records say. */
unsigned watch_differs(const struct work *work, const struct run *run);
int watch_show(const struct run *run, unsigned char *const *image, const char *directory);

/* probes.c: answers the recorder if it asks for the raw instructions of an object */
void probes_answer(struct work *work);

/* elf.c: the reason why the recorder cannot be loaded into this program; NULL: it can be loaded */
const char *why_not_loaded(const char *path);
bool is_script_or_static(const char *path);
/* The program's file as execvp(3) finds it; NULL: there is no such program. */
char *find_program(const char *name);

/* images.c: makes the memories that explore() needs. The image files are in work->path/image. */
int images_make(struct work *work, struct run *run);
/* As images_make(), but for a trace from a file. *first becomes memory for the first image. */
int images_load(struct work *work, struct run *run, unsigned char **first);
const char *file_base_name(const struct trace *trace, unsigned number);
/* Makes images for `count` more workers. */
int images_make_more(struct work *work, struct run *run, unsigned count);
/* Resets the worker's `image` to `base`, even where a checker wrote to it. */
int images_restore(struct work *work, struct run *run, unsigned worker);
/* Copies `image` to the file `to`; if there are several files, to a directory of this name. */
int images_write(struct work *work, struct run *run, const char *to);
/* Fills `image` with zeros. */
int images_zero(struct work *work, struct run *run);
/* The path, of PATH_MAX bytes, of one file of a worker's image or of its copy. */
void image_file(const struct work *work, const struct run *run, const char *directory,
	unsigned worker, unsigned number, char *path);
/* Frees the trace and the memories. */
void run_forget(struct run *run);
/*
 * The text that replaces {}: the image's file below this directory, or the directory itself if
 * there are several files.
 */
char *image_name(
	const struct work *work, const struct run *run, const char *directory, unsigned worker);

/* functions of checker.c */
struct checker;
/* The way in which a command is run: forked for each image, or started for each image, and why. */
struct way {
	bool is_spawned;
	const char *why;
};

#define VERDICT_WORDS 1024 /* maximum bytes of a checker's output in a verdict */

int checker_start(struct work *work, struct run *run, const struct options *options,
	unsigned worker, struct checker **checker);
void checker_stop(struct checker *checker);
/* The functions that struct judge needs. */
int checker_judge(void *checker, struct verdict *verdict);
bool checker_enough(void *checker);
struct way checker_way(const struct checker *checker);
/* A descriptor of the file with the output of the command's last run. */
int checker_said(const struct checker *checker);
/* Runs the command in the way that another checker of the same command has found necessary. */
void checker_follow(struct checker *checker, struct way way);
/* Tells the checker that the image files were changed by this program. */
void checker_forget(struct checker *checker);
/*
 * now(): seconds on the monotonic clock. is_late(): is it later than `until` (0: never), or did a
 * signal ask this program to stop?
 */
double now(void);
bool is_late(double until);

/*
 * oracle.c: has files without a crash checked, which the check must accept. *accepts_anything: it
 * also accepts files in which stores are missing.
 */
int oracle_check(
	struct work *work, struct run *run, struct checker *checker, bool *accepts_anything);

/* functions of dump.c */
struct dump;
/* Has the checker print all states of a run without a crash. */
int dump_learn(struct work *work, struct run *run, struct checker *checker, struct dump **dump);
void dump_free(struct dump *dump);
/*
 * Judges if the printed state is the one before or after the operation that was under way. Returns
 * 0 or an error.
 */
int dump_judge(const struct dump *dump, int said, struct verdict *verdict);

/* crew.c: does what checker.c does, with options->jobs checkers in parallel */
struct crew;
int crew_start(struct work *work, struct run *run, const struct options *options, struct way way,
	double until, struct crew **crew);
void crew_stop(struct crew *crew);
int crew_judge(void *crew, struct verdict *verdict);
int crew_begin(void *crew, unsigned worker, const struct verdict *verdict);
int crew_end(void *crew, unsigned worker, struct verdict *verdict);
bool crew_enough(void *crew);
struct way crew_way(const struct crew *crew);

/* functions of places.c */
#define PLACE_CALLS 4 /* calls of a stack that are named, innermost first */

/* A source line of a call stack. All strings are new memory. */
struct call {
	char *file, *function; /* `file`: path as the compiler recorded it */
	unsigned line;
};

struct calls {
	struct call list[PLACE_CALLS];
	unsigned count;
	char *bare; /* text to print if there is no source line */
};

void place_find(const struct trace *trace, uint32_t stack, struct calls *calls);
void place_forget(struct calls *calls);
/* A call stack as "file.c:12 function < file.c:30 main", in new memory. */
char *place_words(const struct trace *trace, uint32_t stack);
char *place_calls_words(const struct calls *calls);
const char *place_base_name(const struct call *call);

/* The outcome of a run. facts.c makes a report from it. */
struct findings {
	const struct options *options;
	const struct run *run;
	const struct explored *explored;
	double seconds;
	bool accepts_anything; /* the check passed on files that it should refuse */
	struct way way;
};

/*
 * words.c: replaces each byte that is not UTF-8, and each control character, by a question mark.
 * Returns `words`.
 */
char *words_clean(char *words);
void status_words(int status, char *words, size_t size);
/* Did the run do something, or may it have done something, that could not be observed? */
bool is_blind(const struct findings *findings);

#endif

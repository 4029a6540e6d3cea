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
	STATUS_PROGRAM, /* the program itself failed */
	STATUS_NOTHING, /* nothing could be tested */
	STATUS_ORACLE,  /* the check fails even for files without a crash */
	STATUS_BLIND,   /* with --strict: something could not be observed */
};

/* Statuses of a check in addition to those of waitpid(2). */
#define VERDICT_DEADLINE 0x10000
#define VERDICT_DIFFERS  0x20000 /* --dump: unexpected output after the crash */

enum report_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF, FORMAT_JUNIT };

struct options {
	const char *check, *dump;
	const char *mirror_check; /* checks copies on other machines, after the files of this one */
	const char *save, *replay, *svg, *watch;
	const char *image, *output; /* --image: the image to make; -o: the file to write it to */
	char **files;
	unsigned file_count;
	bool in_place, strict, recover, really, has_model, no_probes;
	bool tears_pages; /* if explore.is_torn, pages may be torn */
	bool is_dump;     /* --dump: the command prints the files' state */
	unsigned jobs;    /* number of checkers that run in parallel */
	enum report_format format;
	double time, deadline; /* in seconds; 0: no limit */
	struct explore_options explore;
	char **program; /* words of the command line, NULL-terminated */
};

#define OUTPUT_BEGINS 1

/* The directory of a run, on a file system in main memory. */
struct work {
	char path[256];
	char watched[512]; /* the directory to watch, or its copy */
	bool is_tmpfs;
	struct ring *ring;
	int output; /* file with the program's standard output, from byte OUTPUT_BEGINS on */
};

/* A recorded run: its trace, the memory in which its images are made, and its results. */
struct run {
	struct trace trace;
	struct memories memories;
	uint64_t mapped[EVENT_FILES]; /* bytes of memory mapped for each file */
	int status;                   /* wait status of the program */
	uint64_t lines_at_end;        /* cache lines whose last change was not recorded */
	uint64_t lost_slots;          /* ring slots that a killed program did not finish writing */
	uint32_t failed_maps, failed_names;
	const struct dump *dump; /* NULL: judge only the command's exit status */
	bool file_gone;          /* true if a file was missing at the end, and so not compared */
	bool tests_mirrors;      /* true: tests copies on other machines, not files of this one */
};

/*
 * signals.c: set_signals() installs handlers, which set is_stopped if a signal asks this program to
 * stop
 */
extern volatile sig_atomic_t is_stopped;
void set_signals(struct work *work);

/* options.c: reads the command line. Ends the program with a message if it is wrong. */
void options_parse(int argc, char **argv, struct options *chosen);

/*
 * record.c: run_record() runs the program and records it in `run`. With --recover, images are
 * checked by the program itself: run_record() then also makes the command for that. run_load()
 * loads the recorded run that --replay names.
 */
int run_record(struct work *work, struct options *chosen, struct run *run);
int run_load(struct work *work, const struct options *chosen, struct run *run);

/* the name of the running command for messages, such as "holdfast crash" or "holdfast stat" */
extern const char *command_name;

/* Prints the command's name and the message to standard error; returns `status`. */
int complain(enum status status, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* The message of the last complain(), without the command's name. */
const char *last_message(void);

/* functions of work.c */
/* Sets environment variables that make libpmem and libpmem2 behave as on storage of this model. */
void set_model_variables(enum model model);
int work_make(struct work *work);
void work_remove(struct work *work);
/*
 * Removes the copies of files that the program worked on, to free memory. Call it after the program
 * has ended.
 */
void work_drop_copies(const struct work *work);
/* Makes a directory in the directory of the run, or removes it with its files. */
void work_remove_part(const struct work *work, const char *name);
bool work_make_part(const struct work *work, const char *name);
/* Copies the data of one file, without its holes, to a descriptor; returns 0, or -1 and errno. */
int copy_data(int from, int to, off_t size);
/*
 * Copies the files that the command line names, and replaces their names in the program's arguments
 * by the names of the copies.
 */
int work_copy_files(struct work *work, struct options *options);
/* Copies one file with its permissions; returns 0, or -1 and errno. */
int copy_file(const char *from, const char *to);
/* Returns the path, for LD_PRELOAD, of a library of Holdfast that is preloaded into programs. */
const char *module_path(const struct work *work, const char *name);
/* End all processes that this process started, and those that they started. */
void end_children(void);

/* target.c: runs the program, and fills in the trace and the status of `run` */
int target_run(struct work *work, const struct options *options, struct run *run);

/*
 * watch.c and watched.c: the option --watch, which watches a directory.
 *
 * Before the run: watch_copy() copies the directory.
 * watch_begin() registers the files in the copy.
 *
 * After the run: watch_open() opens the file whose content has this number (names.h). It returns -1
 * if the file has no name any more.
 * watch_note_size() records the size of this file. It returns an error of trace_add().
 *
 * watch_show() makes the files of an image, with their names and sizes, in `directory`.
 */
int watch_copy(struct work *work, struct options *options);
int watch_begin(struct work *work, struct trace *trace);
int watch_open(struct work *work, struct run *run, unsigned content);
int watch_note_size(struct work *work, struct run *run, unsigned content, off_t size);
/* Adds a record with a text to the trace. Returns false if the trace refuses the record. */
bool watch_add_words(
	struct trace *trace, unsigned kind, uint64_t place, uint64_t value, const char *words);
/* After the run, returns how many names do not lead to the file that the trace says. */
unsigned watch_differs(const struct work *work, const struct run *run);
int watch_show(const struct run *run, unsigned char *const *image, const char *directory);

/* probes.c: if the recorder asks, finds the raw instructions of a program or library (probes.h) */
void probes_answer(struct work *work);

/*
 * elf.c: returns the reason why the recorder cannot be loaded into this program, or NULL if the
 * recorder can be loaded
 */
const char *why_not_loaded(const char *path);
bool is_script_or_static(const char *path);
/* Returns the path of the program that execvp(3) would run; NULL: there is no such program. */
char *find_program(const char *name);

/*
 * side.c: true if the file is tested. If `run` tests mirrors (copies on other machines), these are
 * tested, otherwise the files of this machine. A file without a size is never tested.
 */
bool file_is_tested(const struct run *run, unsigned number);
unsigned files_tested(const struct run *run); /* the number of tested files */
/*
 * If only mirrors are tested, removes all other files from the trace, which cannot be saved
 * afterwards. Complains if the run has nothing to test.
 */
int side_choose(struct run *run, const struct options *chosen);
/* Complains that the program, or the run in a loaded trace, has no copy on another machine. */
int side_is_missing(const char *program);
/* After a test of the files of this machine: prepares to test the mirrors with their own check. */
int side_turn(struct work *work, struct run *run, struct options *chosen);

/*
 * images.c: maps the memory in which explore() makes images. The image files are in
 * work->path/image.
 */
int images_make(struct work *work, struct run *run);
/*
 * Does what images_make() does, but for a trace loaded from a file. *first becomes memory for the
 * content that the files had before the run.
 */
int images_load(struct work *work, struct run *run, unsigned char **first);
const char *file_base_name(const struct trace *trace, unsigned number);
/* Makes images for `count` more workers. */
int images_make_more(struct work *work, struct run *run, unsigned count);
/* Copies `base` to the worker's `image`, including parts that a checker has changed. */
int images_restore(struct work *work, struct run *run, unsigned worker);
/* Copies `image` to the file `to`; if there are several files, to a directory of this name. */
int images_write(struct work *work, struct run *run, const char *to);
/* Fills `image` with zeros. */
int images_zero(struct work *work, struct run *run);
/*
 * Makes the path of one file of a worker's image, or of the image's copy. `path` has PATH_MAX
 * bytes.
 */
void image_file(const struct work *work, const struct run *run, const char *directory,
	unsigned worker, unsigned number, char *path);
/* Frees the memories, and removes the image files and their copies. */
void images_forget(const struct work *work, struct run *run);
/* Frees the trace, and the memory of images. */
void run_forget(struct run *run);
/*
 * Returns the text that replaces {} in the user's command: the image's file in this directory, or
 * the directory itself if there are several files.
 */
char *image_name(
	const struct work *work, const struct run *run, const char *directory, unsigned worker);

/* functions of checker.c */
struct checker;
/*
 * The way in which a command is run, and why: if is_spawned is true, it is started anew for each
 * image; otherwise it is started once, and forked for each image.
 */
struct way {
	bool is_spawned;
	const char *why;
};

#define VERDICT_WORDS 1024 /* maximum bytes of a checker's output in a verdict */

int checker_start(struct work *work, struct run *run, const struct options *options,
	unsigned worker, struct checker **checker);
void checker_stop(struct checker *checker);
/* The functions that struct judge (explore.h) needs. */
int checker_judge(void *checker, struct verdict *verdict);
bool checker_enough(void *checker);
struct way checker_way(const struct checker *checker);
/* Returns a descriptor of the file with the output of the command's last run. */
int checker_said(const struct checker *checker);
/*
 * Makes this checker run its command in the given way, because another checker found that the
 * command must be run in this way.
 */
void checker_follow(struct checker *checker, struct way way);
/*
 * Tells the checker that this program has changed the image files, so that the checker does not
 * blame the command for it.
 */
void checker_forget(struct checker *checker);
/*
 * now() returns the seconds of the monotonic clock. is_late() returns true after the time `until`
 * (0: no limit), or if a signal has asked this program to stop.
 */
double now(void);
bool is_late(double until);

/*
 * oracle.c: tests the check with files without a crash, which it must accept. Sets
 * *accepts_anything if the check also accepts files in which stores are missing.
 */
int oracle_check(
	struct work *work, struct run *run, struct checker *checker, bool *accepts_anything);

/* functions of dump.c */
struct dump;
/*
 * Runs the command on the files at the beginning and end of each operation, without a crash, and
 * stores its outputs.
 */
int dump_learn(struct work *work, struct run *run, struct checker *checker, struct dump **dump);
void dump_free(struct dump *dump);
/*
 * Compares the command's output after a crash with its outputs before and after the operation
 * during which the crash came. Returns 0 or an error.
 */
int dump_judge(const struct dump *dump, int said, struct verdict *verdict);

/* crew.c: a crew is a number of checkers (options->jobs) that run in parallel. */
struct crew;
int crew_start(struct work *work, struct run *run, const struct options *options, struct way way,
	double until, struct crew **crew);
void crew_stop(struct crew *crew);
int crew_judge(void *crew, struct verdict *verdict);
int crew_begin(void *crew, unsigned worker, const struct verdict *verdict);
int crew_end(void *crew, unsigned worker, struct verdict *verdict);
bool crew_enough(void *crew);
struct way crew_way(const struct crew *crew);

/*
 * progress.c: shows on standard error how far a long run is, if that is a terminal.
 * progress_recorded() is for the time while the program runs, progress_checked() for the time while
 * the check is tested with files without a crash; progress_end() removes what is shown.
 */
void progress_recorded(const struct trace *trace);
void progress_checked(unsigned files);
void progress_explored(const struct progress *progress);
void progress_end(void);

/* functions of places.c */
#define PLACE_CALLS 4 /* maximum number of a stack's calls that are shown, innermost first */

/* A call of a call stack, with its source line. The strings are allocated for it. */
struct call {
	char *file, *function; /* `file`: path as the compiler recorded it */
	unsigned line;
};

struct calls {
	struct call list[PLACE_CALLS];
	unsigned count;
	char *bare; /* text to print if no source line is known */
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
	bool accepts_anything; /* the check accepted files that it should refuse */
	struct way way;
};

/*
 * words.c: replaces in `words` each byte that is not UTF-8, and each control character, by a
 * question mark. Returns `words`.
 */
char *words_clean(char *words);
void status_words(int status, char *words, size_t size);
/* Returns true if the run did something that could not be observed, or may have done so. */
bool is_blind(const struct findings *findings);

#endif

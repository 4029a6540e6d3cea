/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/read_all.h"
#include "pool/beneath.h"
#include "pool/name.h"

#define MAGIC  "RPMEMDSTATE 1\n"
#define SUFFIX ".state"

static int no_memory(void)
{
	return err_set(-ENOMEM, "out of memory for the state of a pool");
}

/* -- the path -- */

/*
 * Check that the pool set exists and is in the directory: its name comes from another machine and
 * might lead out of the directory.
 */
static int check_set(const char *directory, const char *name)
{
	int fd = beneath_open(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int state_path(const char *folder, const char *directory, const char *name, char **path)
{
	char *given, *real;
	int length, error = check_set(directory, name);

	if (error)
		return error;
	if (asprintf(&given, "%s/%s", directory, name) < 0)
		return no_memory();
	real = realpath(given, NULL);
	free(given);
	if (!real)
		return err_sys("cannot find pool set %s", name);
	char *last = strrchr(real, '/');
	*last++ = '\0';
	if (folder)
		length = asprintf(path, "%s%s/%s" SUFFIX, folder, real, last);
	else
		length = asprintf(path, "%s/" STATE_FOLDER "/%s" SUFFIX, real, last);
	free(real);
	return length < 0 ? no_memory() : 0;
}

/* -- random numbers and secrets -- */

int state_random(void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = getrandom((char *)bytes + done, size - done, 0);
		if (got < 0 && errno != EINTR)
			return err_sys("cannot get random numbers");
		done += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

int state_new(struct pool_state *state)
{
	*state = (struct pool_state){.generation = 0};
	return state_random(state->identity, sizeof(state->identity));
}

bool state_same_secret(const uint8_t a[STATE_SECRET_SIZE], const uint8_t b[STATE_SECRET_SIZE])
{
	volatile uint8_t differs = 0;

	for (size_t i = 0; i < STATE_SECRET_SIZE; i++)
		differs |= a[i] ^ b[i];
	return !differs;
}

/* -- the text -- */

static char *put_hex(char *to, const char *key, const uint8_t *bytes, size_t size)
{
	to += sprintf(to, "%s ", key);
	for (size_t i = 0; i < size; i++)
		to += sprintf(to, "%02x", bytes[i]);
	*to++ = '\n';
	return to;
}

void state_format(const struct pool_state *state, char text[STATE_TEXT])
{
	char *to = text + sprintf(text, MAGIC);

	to = put_hex(to, "identity", state->identity, sizeof(state->identity));
	to += sprintf(to, "generation %" PRIu64 "\n", state->generation);
	to = put_hex(to, "session", state->session, sizeof(state->session));
	sprintf(to,
		"unclosed %d\nstamped %d\ninconsistent %d\nsince %" PRIu64 "\nmissing %" PRIu64
		"\nextent %" PRIu64 "\nend\n",
		state->unclosed, state->stamped, state->inconsistent, state->since, state->missing,
		state->extent);
}

/* Move *at behind the text `key` and a blank. False if *at does not begin with them. */
static bool get_key(const char **at, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(*at, key, length) || (*at)[length] != ' ')
		return false;
	*at += length + 1;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool get_hex(const char **at, const char *key, uint8_t *bytes, size_t size)
{
	if (!get_key(at, key))
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit((*at)[0]), low = high < 0 ? -1 : hex_digit((*at)[1]);
		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
		*at += 2;
	}
	return *(*at)++ == '\n';
}

/* Read a decimal number as state_format() writes it: without zeros in front. */
static bool get_number(const char **at, const char *key, uint64_t *number)
{
	uint64_t value = 0;

	if (!get_key(at, key) || **at < '0' || **at > '9' || (**at == '0' && (*at)[1] != '\n'))
		return false;
	for (; **at >= '0' && **at <= '9'; ++*at)
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
			__builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
			return false;
	*number = value;
	return *(*at)++ == '\n';
}

static bool get_bool(const char **at, const char *key, bool *flag)
{
	uint64_t number = 2;

	if (!get_number(at, key, &number) || number > 1)
		return false;
	*flag = number;
	return true;
}

static bool parse(const char *at, struct pool_state *state)
{
	if (strncmp(at, MAGIC, strlen(MAGIC)))
		return false;
	at += strlen(MAGIC);
	return get_hex(&at, "identity", state->identity, sizeof(state->identity)) &&
	       get_number(&at, "generation", &state->generation) &&
	       get_hex(&at, "session", state->session, sizeof(state->session)) &&
	       get_bool(&at, "unclosed", &state->unclosed) &&
	       get_bool(&at, "stamped", &state->stamped) &&
	       get_bool(&at, "inconsistent", &state->inconsistent) &&
	       get_number(&at, "since", &state->since) &&
	       get_number(&at, "missing", &state->missing) &&
	       get_number(&at, "extent", &state->extent) && state->missing <= state->extent &&
	       (state->inconsistent || (!state->since && !state->extent)) && !strcmp(at, "end\n");
}

int state_parse(const char *text, size_t length, const char *path, struct pool_state *state)
{
	struct pool_state got;
	char copy[STATE_TEXT + 1];

	if (length > STATE_TEXT)
		return err_set(-EBADMSG, "%s is not the state of a pool: it has more than %d bytes",
			path, STATE_TEXT);
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (strlen(copy) != length || !parse(copy, &got))
		return err_set(-EBADMSG,
			"%s is damaged, or of a later version: check the pool, and remove this file",
			path);
	*state = got;
	return 0;
}

/* -- the file -- */

int state_read(const char *path, struct pool_state *state)
{
	char text[STATE_TEXT + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), error;

	if (fd < 0)
		return err_sys("cannot open %s", path);
	ssize_t got = read_all(fd, text, sizeof(text));
	if (got < 0)
		error = err_sys("cannot read %s", path);
	else
		error = state_parse(text, (size_t)got, path, state);
	close(fd);
	return error;
}

/* Make the folder of a file, and the folders above it, durably. Only this user gets access. */
static int make_folder(const char *path)
{
	char *folder = strdup(path);
	int error = 0;

	if (!folder)
		return no_memory();
	*strrchr(folder, '/') = '\0';
	if (*folder && mkdir(folder, 0700)) {
		if (errno == ENOENT) {
			error = make_folder(folder);
			if (!error && mkdir(folder, 0700) && errno != EEXIST)
				error = err_sys("cannot make the state folder %s", folder);
		} else if (errno != EEXIST) {
			error = err_sys("cannot make the state folder %s", folder);
		}
	}
	if (!error && *folder)
		error = name_keep(folder);
	free(folder);
	return error;
}

/* Open the folder of a file, and lock it as flock(2) does. */
static int lock_folder(const char *path, int how)
{
	char *folder = strdup(path);

	if (!folder)
		return no_memory();
	strrchr(folder, '/')[1] = '\0';
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed = -1;
	if (fd < 0)
		fd = err_sys("cannot open the state folder %s", folder);
	while (fd >= 0 && failed && (failed = flock(fd, how)) && errno == EINTR)
		;
	/* Some file systems have no file locks. On these, the folder is used without a lock. */
	if (fd >= 0 && failed)
		log_notice("the state folder %s cannot be locked: %m", folder);
	free(folder);
	return fd;
}

int state_lock_folder(const char *path)
{
	return lock_folder(path, LOCK_EX);
}

static int write_all(int fd, const char *path, const char *text, size_t length)
{
	while (length) {
		ssize_t done = write(fd, text, length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys("cannot write %s", path);
		text += done;
		length -= (size_t)done;
	}
	return fsync(fd) ? err_sys("cannot write back %s", path) : 0;
}

static int write_temporary(const char *temporary, const struct pool_state *state)
{
	char text[STATE_TEXT];
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(temporary, flags, 0600);

	if (fd < 0 && errno == ENOENT) {
		int error = make_folder(temporary);
		if (error)
			return error;
		fd = open(temporary, flags, 0600);
	}
	if (fd < 0)
		return err_sys("cannot make %s", temporary);
	state_format(state, text);
	int error = write_all(fd, temporary, text, strlen(text));
	if (close(fd) && !error)
		error = err_sys("cannot write back %s", temporary);
	return error;
}

/* Make a path with another suffix; the caller frees it. */
static char *beside(const char *path, const char *suffix)
{
	char *other;
	size_t length = strlen(path) - strlen(SUFFIX);

	return asprintf(&other, "%.*s%s", (int)length, path, suffix) < 0 ? NULL : other;
}

int state_write(const char *path, const struct pool_state *state)
{
	char *temporary = beside(path, ".new");

	if (!temporary)
		return no_memory();
	int error = write_temporary(temporary, state);
	int lock = error ? -1 : lock_folder(path, LOCK_SH);
	if (!error && lock < 0)
		error = lock;
	if (!error && rename(temporary, path))
		error = err_sys("cannot replace %s", path);
	if (!error)
		error = name_keep(path);
	if (lock >= 0)
		close(lock);
	free(temporary);
	return error;
}

static int remove_one(const char *path)
{
	if (!path)
		return no_memory();
	if (unlink(path) && errno != ENOENT && errno != ENOTDIR)
		return err_sys("cannot remove %s", path);
	return 0;
}

int state_remove(const char *path)
{
	char *lock = beside(path, ".lock"), *temporary = beside(path, ".new");
	int error = remove_one(path), failed = remove_one(lock);

	error = error ? error : failed;
	failed = remove_one(temporary);
	free(lock);
	free(temporary);
	return error ? error : failed;
}

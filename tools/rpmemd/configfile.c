/* SPDX-License-Identifier: BSD-3-Clause */
/* configfile.c - read settings from files */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/read_all.h"
#include "config.h"

/*
 * The maximum size of a configuration file, in bytes. A longer file is refused, as it is probably
 * something else.
 */
#define TEXT_MAXIMUM ((size_t)64 << 10)

#define BLANKS " \t\r\f\v"

/* Remove blanks at both ends, in place. Returns the trimmed text. */
static char *trim(char *text)
{
	text += strspn(text, BLANKS);
	for (size_t length = strlen(text); length && strchr(BLANKS, text[length - 1]); length--)
		text[length - 1] = '\0';
	return text;
}

static int parse_line(struct config *config, char *line)
{
	line[strcspn(line, "#")] = '\0';
	line = trim(line);
	if (!*line)
		return 0;
	char *equals = strchr(line, '=');
	if (!equals)
		return err_set(-EINVAL, "\"%.100s\" is not KEY = VALUE", line);
	*equals = '\0';
	return config_set(config, trim(line), trim(equals + 1));
}

/* Put file name and line number before the error message. */
static int at_line(int error, const char *name, unsigned line)
{
	char sentence[ERR_SIZE];

	memcpy(sentence, err_get(), sizeof(sentence));
	return err_set(error, "%s:%u: %s", name, line, sentence);
}

static int parse_lines(struct config *config, char *text, const char *name)
{
	unsigned number = 0;

	for (char *line; (line = strsep(&text, "\n"));) {
		number++;
		int error = parse_line(config, line);
		if (error)
			return at_line(error, name, number);
	}
	return 0;
}

int config_parse(struct config *config, const char *text, size_t length, const char *name)
{
	if (length > TEXT_MAXIMUM)
		return err_set(-EINVAL, "%s is not a configuration: it has more than %zu bytes",
			name, TEXT_MAXIMUM);
	if (memchr(text, '\0', length))
		return err_set(-EINVAL, "%s is not a configuration: it is not text", name);
	char *copy = strndup(text, length);
	if (!copy)
		return err_set(-ENOMEM, "out of memory for %s", name);
	int error = parse_lines(config, copy, name);
	free(copy);
	return error;
}

static int read_file(struct config *config, int fd, const char *path)
{
	char *text = malloc(TEXT_MAXIMUM + 1);

	if (!text)
		return err_set(-ENOMEM, "out of memory for %s", path);
	ssize_t length = read_all(fd, text, TEXT_MAXIMUM + 1);
	int error = length < 0 ? err_sys("cannot read %s", path)
			       : config_parse(config, text, (size_t)length, path);
	free(text);
	return error;
}

int config_read(struct config *config, const char *path, bool optional)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 && optional && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_sys("cannot open %s", path);
	int error = read_file(config, fd, path);
	close(fd);
	return error;
}

int config_read_defaults(struct config *config)
{
	char *users;
	int error = config_read(config, CONFIG_SYSTEM_FILE, true);

	if (error)
		return error;
	if (asprintf(&users, "%s/%s", config->home, CONFIG_USER_FILE) < 0)
		return err_set(-ENOMEM, "out of memory for the name of %s", CONFIG_USER_FILE);
	error = config_read(config, users, true);
	free(users);
	return error;
}

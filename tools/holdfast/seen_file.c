/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * seen_file.c - read and write the state file of `holdfast info --health`, which contains one JSON
 * object
 */
#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "health.h"

#define VERSION 1
#define LONGEST ((off_t)1 << 20)

static char *because(const char *what, int error)
{
	char *text;

	if (asprintf(&text, "%s: %s", what, strerror(error)) < 0)
		text = must_copy(NULL);
	return text;
}

/* ---- reading */

/* Returns a member of an object, or NULL if there is no such member or it has another type. */
static struct json_object *member(struct json_object *object, const char *key, enum json_type type)
{
	struct json_object *found;

	if (!json_object_object_get_ex(object, key, &found) || json_object_get_type(found) != type)
		return NULL;
	return found;
}

/* Reads a text member. Accepts null only if `may` is true. */
static bool take_text(struct json_object *object, const char *key, bool may, char **text)
{
	struct json_object *found = member(object, key, json_type_string);

	if (found)
		*text = must_copy(json_object_get_string(found));
	return found || (may && json_object_object_get_ex(object, key, &found) && !found);
}

/* Reads a number member. Reads null as -1. */
static bool take_number(struct json_object *object, const char *key, int64_t *number)
{
	struct json_object *found = member(object, key, json_type_int);

	*number = found ? json_object_get_int64(found) : -1;
	return found ? *number >= 0 : json_object_object_get_ex(object, key, &found) && !found;
}

static bool take_module(struct seen *seen, struct json_object *object)
{
	struct seen_module *to = &seen->modules[seen->module_count++];

	return take_text(object, "name", false, &to->name) &&
	       take_text(object, "id", true, &to->id) &&
	       take_number(object, "unsafe_shutdowns", &to->unsafe_shutdowns);
}

static bool take_region(struct seen *seen, struct json_object *object)
{
	struct seen_region *to = &seen->regions[seen->region_count++];

	return take_text(object, "name", false, &to->name) &&
	       take_text(object, "domain", true, &to->domain);
}

static bool take_counter(struct seen *seen, struct json_object *object)
{
	struct seen_counter *to = &seen->counters[seen->counter_count++];

	return take_text(object, "kind", false, &to->kind) &&
	       take_text(object, "name", false, &to->name) &&
	       take_text(object, "counter", false, &to->counter) &&
	       take_number(object, "value", &to->value) && to->value >= 0;
}

static void *room_for(struct json_object *array, size_t size)
{
	void *room = calloc(json_object_array_length(array) + 1, size);

	if (!room)
		must_copy(NULL);
	return room;
}

static bool take_list(struct seen *seen, struct json_object *object, const char *key, size_t size,
	void **items, bool (*take)(struct seen *seen, struct json_object *element))
{
	struct json_object *array = member(object, key, json_type_array);
	bool is_well = array != NULL;

	*items = array ? room_for(array, size) : NULL;
	for (size_t i = 0; is_well && i < json_object_array_length(array); i++) {
		struct json_object *element = json_object_array_get_idx(array, i);
		is_well = json_object_is_type(element, json_type_object) && take(seen, element);
	}
	return is_well;
}

static bool take_all(struct seen *seen, struct json_object *object)
{
	struct json_object *version = member(object, "holdfast_health", json_type_int);

	if (!version || json_object_get_int64(version) != VERSION)
		return false;
	return take_text(object, "time", false, &seen->time) &&
	       take_list(seen, object, "modules", sizeof(*seen->modules), (void **)&seen->modules,
		       take_module) &&
	       take_list(seen, object, "regions", sizeof(*seen->regions), (void **)&seen->regions,
		       take_region) &&
	       take_list(seen, object, "counters", sizeof(*seen->counters),
		       (void **)&seen->counters, take_counter);
}

static char *parse(struct seen *seen, const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	if (!tokener)
		must_copy(NULL);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	json_tokener_free(tokener);
	bool is_well = json_object_is_type(object, json_type_object) && take_all(seen, object);
	json_object_put(object);
	if (is_well)
		return NULL;
	seen_fini(seen);
	return must_copy(
		"it is damaged, or not a state of this version; it was not changed, and nothing was compared: remove it to begin again");
}

static char *read_open(struct seen *seen, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return because("it cannot be read", errno);
	if (!S_ISREG(st.st_mode) || st.st_size > LONGEST)
		return must_copy("it is not a state file: nothing was compared");
	char *text = calloc(1, (size_t)st.st_size + 1);
	if (!text)
		text = must_copy(NULL);
	ssize_t length = pread(fd, text, (size_t)st.st_size, 0);
	char *why = length < 0 ? because("it cannot be read", errno)
			       : parse(seen, text, (size_t)length + 1);
	free(text);
	return why;
}

char *seen_read(struct seen *seen, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*seen = (struct seen){.time = NULL};
	if (fd < 0)
		return errno == ENOENT ? NULL : because("it cannot be read", errno);
	char *why = read_open(seen, fd);
	close(fd);
	return why;
}

/* ---- writing */

struct seen_file {
	char *path, *folder, *made; /* `made` is the path of the new file, in `folder` */
};

static struct json_object *must(struct json_object *object)
{
	if (!object)
		must_copy(NULL);
	return object;
}

static void put(struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_object_add(to, key, value))
		must_copy(NULL);
}

static void put_text(struct json_object *to, const char *key, const char *text)
{
	put(to, key, text ? must(json_object_new_string(text)) : NULL);
}

static void put_number(struct json_object *to, const char *key, int64_t number)
{
	put(to, key, number < 0 ? NULL : must(json_object_new_int64(number)));
}

/* Appends a new object to a list and returns it. */
static struct json_object *element_of(struct json_object *list)
{
	struct json_object *made = must(json_object_new_object());

	if (json_object_array_add(list, made))
		must_copy(NULL);
	return made;
}

static struct json_object *list_in(struct json_object *all, const char *key)
{
	struct json_object *list = must(json_object_new_array());

	put(all, key, list);
	return list;
}

static struct json_object *object_of(const struct seen *seen)
{
	struct json_object *all = must(json_object_new_object()), *list, *one;

	put_number(all, "holdfast_health", VERSION);
	put_text(all, "time", seen->time ? seen->time : "");
	list = list_in(all, "modules");
	for (size_t i = 0; i < seen->module_count; i++) {
		one = element_of(list);
		put_text(one, "name", seen->modules[i].name);
		put_text(one, "id", seen->modules[i].id);
		put_number(one, "unsafe_shutdowns", seen->modules[i].unsafe_shutdowns);
	}
	list = list_in(all, "regions");
	for (size_t i = 0; i < seen->region_count; i++) {
		one = element_of(list);
		put_text(one, "name", seen->regions[i].name);
		put_text(one, "domain", seen->regions[i].domain);
	}
	list = list_in(all, "counters");
	for (size_t i = 0; i < seen->counter_count; i++) {
		one = element_of(list);
		put_text(one, "kind", seen->counters[i].kind);
		put_text(one, "name", seen->counters[i].name);
		put_text(one, "counter", seen->counters[i].counter);
		put_number(one, "value", seen->counters[i].value);
	}
	return all;
}

static int write_all(int fd, const char *text)
{
	for (size_t left = strlen(text); left;) {
		ssize_t done = write(fd, text, left);
		if (done < 0 && errno != EINTR)
			return -1;
		text += done > 0 ? done : 0;
		left -= done > 0 ? (size_t)done : 0;
	}
	return write(fd, "\n", 1) == 1 ? 0 : -1;
}

static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failed = fd < 0 || fsync(fd) ? errno : 0;

	if (fd >= 0)
		close(fd);
	return failed;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return must_have(slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("./"));
}

static struct seen_file *file_for(const char *path)
{
	struct seen_file *file = must_make(1, sizeof(*file));

	*file = (struct seen_file){must_copy(path), folder_of(path), NULL};
	if (asprintf(&file->made, "%s.holdfast-health.XXXXXX", file->folder) < 0)
		file->made = must_copy(NULL);
	return file;
}

static void forget(struct seen_file *file)
{
	free(file->path);
	free(file->folder);
	free(file->made);
	free(file);
}

/*
 * Makes the new file. If the folder is missing, makes it for the default path, but not for a path
 * that the user gave.
 */
static int create(struct seen_file *file)
{
	int fd = mkostemp(file->made, O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT || strcmp(file->path, HEALTH_STATE))
		return fd;
	if (mkdir(file->folder, 0755) && errno != EEXIST)
		return -1;
	strcpy(strrchr(file->made, '.'), ".XXXXXX");
	return mkostemp(file->made, O_CLOEXEC);
}

char *seen_prepare(struct seen_file **file, const struct seen *seen, const char *path)
{
	struct seen_file *made = file_for(path);
	struct json_object *all = object_of(seen);
	const char *text =
		must_have((char *)json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY));
	int fd = create(made), error = fd < 0 ? errno : 0;

	if (fd >= 0 && (write_all(fd, text) || fchmod(fd, 0644) || fsync(fd)))
		error = errno;
	if (fd >= 0 && close(fd) && !error)
		error = errno;
	json_object_put(all);
	if (!error) {
		*file = made;
		return NULL;
	}
	if (fd >= 0)
		unlink(made->made);
	forget(made);
	return because(
		"it cannot be written, so the next look will compare with an older state", error);
}

char *seen_commit(struct seen_file *file)
{
	char *why = NULL;

	if (rename(file->made, file->path)) {
		why = because("it cannot be written", errno);
		unlink(file->made);
	} else {
		int error = sync_folder(file->folder);
		if (error)
			why = because("the file may be gone after a power cut", error);
	}
	forget(file);
	return why;
}

void seen_abandon(struct seen_file *file)
{
	if (!file)
		return;
	unlink(file->made);
	forget(file);
}

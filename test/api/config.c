/* SPDX-License-Identifier: BSD-3-Clause */
/* config.c - tests the setters of struct pmem2_config: the values they accept and refuse */
#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>

#include "api/fixture.h"

static void life(void)
{
	struct pmem2_config *cfg = UNTOUCHED;

	is_int(pmem2_config_new(&cfg), 0, "config_new: the call returns 0");
	ok(cfg && cfg != UNTOUCHED, "config_new: the output points to a config");
	is_int(pmem2_config_delete(&cfg), 0, "config_delete: the call returns 0");
	ok(!cfg, "config_delete: the pointer becomes NULL");
	is_int(pmem2_config_delete(&cfg), 0, "config_delete: a pointer to NULL is accepted");
}

static void setters(void)
{
	struct pmem2_config *cfg = config();

	for (int g = PMEM2_GRANULARITY_BYTE; g <= PMEM2_GRANULARITY_PAGE; g++)
		is_int(pmem2_config_set_required_store_granularity(cfg, (enum pmem2_granularity)g),
			0, "set_required_store_granularity: %d is accepted", g);
	for (int g = -1; g <= 3; g += 4)
		is_int(pmem2_config_set_required_store_granularity(cfg, (enum pmem2_granularity)g),
			PMEM2_E_GRANULARITY_NOT_SUPPORTED,
			"set_required_store_granularity: %d is refused", g);
	is_int(pmem2_config_set_offset(cfg, INT64_MAX), 0,
		"set_offset: the largest offset is accepted");
	is_int(pmem2_config_set_offset(cfg, (size_t)INT64_MAX + 1), PMEM2_E_OFFSET_OUT_OF_RANGE,
		"set_offset: an offset beyond the largest is refused");
	is_int(pmem2_config_set_offset(cfg, 1), 0, "set_offset: an odd offset is accepted");
	is_int(pmem2_config_set_length(cfg, SIZE_MAX), 0, "set_length: any length is accepted");
	is_int(pmem2_config_set_sharing(cfg, PMEM2_SHARED), 0,
		"set_sharing: PMEM2_SHARED is accepted");
	is_int(pmem2_config_set_sharing(cfg, PMEM2_PRIVATE), 0,
		"set_sharing: PMEM2_PRIVATE is accepted");
	is_int(pmem2_config_set_sharing(cfg, (enum pmem2_sharing_type)2),
		PMEM2_E_INVALID_SHARING_VALUE, "set_sharing: an unknown value is refused");
	is_int(pmem2_config_set_protection(cfg, PMEM2_PROT_NONE), 0,
		"set_protection: PMEM2_PROT_NONE is accepted");
	is_int(pmem2_config_set_protection(
		       cfg, PMEM2_PROT_READ | PMEM2_PROT_WRITE | PMEM2_PROT_EXEC),
		0, "set_protection: all flags together are accepted");
	is_int(pmem2_config_set_protection(cfg, PROT_READ), PMEM2_E_INVALID_PROT_FLAG,
		"set_protection: PROT_READ of mmap(2) is refused");
	has_str(pmem2_errormsg(), "0x1", "set_protection: the message contains the refused number");
	pmem2_config_delete(&cfg);
}

static void failed_setters_change_nothing(void)
{
	struct pmem2_config *cfg = config();
	int fd = file_of(4 * page_size(), O_RDWR);
	struct pmem2_source *src = source_of(fd);
	struct pmem2_map *map;

	pmem2_config_set_offset(cfg, page_size());
	pmem2_config_set_length(cfg, page_size());
	pmem2_config_set_required_store_granularity(cfg, (enum pmem2_granularity)9);
	pmem2_config_set_offset(cfg, SIZE_MAX);
	pmem2_config_set_sharing(cfg, (enum pmem2_sharing_type)9);
	pmem2_config_set_protection(cfg, 9);
	is_int(pmem2_map_new(&map, cfg, src), 0,
		"failed setters: a map can still be made with the config");
	is_int(pmem2_map_get_size(map), page_size(),
		"failed setters: the config keeps the length that was set before");
	pmem2_map_delete(&map);
	pmem2_config_delete(&cfg);
	pmem2_source_delete(&src);
	close(fd);
}

static void nulls(void)
{
	is_int(pmem2_config_new(NULL), -EINVAL, "config_new: NULL is refused");
	is_int(pmem2_config_delete(NULL), -EINVAL, "config_delete: NULL is refused");
	is_int(pmem2_config_set_required_store_granularity(NULL, PMEM2_GRANULARITY_PAGE), -EINVAL,
		"set_required_store_granularity: NULL is refused");
	is_int(pmem2_config_set_offset(NULL, 0), -EINVAL, "set_offset: NULL is refused");
	is_int(pmem2_config_set_length(NULL, 0), -EINVAL, "set_length: NULL is refused");
	is_int(pmem2_config_set_sharing(NULL, PMEM2_SHARED), -EINVAL,
		"set_sharing: NULL is refused");
	is_int(pmem2_config_set_protection(NULL, 0), -EINVAL, "set_protection: NULL is refused");
}

static void *fail_elsewhere(void *unused)
{
	pmem2_config_set_offset(NULL, 0);
	return unused;
}

static void messages(void)
{
	struct pmem2_config *cfg = config();
	pthread_t thread;
	char text[256] = "";
	int fds[2];

	pmem2_config_set_protection(cfg, 1);
	has_str(pmem2_errormsg(), "protection", "pmem2_errormsg: a failed call sets a message");
	pmem2_config_set_length(cfg, 0);
	has_str(pmem2_errormsg(), "protection",
		"pmem2_errormsg: success does not clear the message");
	pthread_create(&thread, NULL, fail_elsewhere, NULL);
	pthread_join(thread, NULL);
	has_str(pmem2_errormsg(), "protection",
		"pmem2_errormsg: a failure in another thread does not change this thread's message");

	if (pipe(fds))
		bail("cannot make a pipe: %m");
	pid_t pid = fork();
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		pmem2_perror("%s %d", "number", 7);
		_exit(0);
	}
	close(fds[1]);
	waitpid(pid, NULL, 0);
	ssize_t length = read(fds[0], text, sizeof(text) - 1);
	close(fds[0]);
	has_str(text, "number 7: ", "pmem2_perror: the output begins with the caller's text");
	ok(length > 0 && text[length - 1] == '\n' && strstr(text, "protection"),
		"pmem2_perror: the output ends with the message and a newline");
	pmem2_config_delete(&cfg);
}

int main(void)
{
	life();
	setters();
	failed_setters_change_nothing();
	nulls();
	messages();
	return tap_done();
}

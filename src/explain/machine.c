/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/err.h"
#include "device/autoflush.h"
#include "device/mounts.h"
#include "device/sysfs.h"
#include "explain/explain.h"
#include "explain/regions.h"
#include "explain/words.h"

struct whole {
	struct keep keep;
	struct keep_list explanations; /* each explanation has its own memory */
	struct holdfast_machine told;
};

/*
 * Devices and mounts are found first and explained afterwards: explaining them from within the
 * walks over sysfs and over the mounts would take too much stack.
 */
struct search {
	const char *sysfs;
	enum device_kind kind; /* the kind of device that is searched for */
	int error;
	struct facts *found;
	size_t count;
	dev_t *mounted; /* device numbers of file systems that were found already */
	size_t mounted_count;
};

static void free_all(struct whole *whole)
{
	struct keep keep = whole->keep;

	for (size_t i = 0; i < whole->explanations.count; i++)
		explain_free((struct holdfast_explanation *)whole->explanations.items[i]);
	keep_fini(&keep);
}

void explain_machine_free(struct holdfast_machine *machine)
{
	if (machine)
		free_all((struct whole *)((char *)machine - offsetof(struct whole, told)));
}

/*
 * Returns memory on the heap for the facts about one more object. The object only counts once
 * found() is called.
 */
static struct facts *room(struct search *search)
{
	struct facts *more = reallocarray(search->found, search->count + 1, sizeof(*more));

	if (!more) {
		search->error = err_set(-ENOMEM, "out of memory while examining the devices");
		return NULL;
	}
	search->found = more;
	return &more[search->count];
}

/*
 * Count the object whose facts were written to the memory from room(), unless gathering them has
 * failed with `error`.
 */
static int found(struct search *search, int error)
{
	search->error = error;
	search->count += !error;
	return error ? 1 : 0;
}

static int go_on(int region, void *context)
{
	(void)region;
	(void)context;
	return 0;
}

static bool lies_on_regions(const struct device *device, const char *sysfs)
{
	enum walk_cover cover = WALK_NONE;

	return device_regions(device, sysfs, go_on, NULL, &cover) == 0 && cover > WALK_NONE;
}

/*
 * Find out which device a sysfs entry stands for. Returns false if the device is not to be
 * reported.
 */
static NOINLINE bool find_device(
	const struct search *search, int devices, const char *name, struct device *device)
{
	char value[SYSFS_VALUE];
	unsigned major_number, minor_number;

	if (strlen(name) >= SYSFS_NAME)
		return false;
	int dir = openat(devices, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int error = dir < 0 ? dir : sysfs_read(dir, "dev", value);
	if (dir >= 0)
		close(dir);
	if (error || sscanf(value, "%u:%u", &major_number, &minor_number) != 2)
		return false;
	*device = (struct device){
		.kind = search->kind, .number = makedev(major_number, minor_number)};
	return device->kind == DEVICE_DAX || lies_on_regions(device, search->sysfs);
}

static NOINLINE int find_facts(const struct search *search, const char *name,
	const struct device *device, struct facts *facts)
{
	char path[SYSFS_NAME + sizeof("/dev/")];

	strcpy(stpcpy(path, "/dev/"), name);
	return facts_of_device(facts, device, path, search->sysfs);
}

/* Gather the facts about one device. They are explained later, when more stack is free. */
static int add_device(int devices, const char *name, void *context)
{
	struct search *search = context;
	struct device device;

	if (!find_device(search, devices, name, &device))
		return 0;
	struct facts *facts = room(search);
	return facts ? found(search, find_facts(search, name, &device, facts)) : 1;
}

static void add_devices(struct search *search, const char *folder, enum device_kind kind)
{
	int root = open(search->sysfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return;
	search->kind = kind;
	sysfs_each(root, folder, add_device, search);
	close(root);
}

static int is_new(struct search *search, dev_t device)
{
	for (size_t i = 0; i < search->mounted_count; i++)
		if (search->mounted[i] == device)
			return 0;
	dev_t *mounted = reallocarray(search->mounted, search->mounted_count + 1, sizeof(*mounted));
	if (!mounted)
		return err_set(-ENOMEM, "out of memory while examining the mounts");
	mounted[search->mounted_count++] = device;
	search->mounted = mounted;
	return 1;
}

/* Gather the facts about a mounted file system, but only once if it is mounted several times. */
static int add_mount(const struct mount *mount, void *context)
{
	struct search *search = context;
	struct device device = {.kind = DEVICE_FILE, .number = mount->device};
	int new = lies_on_regions(&device, search->sysfs) ? is_new(search, mount->device) : 0;

	if (new <= 0) {
		search->error = new;
		return new;
	}
	struct facts *facts = room(search);
	return facts ? found(search, facts_of_mount(facts, mount, search->sysfs)) : 1;
}

static int by_name(const void *a, const void *b)
{
	const struct holdfast_explanation *const *one = a, *const *other = b;

	return strverscmp((*one)->name, (*other)->name);
}

/* Find devices first, then mounted file systems. Returns the number of devices. */
static size_t search_all(struct search *search, const char *mountinfo)
{
	add_devices(search, "class/block", DEVICE_FILE);
	if (!search->error)
		add_devices(search, "bus/dax/devices", DEVICE_DAX);
	size_t devices = search->count;
	if (!search->error)
		mounts_each(mountinfo, add_mount, search);
	return devices;
}

/*
 * Explain all objects that were found. explain_facts() frees the facts of each; after an error,
 * the facts that remain are freed here.
 */
static int explain_found(struct whole *whole, const struct search *search)
{
	int error = search->error;

	for (size_t i = 0; i < search->count; i++) {
		struct holdfast_explanation *explanation;
		size_t before = whole->explanations.count;
		if (error) {
			facts_fini(&search->found[i]);
			continue;
		}
		error = explain_facts(&explanation, &search->found[i]);
		if (error)
			continue;
		keep_append(&whole->keep, &whole->explanations, explanation);
		if (whole->explanations.count == before)
			explain_free(explanation); /* memory has run out, which `keep` has noted */
	}
	return error;
}

static int add_explanations(struct whole *whole, const char *sysfs, const char *mountinfo)
{
	struct search search = {.sysfs = sysfs};
	size_t devices = search_all(&search, mountinfo);
	int error = explain_found(whole, &search);

	if (!error && devices && !whole->keep.failed)
		qsort(whole->explanations.items, devices, sizeof(*whole->explanations.items),
			by_name);
	free(search.mounted);
	free(search.found);
	return error;
}

static struct holdfast_number auto_flush(
	struct keep *keep, const char *sysfs, const struct regions *regions)
{
	int answer = device_auto_flush(sysfs);

	if (regions->is_hidden)
		return (struct holdfast_number){HOLDFAST_UNREADABLE, -ENOENT, 0, regions->why};
	if (!regions->list.count)
		return (struct holdfast_number){.answer = HOLDFAST_UNSUPPORTED,
			.why = "the kernel knows of no persistent memory"};
	return regions_answer(keep, answer < 0 ? answer : 0, answer, NULL, true);
}

static int fill(struct whole *whole, const char *sysfs, const char *mountinfo)
{
	struct holdfast_machine *told = &whole->told;
	struct regions regions;

	regions_of_machine(&regions, &whole->keep, sysfs);
	int error = add_explanations(whole, sysfs, mountinfo);
	told->struct_size = sizeof(*told);
	told->cpu = explain_cpu(&whole->keep);
	told->region_count = regions.list.count;
	told->regions = (const struct holdfast_region *const *)regions.list.items;
	told->regions_why = regions.why;
	told->auto_flush = auto_flush(&whole->keep, sysfs, &regions);
	told->explanation_count = whole->explanations.count;
	told->explanations = (const struct holdfast_explanation *const *)whole->explanations.items;
	if (!error && told->cpu)
		words_write_machine(&whole->keep, told);
	if (!error && whole->keep.failed)
		error = err_set(-ENOMEM, "out of memory while describing this machine");
	return error;
}

int explain_machine(struct holdfast_machine **machine, const char *sysfs, const char *mountinfo)
{
	struct keep keep = {.last = NULL};
	struct whole *whole = keep_new(&keep, sizeof(*whole));
	char *before = strdup(err_get());

	if (!whole || !before) {
		keep_fini(&keep);
		free(before);
		return err_set(-ENOMEM, "out of memory while describing this machine");
	}
	whole->keep = keep;
	int error = fill(whole, sysfs, mountinfo);
	if (error) {
		free_all(whole);
	} else {
		*machine = &whole->told;
		err_put_back(before);
	}
	free(before);
	return error;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/mapper.h"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/attr.h"
#include "device/sysfs.h"

#ifndef DM_NOFLUSH_FLAG
#define DM_NOFLUSH_FLAG (1 << 11)
#endif

#define CONTROL       "/dev/mapper/control"
#define CONTROL_MINOR 236

/*
 * Size in bytes of the buffer for a reply. Tables are short; one that does not fit counts as
 * unreadable.
 */
#define ROOM ((size_t)256 << 10)

#define PASSES(type)                                                                               \
	{                                                                                          \
		type, HOLDFAST_SURVIVES, "of type " type,                                          \
			"its device-mapper table passes everything on "                            \
			"to the devices under it (" type ")"                                       \
	}

/*
 * Types of targets, from the kernel's documents (admin-guide/device-mapper). PASSES() marks the
 * types of targets that pass all stores and flushes on to their disks, or complete a flush only
 * when their own metadata are on the disks.
 */
static const struct known {
	const char *type;
	enum holdfast_survival survival;
	const char *kind, *evidence;
} table[] = {
	PASSES("linear"),
	PASSES("striped"),
	PASSES("unstriped"),
	PASSES("switch"),
	PASSES("multipath"),
	PASSES("mirror"),
	PASSES("raid"),
	PASSES("crypt"),
	PASSES("verity"),
	PASSES("delay"),
	PASSES("ebs"),
	PASSES("era"),
	PASSES("clone"),
	PASSES("zoned"),
	PASSES("cache"),
	PASSES("writecache"),
	PASSES("thin"),
	PASSES("thin-pool"),
	PASSES("snapshot-origin"),
	PASSES("snapshot-merge"),
	{"zero", HOLDFAST_SURVIVES_NOT, "which reads as zeros",
		"its device-mapper table has a target of type zero, which drops all writes"},
	{"error", HOLDFAST_SURVIVES_NOT, "which fails each access",
		"its device-mapper table has a target of type error, which stores nothing"},
	{"flakey", HOLDFAST_SURVIVES_UNKNOWN, "which fails from time to time",
		"its device-mapper table has a target of type flakey, which fails on purpose"},
	{"dust", HOLDFAST_SURVIVES_UNKNOWN, "which simulates bad blocks",
		"its device-mapper table has a target of type dust, which fails on purpose"},
};

static const struct known strange = {"", HOLDFAST_SURVIVES_UNKNOWN, "of a type that is not known",
	"its device-mapper table has a target of an unknown type, which may not pass all writes on"};

/* Judge a snapshot target by the third word of its parameters: ORIGIN COW P|PO|N CHUNK. */
static struct known of_snapshot(const char *parameters, bool is_whole)
{
	const char *at = parameters;

	for (int i = 0; is_whole && i < 2; i++) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	if (is_whole && *at == 'P')
		return (struct known){"snapshot", HOLDFAST_SURVIVES, "a snapshot",
			"its device-mapper table has a snapshot with a persistent store"};
	if (is_whole && *at == 'N')
		return (struct known){"snapshot", HOLDFAST_SURVIVES_NOT,
			"a snapshot that is not persistent",
			"its device-mapper table says that the snapshot keeps changed blocks in main memory (N)"};
	return (struct known){"snapshot", HOLDFAST_SURVIVES_UNKNOWN, "a snapshot",
		"whether the snapshot is persistent could not be read"};
}

static struct known look_up(const char *type, const char *parameters, bool is_whole)
{
	if (!strcmp(type, "snapshot"))
		return of_snapshot(parameters, is_whole);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(type, table[i].type))
			return table[i];
	return strange;
}

static void add_target(struct mapper *told, const char *type, const char *parameters, bool is_whole)
{
	struct known one = look_up(type, parameters, is_whole);

	told->is_encrypted |= !strcmp(type, "crypt");
	told->has_snapshot |= !strcmp(type, "snapshot");
	if (told->kind && one.survival >= told->survival)
		return;
	told->survival = one.survival;
	told->kind = one.kind;
	told->evidence = one.evidence;
}

struct mapper mapper_parse(const void *answer, size_t size, bool is_whole)
{
	struct mapper told = {.is_told = false};
	const struct dm_ioctl *head = answer; /* a pointer, because a copy would use much stack */
	struct dm_target_spec target;
	size_t at, end = size;

	if (size < sizeof(*head) || head->flags & DM_BUFFER_FULL_FLAG || head->data_start > size)
		return told;
	at = head->data_start;
	for (unsigned i = 0; i < head->target_count; i++) {
		if (end - at <= sizeof(target))
			return told;
		memcpy(&target, (const char *)answer + at, sizeof(target));
		const char *parameters = (const char *)answer + at + sizeof(target);
		if (!memchr(parameters, '\0', end - at - sizeof(target)))
			return told;
		target.target_type[sizeof(target.target_type) - 1] = '\0';
		add_target(&told, target.target_type, parameters, is_whole);
		/* `next`: offset of the next target from the first target, not from this one. */
		if (i + 1 < head->target_count && (target.next > size - head->data_start ||
							  head->data_start + target.next <= at))
			return told;
		at = head->data_start + (size_t)target.next;
	}
	if (!told.kind)
		add_target(&told, "", "", is_whole);
	told.is_told = true;
	return told;
}

/*
 * Returns true if the directory is not in a real sysfs but in a recorded tree: its devices are not
 * those of the running kernel.
 */
NOINLINE static bool is_made_up(int dir)
{
	struct statfs st;

	return fstatfs(dir, &st) || ((unsigned long)st.f_type & 0xffffffff) != SYSFS_MAGIC;
}

NOINLINE static int open_control(void)
{
	struct stat st;
	int fd = open(CONTROL, O_RDWR | O_CLOEXEC);

	if (fd >= 0 && (fstat(fd, &st) || !S_ISCHR(st.st_mode) ||
			       st.st_rdev != makedev(10, CONTROL_MINOR))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/*
 * Ask the kernel for the device's table. DM_NOFLUSH_FLAG is set so that asking does not cause a
 * flush.
 */
NOINLINE static struct mapper ask(int control, dev_t number, struct dm_ioctl *room, bool is_whole)
{
	memset(room, 0, sizeof(*room));
	room->version[0] = DM_VERSION_MAJOR;
	room->data_size = ROOM;
	room->data_start = sizeof(*room);
	room->dev = number;
	room->flags = DM_NOFLUSH_FLAG | (is_whole ? DM_STATUS_TABLE_FLAG : 0);
	if (ioctl(control, DM_TABLE_STATUS, room))
		return (struct mapper){.is_told = false};
	struct mapper told = mapper_parse(room, ROOM, is_whole);
	explicit_bzero(room, ROOM);
	return told;
}

struct mapper mapper_read(int dir)
{
	struct mapper told = {.is_told = false};
	struct dm_ioctl *room;
	dev_t number;
	int control;

	if (is_made_up(dir) || sysfs_read_device(dir, "dev", &number))
		return told;
	control = open_control();
	room = control < 0 ? NULL : malloc(ROOM);
	if (room)
		told = ask(control, number, room, false);
	if (told.is_told && told.has_snapshot)
		told = ask(control, number, room, true);
	free(room);
	if (control >= 0)
		close(control);
	return told;
}

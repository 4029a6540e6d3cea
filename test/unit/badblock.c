/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * badblock.c - turn the kernel's list of bad sectors into byte ranges of a file or DAX device
 *
 * The files are real, on whatever disk TMPDIR is on. A made-up tree of sysfs declares this disk to
 * be a partition of persistent memory, with bad blocks where the file lies.
 */
#include "device/badblock.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "device/badlist.h"
#include "device/extent.h"
#include "unit/tree.h"

#define REGION "devices/platform/e820_pmem/ndbus0/region0/"
#define DISK   REGION "namespace0.0/block/pmem0/"
#define BLOCK  4096
#define START  2048 /* first sector of the partition */

static struct device device;

/* Makes a file of `count` single blocks, each with a hole behind it. */
static int file_of_extents(unsigned count)
{
	const char *dir = getenv("TMPDIR");
	char name[256], block[BLOCK];

	snprintf(name, sizeof(name), "%s/holdfast-badblock-XXXXXX", dir ? dir : "/var/tmp");
	int fd = mkstemp(name);
	if (fd < 0 || unlink(name))
		bail("cannot make %s: %m", name);
	memset(block, 'x', sizeof(block));
	for (unsigned i = 0; i < count; i++)
		if (pwrite(fd, block, BLOCK, (off_t)i * 2 * BLOCK) != BLOCK)
			bail("cannot write to %s: %m", name);
	return fd;
}

static void make_disk(int fd)
{
	struct stat st;
	char link[64];

	if (fstat(fd, &st))
		bail("cannot stat a file: %m");
	device = (struct device){.kind = DEVICE_FILE, .number = st.st_dev};
	tree_load("made-up-memmap");
	tree_file(DISK "pmem0p1/partition", "1\n");
	tree_file(DISK "pmem0p1/start", "2048\n");
	tree_file(DISK "pmem0p1/size", "4000000000000\n");
	snprintf(link, sizeof(link), "dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	tree_link(link, "../../" DISK "pmem0p1");
}

/*
 * Writes the disk's list of bad sectors: `sectors` sectors, the first of them `skip` bytes behind
 * the start of the given extent of the file, and then the lines in `more`.
 */
static void add_bad(const struct extents *extents, size_t extent, unsigned skip, unsigned sectors,
	const char *more)
{
	char text[256];

	snprintf(text, sizeof(text), "%llu %u\n%s",
		(unsigned long long)(extents->list[extent].physical + skip) / 512 + START, sectors,
		more);
	tree_file(DISK "badblocks", text);
}

static void is_block(
	const struct badblocks *blocks, size_t i, size_t offset, size_t length, const char *name)
{
	ok(i < blocks->count && blocks->list[i].offset == offset &&
			blocks->list[i].length == length,
		"%s", name);
	if (i < blocks->count)
		diag("%zu bytes at %zu", blocks->list[i].length, blocks->list[i].offset);
}

/*
 * Reads the file's bad blocks, as the disk lists them now, and checks the result and their number.
 */
static struct badblocks read_blocks(int fd, int want, size_t count, const char *name)
{
	struct badblocks blocks = {.list = NULL, .count = 0};

	if (!is_int(badblocks_read(&blocks, &device, fd, tree_root), want,
		    "%s: the expected value is returned", name))
		diag("%s", err_get());
	is_int(blocks.count, count, "%s: the expected number of bad blocks is found", name);
	return blocks;
}

static void one_extent(int fd, const struct extents *extents)
{
	struct badblocks blocks;

	tree_file(DISK "badblocks", "\n");
	badblocks_fini((blocks = read_blocks(fd, 0, 0, "badblocks_read: an empty list"), &blocks));
	add_bad(extents, 3, 512, 1, "");
	blocks = read_blocks(fd, 0, 1, "badblocks_read: one bad sector within a block of the file");
	is_block(&blocks, 0, 3 * 2 * BLOCK, BLOCK,
		"badblocks_read: a bad sector makes the whole block of the file bad");
	badblocks_fini(&blocks);
	add_bad(extents, 3, 0, 1, "0 8\n");
	blocks = read_blocks(
		fd, 0, 1, "badblocks_read: a bad block in the file and one before the partition");
	badblocks_fini(&blocks);
	tree_file(DISK "badblocks", "3999999999999 1\n");
	badblocks_fini((blocks = read_blocks(fd, 0, 0,
				"badblocks_read: a bad block of the partition outside of the file"),
		&blocks));
	tree_file(DISK "badblocks", "4000000002048 1\n");
	badblocks_fini((blocks = read_blocks(fd, 0, 0,
				"badblocks_read: a bad block behind the end of the partition"),
		&blocks));
}

static void rounded_into_one(int fd, const struct extents *extents)
{
	char second[64];
	struct badblocks blocks;

	snprintf(second, sizeof(second), "%llu 2\n",
		(unsigned long long)extents->list[2].physical / 512 + START + 4);
	add_bad(extents, 2, 512, 1, second);
	blocks = read_blocks(fd, 0, 1, "badblocks_read: two bad sectors in one block of the file");
	is_block(&blocks, 0, 2 * 2 * BLOCK, BLOCK,
		"badblocks_read: two bad sectors of one block give one bad block of the file's block size");
	badblocks_fini(&blocks);
}

/*
 * One bad range over the whole disk becomes one bad block for each extent, in the order of the
 * file.
 */
static void many_extents(int fd, const struct extents *extents)
{
	size_t in_order = 0;

	tree_file(DISK "badblocks", "0 4000000000000\n");
	struct badblocks blocks = read_blocks(
		fd, 0, extents->count, "badblocks_read: one bad range over all extents of a file");
	for (size_t i = 0; i < blocks.count; i++)
		in_order +=
			blocks.list[i].offset == i * 2 * BLOCK && blocks.list[i].length == BLOCK;
	is_int(in_order, extents->count,
		"badblocks_read: a bad range over all extents of a file gives one bad block for each extent, in file order");
	badblocks_fini(&blocks);
}

static void refused(int fd)
{
	const struct badblocks before = {.count = 4711};
	struct badblocks blocks = before;

	tree_file(DISK "badblocks", "1 2 3\n");
	is_int(badblocks_read(&blocks, &device, fd, tree_root), -EBADMSG,
		"badblocks_read: a line with three numbers in the list of sysfs is refused");
	has_str(err_get(), "pmem0", "badblocks_read: the message names the disk");
	tree_file(DISK "badblocks", "8 0\n");
	is_int(badblocks_read(&blocks, &device, fd, tree_root), -EBADMSG,
		"badblocks_read: a bad block of no length is refused");
	tree_file(DISK "badblocks", "9007199254740993 9007199254740993\n");
	is_int(badblocks_read(&blocks, &device, fd, tree_root), -EBADMSG,
		"badblocks_read: a bad block that ends beyond the largest possible file offset is refused");
	tree_file(DISK "badblocks", "99999 8\n");
	tree_file(DISK "pmem0p1/start", "here\n");
	is_int(badblocks_read(&blocks, &device, fd, tree_root), PMEM2_E_CANNOT_READ_BOUNDS,
		"badblocks_read: a partition whose start sector cannot be read from sysfs is refused");
	tree_file(DISK "pmem0p1/start", "2048\n");
	tree_link(DISK "slaves/sda", "../../nowhere");
	tree_link("dev/block/259:77", "../../" DISK);
	is_int(blocks.count, 4711, "badblocks_read: the output is unchanged on failure");
	unlink(tree_path(DISK "slaves/sda"));
}

/* Bad blocks of a disk under device-mapper: their offset in the device-mapper device is unknown. */
static void stacks(void)
{
	struct device dm = {.kind = DEVICE_FILE, .number = makedev(4000, 0)};
	struct badblocks blocks = {.list = NULL};

	tree_link("devices/virtual/block/dm-0/slaves/pmem0",
		"../../../../platform/e820_pmem/ndbus0/region0/namespace0.0/block/pmem0");
	tree_file("devices/virtual/block/dm-0/size", "1000\n");
	tree_link("dev/block/4000:0", "../../devices/virtual/block/dm-0");
	tree_file(DISK "badblocks", "8 8\n");
	is_int(badblocks_read(&blocks, &dm, -1, tree_root), PMEM2_E_NOSUPP,
		"badblocks_read: bad blocks under device-mapper are refused, as their offset is unknown");
	tree_file(DISK "badblocks", "\n");
	is_int(badblocks_read(&blocks, &dm, -1, tree_root), 0,
		"badblocks_read: device-mapper over a disk without bad blocks is accepted");
	is_int(blocks.count, 0,
		"badblocks_read: device-mapper over a disk without bad blocks has no bad blocks");
}

static void clearing(int fd, const struct extents *extents)
{
	struct pmem2_badblock block = {.offset = 0, .length = BLOCK};
	char byte;

	add_bad(extents, 3, 0, 8, "");
	struct badblocks blocks =
		read_blocks(fd, 0, 1, "badblocks_clear: a file with one bad block");
	is_int(badblocks_clear(&blocks, &device, fd, tree_root, &block), PMEM2_E_NO_BAD_BLOCK_FOUND,
		"badblocks_clear: a block that is not listed is refused");
	is_int(pread(fd, &byte, 1, 0), 1,
		"badblocks_clear: the first byte of a block that is not listed as bad can be read");
	is_int(byte, 'x', "badblocks_clear: a block that is not listed keeps its bytes");
	block = (struct pmem2_badblock){blocks.list[0].offset, BLOCK + 1};
	is_int(badblocks_clear(&blocks, &device, fd, tree_root, &block), PMEM2_E_NO_BAD_BLOCK_FOUND,
		"badblocks_clear: a range one byte longer than the listed block is refused");
	block = (struct pmem2_badblock){blocks.list[0].offset - 1, BLOCK};
	is_int(badblocks_clear(&blocks, &device, fd, tree_root, &block), PMEM2_E_NO_BAD_BLOCK_FOUND,
		"badblocks_clear: a range that begins a byte before the listed block is refused");
	is_int(badblocks_clear(&blocks, &device, fd, tree_root, &blocks.list[0]), 0,
		"badblocks_clear: a listed block is cleared");
	is_int(pread(fd, &byte, 1, (off_t)blocks.list[0].offset), 1,
		"badblocks_clear: the first byte of the cleared block can be read");
	is_int(byte, 0, "badblocks_clear: the cleared block is zeros");
	is_int(pread(fd, &byte, 1, (off_t)blocks.list[0].offset - 2 * BLOCK), 1,
		"badblocks_clear: the neighbouring block can be read");
	is_int(byte, 'x', "badblocks_clear: the neighbouring block is unchanged");
	badblocks_fini(&blocks);
}

static void covering(void)
{
	struct badblocks list = {.list = NULL};

	badlist_add(&list, 4096, 4096);
	badlist_add(&list, 0, 4096);
	badlist_add(&list, 12288, 512);
	ok(badlist_covers(&list, 100, 8000),
		"badlist_covers: a range over two adjacent bad blocks is covered");
	ok(!badlist_covers(&list, 8000, 5000),
		"badlist_covers: a range over a gap between bad blocks is not covered");
	ok(!badlist_covers(&list, 12288, 513),
		"badlist_covers: a range that ends a byte behind a bad block is not covered");
	badlist_clip(&list, 4000, 8400);
	is_int(list.count, 3,
		"badlist_clip: the list keeps exactly the three bad blocks that overlap the range");
	is_int(list.list[0].offset + list.list[0].length, 96 + 4096,
		"badlist_clip: offsets of bad blocks in the new list count from the start of the range");
	is_int(list.list[1].length, 96,
		"badlist_clip: a bad block that begins before the range is shortened to begin with the range");
	is_int(list.list[2].length, 112,
		"badlist_clip: a bad block that ends after the range is shortened to end with the range");
	badblocks_fini(&list);
}

/* The kernel cuts a long list off at the end of a page, in the middle of a line. */
static void full_page(int fd)
{
	static char text[4096];
	size_t length = 0;
	unsigned lines = 0;

	while (length + 13 < sizeof(text)) {
		length += (size_t)sprintf(text + length, "%u 8\n", 100000000 + 16 * lines);
		lines++;
	}
	memset(text + length, '1', sizeof(text) - 1 - length);
	tree_file(REGION "badblocks", text);
	int region = open(tree_path(REGION), O_PATH | O_DIRECTORY);
	struct badblocks blocks = {.list = NULL};
	is_int(badlist_read(&blocks, region), 0,
		"badlist_read: a list that the kernel cut off in mid-line is accepted");
	is_int(blocks.count, lines,
		"badlist_read: of a list that the kernel cut off in mid-line, all complete lines are read");
	badblocks_fini(&blocks);
	close(region);
	tree_file(REGION "badblocks", "12");
	badblocks_fini(
		(blocks = read_blocks(fd, 0, 0,
			 "badblocks_read: a file whose region lists a bad block, but not its disk"),
			&blocks));
}

static void dax_device(void)
{
	struct device dax = {.kind = DEVICE_DAX, .number = makedev(252, 1)},
		      none = {.kind = DEVICE_DAX, .number = makedev(252, 9)};
	struct badblocks blocks = {.list = NULL};

	/*
	 * The region begins at 0x7080000000, and the device at 0x7180000000, 8388608 sectors later.
	 */
	is_int(badblocks_read(&blocks, &dax, -1, tree_root), 0,
		"badblocks_read: the bad blocks of a DAX device are read");
	is_int(blocks.count, 3,
		"badblocks_read: a DAX device has those bad blocks of its region that lie within the device");
	is_block(&blocks, 0, 0, 16 * 512,
		"badblocks_read: offsets count from the start of the DAX device");
	is_block(&blocks, 1, 24 * 512, 8 * 512,
		"badblocks_read: bad blocks of a DAX device are whole sectors, not rounded up to larger blocks");
	is_block(&blocks, 2, 520093695ull * 512, 512,
		"badblocks_read: a bad block that extends over the end of a DAX device is shortened to end there");
	is_int(badblocks_clear(&blocks, &none, -1, tree_root, &blocks.list[0]),
		PMEM2_E_DAX_REGION_NOT_FOUND,
		"badblocks_clear: a DAX device without a region is refused");
	badblocks_fini(&blocks);
	is_int(badblocks_read(&blocks, &none, -1, tree_root), PMEM2_E_DAX_REGION_NOT_FOUND,
		"badblocks_read: a DAX device without a region is refused");
}

/*
 * Replaces ioctl(2) in this whole program: after each read of a file's extents it calls `meddle`,
 * which changes the file before the extents are read again.
 */
static struct {
	void (*meddle)(int fd);
	unsigned looks;
} meddling;

#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request;
#endif

int ioctl(int fd, ioctl_request request, ...)
{
	va_list ap;

	va_start(ap, request);
	long result = syscall(SYS_ioctl, fd, request, va_arg(ap, void *));
	va_end(ap);
	if (request == (ioctl_request)FS_IOC_FIEMAP) {
		meddling.looks++;
		if (meddling.meddle)
			meddling.meddle(fd);
	}
	return (int)result;
}

static void toggle(int fd, bool there)
{
	int mode = there ? FALLOC_FL_KEEP_SIZE : FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;

	if (fallocate(fd, mode, BLOCK, BLOCK))
		bail("cannot change the file: %m");
}

static void punch_once(int fd)
{
	if (meddling.looks == 1)
		toggle(fd, false);
}

static void never_stop(int fd)
{
	toggle(fd, meddling.looks % 2);
}

static struct badblocks read_meddled(
	int fd, void (*meddle)(int fd), int want, size_t count, const char *name)
{
	meddling.looks = 0;
	meddling.meddle = meddle;
	struct badblocks blocks = read_blocks(fd, want, count, name);
	meddling.meddle = NULL;
	return blocks;
}

static void changing_file(void)
{
	int fd = file_of_extents(3);

	/*
	 * Allocates the first hole. The file system may put the new block and its neighbours into
	 * one extent.
	 */
	toggle(fd, true);
	fsync(fd);
	tree_file(DISK "badblocks", "0 4000000000000\n");
	struct badblocks blocks = read_meddled(fd, punch_once, 0, 3,
		"file with changing extents: a block that is freed between two reads of the extents");
	is_block(&blocks, 1, 2 * BLOCK, BLOCK,
		"file that changes while its extents are read: a bad block that stays allocated is reported");
	ok(meddling.looks >= 4,
		"file that changes while its extents are read: the extents are read again");
	badblocks_fini(&blocks);
	blocks = read_meddled(fd, never_stop, -EAGAIN, 0,
		"file with changing extents: a file that never stops changing");
	has_str(err_get(), "do not stop changing",
		"file that changes at each reading of its extents: the message says that it does not stop changing");
	close(fd);
}

static void comparing(const struct extents *extents)
{
	struct extent changed[2] = {extents->list[0], extents->list[1]};
	const struct extents a = {extents->list, 2}, shorter = {extents->list, 1}, b = {changed, 2};

	ok(extents_equal(&a, &b), "extents_equal: two lists of the same extents are equal");
	ok(!extents_equal(&a, &shorter), "extents_equal: a list with one extent less differs");
	changed[1].physical += BLOCK;
	ok(!extents_equal(&a, &b), "extents_equal: a list with a moved extent differs");
}

/*
 * Asks for bad blocks without sysfs, as in a container that hides it: for those of a file on a
 * disk, and for those of a device number that no disk has.
 */
static void hidden(int fd)
{
	struct badblocks found = {.count = 4711};
	struct stat st;

	if (fstat(fd, &st))
		bail("cannot stat a file: %m");
	device = (struct device){.kind = DEVICE_FILE, .number = st.st_dev};
	is_int(badblocks_read(&found, &device, fd, "/nowhere"), PMEM2_E_NOSUPP,
		"hidden sysfs: badblocks_read fails for a file on a disk, whose bad blocks are unknown");
	is_int(found.count, 4711,
		"hidden sysfs: badblocks_read leaves the caller's list of bad blocks unchanged");
	has_str(err_get(), "sysfs does not show",
		"hidden sysfs: the message says that sysfs does not show the disk");
	device.number = makedev(0, 42);
	is_int(badblocks_read(&found, &device, fd, "/nowhere"), 0,
		"hidden sysfs: badblocks_read finds no bad blocks for a device number that no disk can have");
	badblocks_fini(&found);
}

int main(void)
{
	int fd = file_of_extents(200);
	struct extents extents;

	covering();
	tree_open();
	tree_load("made-up-nvdimm-two-sockets");
	dax_device();
	tree_close();
	int error = extents_read(&extents, fd);
	if (error == -EOPNOTSUPP) {
		skip("badblocks_read: bad blocks of files are read",
			"the file system of TMPDIR does not tell where files lie");
		return tap_done();
	}
	if (!is_int(error, 0, "extents_read: a file with 200 extents is read"))
		bail("%s", err_get());
	const struct extent *last = &extents.list[extents.count - 1];
	ok(extents.count && last->logical + last->length >= (200 * 2 - 1) * BLOCK,
		"extents_read: the extents that are read reach to the last block of the file's data");
	if (extents.count != 200 || !extents.list[0].is_placed) {
		skip("badblocks_read: bad blocks of a file with 200 holes are read",
			"the file system of TMPDIR does not keep each of 200 single blocks as an extent");
		return tap_done();
	}
	hidden(fd);
	tree_open();
	make_disk(fd);
	one_extent(fd, &extents);
	rounded_into_one(fd, &extents);
	many_extents(fd, &extents);
	refused(fd);
	stacks();
	full_page(fd);
	clearing(fd, &extents);
	comparing(&extents);
	changing_file();
	tree_close();
	extents_fini(&extents);
	close(fd);
	return tap_done();
}

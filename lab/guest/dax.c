/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dax.c - tests both libraries on a DAX device: dax GRANULARITY SIZE ALIGNMENT DEVICE
 *
 * SIZE and ALIGNMENT are the values in sysfs, in bytes. GRANULARITY `refused': the CPU cannot make
 * stores to the device durable: libpmem2 must not map it, and libpmem must not call it pmem.
 * `read-only': like `refused', but the device can be mapped for reading. `unmappable': the driver
 * lets programs open the device, but not map it. The test overwrites the contents of the device.
 */
#include "guest.h"

static int wanted;
static size_t size, alignment;

static int map_part(struct pmem2_map **map, struct pmem2_source *src, size_t offset, size_t length)
{
	struct pmem2_config *cfg = config_of(PMEM2_GRANULARITY_PAGE);

	pmem2_config_set_offset(cfg, offset);
	pmem2_config_set_length(cfg, length);
	int ret = pmem2_map_new(map, cfg, src);
	pmem2_config_delete(&cfg);
	return ret;
}

static void refused(
	struct pmem2_source *src, size_t offset, size_t length, int error, const char *what)
{
	struct pmem2_map *map;

	is_int(map_part(&map, src, offset, length), error, "map_new: %s is refused", what);
	ok(strlen(pmem2_errormsg()) > 10, "map_new: the refusal of %s has a message", what);
	diag("%s", pmem2_errormsg());
}

static void parts(struct pmem2_source *src)
{
	struct pmem2_map *map;

	refused(src, 4096, alignment, PMEM2_E_OFFSET_UNALIGNED, "an unaligned offset");
	refused(src, 0, alignment + 4096, PMEM2_E_LENGTH_UNALIGNED, "an unaligned length");
	refused(src, size - alignment, 2 * alignment, PMEM2_E_MAP_RANGE, "a part beyond the end");

	is_int(map_part(&map, src, alignment, 2 * alignment), 0,
		"map_new: a part of the device is mapped");
	is_int(pmem2_map_get_size(map), 2 * alignment,
		"a map of a part of the device: has the length of the part");
	char *at = pmem2_map_get_address(map);
	ok((uintptr_t)at % alignment == 0,
		"a map of a part of the device: its address is a multiple of the device's alignment");
	pmem2_get_memset_fn(map)(at, 'p', 2 * alignment, 0);
	is_int(pmem2_deep_flush(map, at, 2 * alignment), 0,
		"a map of a part of the device: deep flush succeeds");
	pmem2_map_delete(&map);
}

static void read_only(struct pmem2_source *src)
{
	struct pmem2_config *cfg = config_of(PMEM2_GRANULARITY_PAGE);
	struct pmem2_map *map;

	pmem2_config_set_protection(cfg, PMEM2_PROT_READ);
	if (is_int(pmem2_map_new(&map, cfg, src), 0, "map_new: a map for reading is made")) {
		diag("the device begins with byte %d",
			*(volatile char *)pmem2_map_get_address(map));
		pmem2_map_delete(&map);
	}
	pmem2_config_delete(&cfg);
}

static void private_map(struct pmem2_source *src)
{
	struct pmem2_config *cfg = config_of(PMEM2_GRANULARITY_PAGE);
	struct pmem2_map *map;

	pmem2_config_set_sharing(cfg, PMEM2_PRIVATE);
	is_int(pmem2_map_new(&map, cfg, src), PMEM2_E_SRC_DEVDAX_PRIVATE,
		"map_new: PMEM2_PRIVATE is refused for a DAX device");
	pmem2_config_delete(&cfg);
}

static void whole(struct pmem2_source *src)
{
	struct pmem2_map *map;

	if (!is_int(map_part(&map, src, 0, 0), 0, "map_new: all of the device is mapped"))
		bail("%s", pmem2_errormsg());
	is_int(pmem2_map_get_size(map), size,
		"a map of the whole device: its size is that of the device");
	is_int(pmem2_map_get_store_granularity(map), wanted,
		"a map of the whole device: has the expected granularity");
	char *at = pmem2_map_get_address(map);
	is_int(at[alignment], 'p',
		"a map of the whole device: has a byte that was stored through a map of a part");
	strcpy(at, "first");
	strcpy(at + size - 5, "last");
	pmem2_get_persist_fn(map)(at, size);
	is_int(pmem2_deep_flush(map, at, size), 0,
		"a map of the whole device: deep flush succeeds");
	is_int(pmem2_map_delete(&map), 0, "a map of the whole device: is unmapped");
}

static void finer(struct pmem2_source *src)
{
	for (int required = 0; required < wanted; required++) {
		struct pmem2_config *cfg = config_of((enum pmem2_granularity)required);
		struct pmem2_map *map;
		is_int(pmem2_map_new(&map, cfg, src), PMEM2_E_GRANULARITY_NOT_SUPPORTED,
			"map_new: a required granularity of %d, finer than the device's granularity, is refused",
			required);
		pmem2_config_delete(&cfg);
	}
}

/* Maps the device into reserved address space, at an aligned and at an unaligned offset. */
static void reserved(struct pmem2_source *src)
{
	struct pmem2_config *cfg = config_of(PMEM2_GRANULARITY_PAGE);
	struct pmem2_vm_reservation *rsv;
	struct pmem2_map *map;

	if (!is_int(pmem2_vm_reservation_new(&rsv, NULL, 4 * alignment), 0,
		    "reservation: a reservation for a DAX device is made"))
		bail("%s", pmem2_errormsg());
	pmem2_config_set_length(cfg, alignment);
	pmem2_config_set_vm_reservation(cfg, rsv, 4096);
	is_int(pmem2_map_new(&map, cfg, src), PMEM2_E_ADDRESS_UNALIGNED,
		"reservation: a DAX device is refused at an offset that is not a multiple of its alignment");
	pmem2_config_set_vm_reservation(cfg, rsv, alignment);
	is_int(pmem2_map_new(&map, cfg, src), 0,
		"reservation: a DAX device is mapped at an offset that is a multiple of its alignment");
	if (map) {
		is_str(pmem2_map_get_address(map), "first",
			"reservation: the map in the reservation shows the bytes of the device");
		pmem2_map_delete(&map);
	}
	pmem2_config_delete(&cfg);
	is_int(pmem2_vm_reservation_delete(&rsv), 0,
		"reservation: can be deleted after its map is deleted");
}

static void mcsafe(struct pmem2_source *src)
{
	char block[4096 + 3] = "";

	is_int(pmem2_source_pread_mcsafe(src, block, 5, 0), 0,
		"pread_mcsafe: the start of the device is read");
	is_str(block, "first", "pread_mcsafe: the start of the device has the stored bytes");
	is_int(pmem2_source_pread_mcsafe(src, block, 5, size - 5), 0,
		"pread_mcsafe: the end of the device is read");
	is_str(block, "last", "pread_mcsafe: the end of the device has the stored bytes");
	fill((unsigned char *)block, sizeof(block), 5);
	is_int(pmem2_source_pwrite_mcsafe(src, block, sizeof(block), alignment - 1000), 0,
		"pwrite_mcsafe: an unaligned range is written");
	char back[sizeof(block)];
	is_int(pmem2_source_pread_mcsafe(src, back, sizeof(back), alignment - 1000), 0,
		"pread_mcsafe: the range that was written is read");
	ok(!memcmp(block, back, sizeof(back)),
		"pread_mcsafe: the bytes are those that were written");
	int beyond = pmem2_source_pread_mcsafe(src, block, 2, size - 1);
	ok(beyond < 0, "pread_mcsafe: a range beyond the end is refused");
	diag("%d: %s", beyond, pmem2_errormsg());
}

static void facts(struct pmem2_source *src)
{
	size_t got = 0, length = 0;
	int node = 4711;

	is_int(pmem2_source_size(src, &got), 0, "source_size: succeeds for a DAX device");
	is_int(got, size, "source_size: the size of a DAX device is the one in sysfs");
	is_int(pmem2_source_alignment(src, &got), 0, "source_alignment: succeeds for a DAX device");
	is_int(got, alignment,
		"source_alignment: the alignment of a DAX device is the one in sysfs");
	int ret = pmem2_source_numa_node(src, &node);
	diag("NUMA node: %d, %d", ret, node);
	ret = pmem2_source_device_id(src, NULL, &length);
	diag("size of the id: %d, %zu", ret, length);
}

static void unmappable(const char *path, struct pmem2_source *src)
{
	struct pmem2_map *map;
	size_t length;

	ok(map_part(&map, src, 0, 0) < 0, "a device that cannot be mapped: pmem2_map_new fails");
	diag("%s", pmem2_errormsg());
	ok(!pmem_map_file(path, 0, 0, 0, &length, NULL),
		"a device that cannot be mapped: pmem_map_file fails");
	diag("%s", pmem_errormsg());
}

static void with_libpmem(const char *path)
{
	int is_pmem = 4711, fine = wanted >= 0;
	size_t length = 0;
	char *at = pmem_map_file(path, 0, 0, 0, &length, &is_pmem);

	if (!ok(at != NULL, "pmem_map_file: the device is mapped"))
		bail("%s", pmem_errormsg());
	is_int(length, size, "pmem_map_file: the length is the size of the device");
	is_int(is_pmem, fine,
		"pmem_map_file: is_pmem is 1 only if the CPU can make stores durable");
	is_int(pmem_is_pmem(at, length), fine,
		"pmem_is_pmem: agrees with the is_pmem of pmem_map_file");
	strcpy(at, "libpmem");
	pmem_persist(at, 8);
	is_int(pmem_deep_persist(at, length) ? errno : 0, fine ? 0 : ENOTSUP,
		"pmem_deep_persist: succeeds if and only if the device is persistent");
	is_int(pmem_msync(at, length) ? errno : 0, EINVAL,
		"pmem_msync: fails with EINVAL for a DAX device");
	is_int(pmem_unmap(at, length), 0, "pmem_unmap: succeeds for a DAX device");
	at = pmem_map_file(path, size, PMEM_FILE_CREATE | PMEM_FILE_SPARSE, 0600, &length, NULL);
	ok(at != NULL, "PMEM_FILE_CREATE: the device's own length is accepted");
	if (at) {
		is_str(at, "libpmem", "PMEM_FILE_CREATE: the bytes of the device are unchanged");
		pmem_unmap(at, length);
	}
	at = pmem_map_file(path, size - alignment, PMEM_FILE_CREATE, 0600, &length, NULL);
	ok(!at && errno == EINVAL, "PMEM_FILE_CREATE: a length less than the device's is refused");
	at = pmem_map_file(path, 0, PMEM_FILE_CREATE | PMEM_FILE_EXCL, 0600, &length, NULL);
	ok(!at && errno == EINVAL, "PMEM_FILE_EXCL: is refused for a DAX device");
	struct stat st;
	is_int(stat(path, &st), 0,
		"pmem_map_file: the device node still exists after refused calls");
}

int main(int argc, char **argv)
{
	if (argc != 5)
		bail("usage: dax GRANULARITY SIZE ALIGNMENT DEVICE");
	bool readable = !strcmp(argv[1], "read-only");
	bool fails = readable || !strcmp(argv[1], "unmappable");
	wanted = granularity_named(fails ? "refused" : argv[1]);
	size = strtoull(argv[2], NULL, 0);
	alignment = strtoull(argv[3], NULL, 0);
	int fd = open(argv[4], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bail("cannot open %s: %m", argv[4]);
	struct pmem2_source *src = source_of(fd);

	if (!strcmp(argv[1], "unmappable")) {
		unmappable(argv[4], src);
		return tap_done();
	}
	is_int(kernel_syncs(fd, alignment), 1,
		"MAP_SYNC: the kernel accepts the flag for a DAX device");
	facts(src);
	private_map(src);
	if (wanted < 0) {
		refused(src, 0, 0, PMEM2_E_NOSUPP, "the device");
		if (readable)
			read_only(src);
	} else {
		parts(src);
		whole(src);
		finer(src);
		reserved(src);
		mcsafe(src);
	}
	with_libpmem(argv[4]);
	pmem2_source_delete(&src);
	close(fd);
	return tap_done();
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trees.c - test what the library finds out about disks and DAX devices in the sysfs trees of
 * test/unit/trees: kind of memory, region, NUMA node, unsafe shutdowns, ids of modules
 *
 * Trees named "captured" were recorded on real or virtual machines; those named "made-up" were
 * written by hand.
 */
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/err.h"
#include "device/deepflush.h"
#include "device/dimm.h"
#include "device/memory.h"
#include "libpmem2/base.h"
#include "unit/tree.h"

#define DISK(major, minor) ((struct device){.kind = DEVICE_FILE, .number = makedev(major, minor)})
#define DAX(minor)         DAX_OF(252, minor)
/* A DAX device with this major number: 251 from Linux 7.2 on, 252 before. */
#define DAX_OF(major, minor) ((struct device){.kind = DEVICE_DAX, .number = makedev(major, minor)})

/*
 * Expected results for a device: kind of memory, region, and for each call a value or an error
 * code.
 */
struct answers {
	enum memory memory;
	bool found;
	enum region_domain domain;
	enum deepflush_state deep_flush;
	int deep_flush_error;
	int numa_error, numa_node;
	int usc_error;
	uint64_t usc;
	int id_error;
};

/* Checks the error code of a call, and that a call that failed has set an error message. */
static void check_error(int got, int want, const char *tree, const char *what)
{
	is_int(got, want, "%s: %s: %s", tree, what, want ? "fails as expected" : "is found");
	if (want)
		ok(strlen(err_get()) > 10, "%s: %s: the failed call has set an error message", tree,
			what);
}

static void check_numbers(const char *tree, const struct device *device, const struct answers *want)
{
	int node = 4711;
	uint64_t usc = 4711;

	check_error(
		device_numa_node(device, tree_root, &node), want->numa_error, tree, "NUMA node");
	is_int(node, want->numa_error ? 4711 : want->numa_node, "%s: NUMA node: %s", tree,
		want->numa_error ? "a failure leaves the output alone" : "has the expected number");
	check_error(device_unsafe_shutdowns(device, tree_root, &usc), want->usc_error, tree,
		"unsafe shutdowns");
	is_int(usc, want->usc_error ? 4711 : want->usc, "%s: unsafe shutdowns: %s", tree,
		want->usc_error ? "a failure leaves the output alone" : "the sum is right");
}

static void check(const char *tree, struct device device, struct answers want)
{
	struct region region = device_region(&device, tree_root);
	struct deepflush flush = device_deep_flush_state(&device, tree_root);
	size_t size = 4711;

	is_str(provider_name(memory_under(&device, tree_root)), provider_name(want.memory),
		"%s: the kind of memory is recognised", tree);
	ok(region.found == want.found, "%s: the device has %s", tree,
		want.found ? "a region" : "no region");
	if (want.found)
		is_int(region.domain, want.domain,
			"%s: the persistence domain of the region is recognised", tree);
	is_int(flush.state, want.deep_flush,
		"%s: whether the region supports deep flush is recognised", tree);
	is_int(flush.error, want.deep_flush_error,
		"%s: the attribute deep_flush gives the expected error", tree);
	check_numbers(tree, &device, &want);
	check_error(device_dimm_ids(&device, tree_root, NULL, &size), want.id_error, tree,
		"module ids");
	ok(!want.id_error == (size != 4711), "%s: size of module ids: %s", tree,
		want.id_error ? "a failure leaves the output alone" : "is returned");
}

static void in_tree(const char *name, void (*look)(const char *name))
{
	tree_open();
	tree_load(name);
	look(name);
	tree_close();
}

#define ADR       REGION_DOMAIN_MEMORY_CONTROLLER
#define EADR      REGION_DOMAIN_CPU_CACHE
#define UNKNOWN   REGION_DOMAIN_UNKNOWN
#define NO_DIMMS  .usc_error = PMEM2_E_NOSUPP, .id_error = PMEM2_E_NOSUPP
#define NO_REGION NO_DIMMS, .numa_error = PMEM2_E_DAX_REGION_NOT_FOUND
#define ID(n)     "8089-a2-1830-00001b" n

/* Checks the ids of two modules, in any order: readdir(3) decides which module comes first. */
static void check_ids(struct device device, const char *a, const char *b, const char *what)
{
	char ids[64], one_way[64], other_way[64];
	size_t size = sizeof(ids), need = 0;

	snprintf(one_way, sizeof(one_way), "%s%s", a, b);
	snprintf(other_way, sizeof(other_way), "%s%s", b, a);
	memset(ids, 'x', sizeof(ids));
	is_int(device_dimm_ids(&device, tree_root, NULL, &need), 0,
		"%s: the size of the module ids is returned", what);
	is_int(need, strlen(a) + strlen(b) + 1, "%s: the size of the module ids includes the NUL",
		what);
	is_int(device_dimm_ids(&device, tree_root, ids, &size), 0,
		"%s: the module ids are returned", what);
	ids[sizeof(ids) - 1] = '\0';
	ok(!strcmp(ids, one_way) || !strcmp(ids, other_way),
		"%s: the module ids replace the previous contents of the buffer (%s)", what, ids);
	size = need - 1;
	strcpy(ids, "as before");
	is_int(device_dimm_ids(&device, tree_root, ids, &size), PMEM2_E_BUFFER_TOO_SMALL,
		"%s: a buffer a byte too small for the module ids is refused", what);
	is_str(ids, "as before", "%s: a buffer too small for the module ids is unchanged", what);
	is_int(size, need - 1,
		"%s: a buffer too small for the module ids leaves the size unchanged", what);
}

static void two_sockets(const char *tree)
{
	const struct answers socket0 = {.memory = MEMORY_NFIT,
		.found = true,
		.domain = ADR,
		.deep_flush = DEEPFLUSH_AVAILABLE,
		.numa_node = 0,
		.usc = 3};
	struct answers socket1 = socket0;

	socket1.numa_node = 1;
	socket1.usc = 5 + 18446744073709;
	check(tree, DISK(259, 0), socket0);
	check(tree, DISK(259, 1), socket0);
	check(tree, DAX(1), socket1);
	check(tree, DISK(254, 0), socket0);
	check(tree, DISK(254, 1),
		(struct answers){
			.memory = MEMORY_MIXED, .deep_flush = DEEPFLUSH_AVAILABLE, NO_REGION});
	check(tree, DISK(259, 9), (struct answers){.memory = MEMORY_NONE, NO_REGION});
	check_ids(DISK(259, 1), ID("4e"), ID("4f"), "partition");
	check_ids(DAX(1), ID("50"), ID("51"), "DAX device");
	check_ids(DISK(254, 0), ID("4e"), ID("4f"), "device-mapper");

	/* Broken entries of other devices must not affect the results for the tested device. */
	tree_file("devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region9/mappings", "1\n");
	tree_link("dev/char/252:9", "nowhere");
	tree_link("dev/block/259:77", "../block/259:77");
	check("with broken neighbours", DAX(1), socket1);
}

static void eadr(const char *tree)
{
	const struct answers want = {.memory = MEMORY_NFIT,
		.found = true,
		.domain = EADR,
		.deep_flush = DEEPFLUSH_NOT_NEEDED,
		.usc_error = PMEM2_E_NOSUPP};

	check(tree, DISK(259, 0), want);
	check(tree, DAX(1), want);
	has_str((device_unsafe_shutdowns(&DAX(1), tree_root, &(uint64_t){0}), err_get()), "nmem0",
		"unsafe shutdowns: the message names the module that does not count them");
}

static void cxl_pmem(const char *tree)
{
	const struct answers want = {.memory = MEMORY_CXL_PMEM,
		.found = true,
		.domain = ADR,
		.deep_flush = DEEPFLUSH_ABSENT,
		.numa_node = -1,
		.usc = 7};

	check(tree, DISK(259, 0), want);
	check(tree, DAX(1), want);
	check_ids(DAX(1), "12345", "12346", "CXL");
}

static void hmem(const char *tree)
{
	check(tree, DAX(1), (struct answers){.memory = MEMORY_SOFT_RESERVED, NO_REGION});
}

static void virtio(const char *tree)
{
	const struct answers want = {.memory = MEMORY_VIRTIO_PMEM,
		.found = true,
		.domain = UNKNOWN,
		.deep_flush = DEEPFLUSH_NOT_NEEDED,
		NO_DIMMS};

	check(tree, DISK(259, 0), want);
	check(tree, DAX(1), want);
	ok(device_region(&DAX(1), tree_root).flushed_by_host,
		"%s: the region has to be flushed by the host", tree);
}

static void memmap(const char *tree)
{
	const struct answers want = {.memory = MEMORY_LEGACY,
		.found = true,
		.domain = UNKNOWN,
		.deep_flush = DEEPFLUSH_ABSENT,
		NO_DIMMS};

	check(tree, DISK(259, 0), want);
	check(tree, DAX(1), want);
}

static void papr(const char *tree)
{
	check(tree, DISK(259, 0),
		(struct answers){.memory = MEMORY_PAPR,
			.found = true,
			.domain = UNKNOWN,
			.deep_flush = DEEPFLUSH_AVAILABLE,
			.usc = 2,
			.id_error = PMEM2_E_NOSUPP});
}

static void device_tree(const char *tree)
{
	check(tree, DISK(259, 0),
		(struct answers){.memory = MEMORY_DEVICE_TREE,
			.found = true,
			.domain = UNKNOWN,
			.numa_error = PMEM2_E_NOSUPP,
			NO_DIMMS});
	ok(device_region(&DISK(259, 0), tree_root).is_volatile, "%s: the region is volatile", tree);
}

static void mixed(const char *tree)
{
	check(tree, DISK(254, 0),
		(struct answers){.memory = MEMORY_NFIT,
			.found = true,
			.domain = ADR,
			.deep_flush = DEEPFLUSH_AVAILABLE,
			.numa_error = PMEM2_E_NOSUPP,
			.usc = 3});
	check_ids(DISK(254, 0), "aa", "bbbb", "two regions");
	check(tree, DISK(9, 0),
		(struct answers){
			.memory = MEMORY_MIXED, .deep_flush = DEEPFLUSH_NOT_NEEDED, NO_REGION});
	check(tree, DISK(9, 1),
		(struct answers){.memory = MEMORY_MIXED,
			.found = true,
			.domain = UNKNOWN,
			.deep_flush = DEEPFLUSH_NOT_NEEDED,
			NO_DIMMS});
	has_str(err_get(), "region2", "%s: the message names the region without modules", tree);
}

static void garbage(const char *tree)
{
	struct answers want = {.memory = MEMORY_OTHER_PMEM,
		.found = true,
		.domain = UNKNOWN,
		.deep_flush = DEEPFLUSH_UNREADABLE,
		.deep_flush_error = -EBADMSG,
		.numa_error = -EBADMSG,
		.usc_error = -EBADMSG,
		.id_error = PMEM2_E_NOSUPP};
	size_t value = 4711;

	check(tree, DISK(259, 0), want);
	check(tree, DAX(1), want);
	is_int(device_alignment(&DAX(1), tree_root, &value), PMEM2_E_INVALID_ALIGNMENT_FORMAT,
		"alignment: an attribute that is not a number gives PMEM2_E_INVALID_ALIGNMENT_FORMAT");
	is_int(device_size(&DAX(1), 0, tree_root, &value), PMEM2_E_INVALID_SIZE_FORMAT,
		"size: an attribute that is not a number gives PMEM2_E_INVALID_SIZE_FORMAT");
	is_int(value, 4711, "size and alignment: a failed call leaves the output unchanged");
	want.numa_error = PMEM2_E_NOSUPP;
	want.id_error = -EBADMSG;
	check(tree, DAX(2), want);
	want.deep_flush = DEEPFLUSH_ABSENT;
	want.deep_flush_error = 0;
	check(tree, DAX(3), want);
}

static void nothing(const char *tree)
{
	check(tree, DISK(259, 0), (struct answers){.memory = MEMORY_NONE, NO_REGION});
	check(tree, DISK(8, 0), (struct answers){.memory = MEMORY_UNKNOWN, NO_REGION});
	check(tree, DISK(0, 42), (struct answers){.memory = MEMORY_NONE, NO_REGION});
	check(tree, DAX(1), (struct answers){.memory = MEMORY_UNKNOWN, NO_REGION});
}

/*
 * The NVDIMM that QEMU emulates, as recorded from real kernels. Some values differ from the
 * kernel's documentation.
 */
static void check_nvdimm(const char *tree, struct device dax)
{
	const struct answers want = {.memory = MEMORY_NFIT,
		.found = true,
		.domain = REGION_DOMAIN_MEMORY_CONTROLLER,
		.deep_flush = DEEPFLUSH_NOT_NEEDED,
		.usc_error = PMEM2_E_NOSUPP};
	size_t value = 4711;

	check(tree, DISK(259, 0), want);
	check(tree, dax, want);
	is_int(device_alignment(&dax, tree_root, &value), 0,
		"%s: the alignment of the DAX device is read", tree);
	is_int(value, 2097152, "%s: the alignment of the DAX device is 2 MiB", tree);
	is_int(device_size(&dax, 0, tree_root, &value), 0, "%s: the size of the DAX device is read",
		tree);
	is_int(value, 65011712, "%s: the DAX device is 2 MiB smaller than its namespace", tree);
}

static void captured_nvdimm(const char *tree)
{
	check_nvdimm(tree, DAX(1));
}

/* From Linux 7.2 on the major number of DAX devices is 251. */
static void captured_fsdev(const char *tree)
{
	check_nvdimm(tree, DAX_OF(251, 1));
}

static void captured_virtio(const char *tree)
{
	const struct answers want = {.memory = MEMORY_VIRTIO_PMEM,
		.found = true,
		.domain = UNKNOWN,
		.deep_flush = DEEPFLUSH_ABSENT,
		.numa_node = -1,
		NO_DIMMS};

	check(tree, DISK(259, 0), want);
}

static void captured_hints(const char *tree)
{
	const struct answers want = {.memory = MEMORY_NFIT,
		.found = true,
		.domain = ADR,
		.deep_flush = DEEPFLUSH_AVAILABLE,
		.usc = 7 + 35};

	check(tree, DISK(259, 0), want);
	check_ids(DISK(259, 0), "8086-44332211", "8086-88776655", tree);
}

static void captured_unarmed(const char *tree)
{
	const struct answers want = {.memory = MEMORY_NFIT,
		.found = true,
		.domain = ADR,
		.deep_flush = DEEPFLUSH_NOT_NEEDED,
		.usc_error = PMEM2_E_NOSUPP};

	check(tree, DISK(259, 0), want);
	check(tree, DAX(1), want);
	ok(device_region(&DAX(1), tree_root).read_only, "%s: the region is read-only", tree);
}

static void captured_eadr(const char *tree)
{
	const struct answers want = {.memory = MEMORY_NFIT,
		.found = true,
		.domain = EADR,
		.deep_flush = DEEPFLUSH_NOT_NEEDED,
		.usc_error = PMEM2_E_NOSUPP};

	check(tree, DISK(259, 0), want);
	check(tree, DAX(1), want);
	ok(!device_region(&DAX(1), tree_root).read_only, "%s: the region is not read-only", tree);
}

static void captured_legacy(const char *tree)
{
	const struct answers want = {.memory = MEMORY_LEGACY,
		.found = true,
		.domain = UNKNOWN,
		.deep_flush = DEEPFLUSH_ABSENT,
		NO_DIMMS};

	check(tree, DISK(259, 0), want);
}

/* Linux 6.1 does not report ids of CXL modules. */
static void captured_cxl(const char *tree)
{
	const struct answers want = {.memory = MEMORY_CXL_PMEM,
		.found = true,
		.domain = ADR,
		.deep_flush = DEEPFLUSH_NOT_NEEDED,
		NO_DIMMS};

	check(tree, DISK(259, 0), want);
	check(tree, DAX(1), want);
}

/*
 * Linux 7.2 reports the id of a CXL module. QEMU's CXL module does not support the command that
 * makes it count unsafe shutdowns.
 */
static void captured_cxl_7_2(const char *tree)
{
	const struct answers want = {.memory = MEMORY_CXL_PMEM,
		.found = true,
		.domain = ADR,
		.deep_flush = DEEPFLUSH_NOT_NEEDED,
		.usc_error = PMEM2_E_NOSUPP};

	check(tree, DISK(259, 0), want);
	check(tree, DAX_OF(251, 1), want);
	check_ids(DAX_OF(251, 1), "4660", "", tree);
}

/* Volatile CXL memory has a region on the CXL bus, but no region on an NVDIMM bus. */
static void captured_cxl_volatile(const char *tree)
{
	struct device dax = DAX_OF(251, 0);
	size_t value = 4711;

	check(tree, dax, (struct answers){.memory = MEMORY_CXL_VOLATILE, NO_REGION});
	is_int(device_size(&dax, 0, tree_root, &value), 0, "%s: the size of the DAX device is read",
		tree);
	is_int(value, 256 << 20, "%s: the DAX device is as large as its region", tree);
}

static void unreadable(const char *tree)
{
	const struct answers want = {.memory = MEMORY_NFIT,
		.found = true,
		.domain = REGION_DOMAIN_UNREADABLE,
		.deep_flush = DEEPFLUSH_UNREADABLE,
		.deep_flush_error = -EACCES,
		.numa_error = -EACCES,
		.usc_error = -EACCES,
		.id_error = -EACCES};
	size_t value = 4711;

	check(tree, DISK(259, 0), want);
	check(tree, DAX(1), want);
	is_int(device_alignment(&DAX(1), tree_root, &value), -EACCES,
		"alignment: an attribute without read permission gives EACCES");
	is_int(device_size(&DAX(1), 0, tree_root, &value), -EACCES,
		"size: an attribute without read permission gives EACCES");
	is_int(value, 4711, "size and alignment: a failed call leaves the output unchanged");
	is_int(device_deep_flush(&DAX(1), tree_root), -EACCES,
		"deep flush: an attribute without read permission gives EACCES");
	has_str(err_get(), "region0",
		"deep flush: the message names the region without read permission");
}

static void unreadable_tree(void)
{
	tree_open();
	tree_load("made-up-unreadable");
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		tree_as_nobody();
		unreadable("made-up-unreadable");
		fflush(stdout);
		_exit(tap_failures ? 200 : tap_points);
	}
	int status;
	waitpid(child, &status, 0);
	tree_close();
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 200 || WEXITSTATUS(status) <= tap_points)
		bail("the child process without root permissions died");
	if (WEXITSTATUS(status) == 200)
		exit(EXIT_FAILURE);
	tap_points = WEXITSTATUS(status);
}

int main(void)
{
	unreadable_tree();
	in_tree("made-up-nvdimm-two-sockets", two_sockets);
	in_tree("made-up-nvdimm-eadr", eadr);
	in_tree("made-up-cxl-pmem", cxl_pmem);
	in_tree("made-up-hmem", hmem);
	in_tree("made-up-virtio-pmem", virtio);
	in_tree("made-up-memmap", memmap);
	in_tree("made-up-papr", papr);
	in_tree("made-up-device-tree", device_tree);
	in_tree("made-up-mixed-domains", mixed);
	in_tree("made-up-garbage", garbage);
	in_tree("made-up-nothing", nothing);
	in_tree("captured-nvdimm", captured_nvdimm);
	in_tree("captured-nvdimm-fsdev", captured_fsdev);
	in_tree("captured-nvdimm-hints", captured_hints);
	in_tree("captured-nvdimm-unarmed", captured_unarmed);
	in_tree("captured-nvdimm-eadr", captured_eadr);
	in_tree("captured-legacy", captured_legacy);
	in_tree("captured-cxl-pmem", captured_cxl);
	in_tree("captured-cxl-pmem-7.2", captured_cxl_7_2);
	in_tree("captured-cxl-volatile", captured_cxl_volatile);
	in_tree("captured-virtio-pmem", captured_virtio);
	return tap_done();
}

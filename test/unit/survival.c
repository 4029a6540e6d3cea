/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * survival.c - does an explanation say correctly whether stores survive a power cut? That depends
 * on the disk, on the file system and its options, and on the file, which may have been removed.
 */
#include "unit/explained.h"

/* Tests disks of many kinds. A disk counts as durable only if sysfs shows a reason for that. */
static void media(void)
{
	static const struct {
		enum disks disk;
		enum holdfast_survival survival;
		const char *what;
		const char *in_text;
	} rows[] = {
		{PLAIN, HOLDFAST_SURVIVES, "NVMe on PCI Express", "relies on the drive"},
		{ATA, HOLDFAST_SURVIVES, "a disk on ATA", "relies on the drive"},
		{VIRTIO_BLK, HOLDFAST_SURVIVES, "a virtio disk",
			"relies on the host of this virtual machine"},
		{ATA_UNFLUSHED, HOLDFAST_SURVIVES_UNKNOWN, "a disk whose flushes are switched off",
			"queue/write_cache"},
		{SCSI_DEBUG, HOLDFAST_SURVIVES_NOT, "scsi_debug", "scsi_debug"},
		{ISCSI, HOLDFAST_SURVIVES_ELSEWHERE, "iSCSI", "iSCSI session"},
		{NVME_TCP, HOLDFAST_SURVIVES_ELSEWHERE, "NVMe over TCP", "network"},
		{MTD_RAM, HOLDFAST_SURVIVES_NOT, "an MTD of type ram", "of type ram"},
		{NULL_BLK, HOLDFAST_SURVIVES_NOT, "null_blk", "null_blk"},
		{NBD, HOLDFAST_SURVIVES_ELSEWHERE, "a network block device (nbd)", "nbd"},
		{STRANGE, HOLDFAST_SURVIVES_UNKNOWN, "a disk of an unknown driver", "not known"},
		{NAMELESS_MAPPER, HOLDFAST_SURVIVES_UNKNOWN, "device-mapper without a uuid",
			"only root can read its table"},
		{PLAIN_CRYPT, HOLDFAST_SURVIVES_UNKNOWN, "plain dm-crypt", "random"},
		{LOWEST_MAPPER, HOLDFAST_SURVIVES_UNKNOWN, "device-mapper over no visible device",
			"what it is built on"},
		{UNFLUSHED_RAID, HOLDFAST_SURVIVES_UNKNOWN, "RAID whose flushes are switched off",
			"passes no flush on"},
		{LEGACY, HOLDFAST_SURVIVES_UNKNOWN,
			"memory reserved by memmap=", "only the kernel's command line"},
		{NOWHERE, HOLDFAST_SURVIVES_UNKNOWN, "a disk that sysfs does not show",
			"masked, or the disk was unplugged"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		explain(file_on(rows[i].disk, FACTS_SYNC_REFUSED, "rw"));
		is_int(told->survival, rows[i].survival,
			"%s: explain() says correctly whether stores survive power cuts",
			rows[i].what);
		has_str(told->text, rows[i].in_text,
			"%s: the explanation says why stores survive, or do not", rows[i].what);
	}
	is_int(told->unsafe_shutdowns.answer, HOLDFAST_UNREADABLE,
		"a disk that sysfs does not show: the number of unsafe shutdowns is unknown, not 0");
	is_int(told->memory, HOLDFAST_MEMORY_UNKNOWN,
		"a disk that sysfs does not show: the kind of memory is unknown");
	is_int(told->domain, HOLDFAST_DOMAIN_UNREADABLE,
		"a disk that sysfs does not show: the persistence domain is reported as unreadable");
	is_int(told->obstacle, HOLDFAST_OBSTACLE_UNKNOWN,
		"a disk that sysfs does not show: it is unknown what prevents MAP_SYNC");
	ok(told->regions_why != NULL,
		"a disk that sysfs does not show: the explanation says why regions are not known");
	explain(file_on(NOWHERE, FACTS_NOT_TRIED, "rw"));
	is_int(told->map_sync, HOLDFAST_MAP_SYNC_UNKNOWN,
		"a disk that sysfs does not show: before a trial of MAP_SYNC it is unknown whether MAP_SYNC works");
	is_int(told->needed_reason, HOLDFAST_REASON_MAP_SYNC_UNKNOWN,
		"a disk that sysfs does not show: before a trial of MAP_SYNC, page granularity is reported as an assumption");
	explain(facts_on(HOLDFAST_OBJECT_BLOCK_DEVICE, makedev(259, NOWHERE)));
	is_int(told->size.answer, HOLDFAST_UNREADABLE,
		"a block device that sysfs does not show: its size is reported as unreadable");
	is_int(told->needed_reason, HOLDFAST_REASON_MAP_SYNC_UNKNOWN,
		"a block device that sysfs does not show: page granularity is reported as an assumption");
	struct facts facts = file_on(NOWHERE, FACTS_NOT_TRIED, "rw,dax=always");
	free(facts.filesystem.type);
	facts.filesystem.type = strdup("ext2");
	facts.filesystem.can_sync = false;
	explain(facts);
	is_int(told->obstacle, HOLDFAST_OBSTACLE_UNKNOWN,
		"an ext2 on a disk that sysfs does not show: it is unknown what prevents MAP_SYNC");
	explain(facts_on(HOLDFAST_OBJECT_BLOCK_DEVICE, makedev(259, EMPTY)));
	has_str(told->not_storable, "no medium",
		"a block device of size 0: the explanation says why nothing can be stored");
}

static struct facts without_journal_on(enum disks disk, enum facts_trial trial, unsigned kernel)
{
	struct facts facts =
		file_on(disk, trial, trial == FACTS_SYNC_REFUSED ? "rw" : "rw,dax=always");

	free(facts.filesystem.type);
	facts.filesystem.type = strdup("ext4");
	facts.kernel = kernel;
	return facts;
}

/*
 * Tests an ext4 without a journal. Whether its stores to allocated blocks survive a power cut
 * depends on the version of Linux; the expected answers come from tests in virtual machines (lab/).
 */
static void without_journal(void)
{
	static const struct {
		unsigned kernel;
		enum holdfast_survival written_back;
		const char *name;
	} seen[] = {
		{FACTS_KERNEL(6, 1, 0), HOLDFAST_SURVIVES_UNKNOWN, "6.1"},
		{FACTS_KERNEL(6, 12, 74), HOLDFAST_SURVIVES_UNKNOWN, "6.12.74"},
		{FACTS_KERNEL(6, 12, 85), HOLDFAST_SURVIVES, "6.12.85"},
		{FACTS_KERNEL(6, 13, 0), HOLDFAST_SURVIVES_UNKNOWN, "6.13"},
		{FACTS_KERNEL(6, 18, 15), HOLDFAST_SURVIVES_UNKNOWN, "6.18.15"},
		{FACTS_KERNEL(6, 18, 44), HOLDFAST_SURVIVES, "6.18.44"},
		{FACTS_KERNEL(7, 2, 12), HOLDFAST_SURVIVES_UNKNOWN, "7.2.12"},
		{FACTS_KERNEL(7, 3, 4), HOLDFAST_SURVIVES, "7.3.4"},
	};

	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		explain(without_journal_on(PLAIN, FACTS_SYNC_REFUSED, seen[i].kernel));
		is_int(told->survival, seen[i].written_back,
			"ext4 without a journal on Linux %s: the answer whether stores after msync survive agrees with a test in a virtual machine",
			seen[i].name);
		explain(without_journal_on(ADR, FACTS_SYNC_ACCEPTED, seen[i].kernel));
		is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
			"ext4 without a journal on Linux %s: it is unknown if stores with MAP_SYNC survive power cuts",
			seen[i].name);
		explain(without_journal_on(ADR, FACTS_NOT_TRIED, seen[i].kernel));
		is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
			"ext4 without a journal on Linux %s: it is unknown if stores survive power cuts where MAP_SYNC was not tried",
			seen[i].name);
	}
	has_str(told->verdict, "without a journal",
		"ext4 without a journal: the verdict says that it has no journal");
	is_str(told->layers[1]->what, "no journal",
		"ext4 without a journal: the missing journal is listed among the layers between file and disk");
}

/* Options and states of a file system that make stores to it less safe, or impossible. */
static void spoiled(void)
{
	static const struct {
		const char *type, *options;
		enum filesystem_class class;
	} rows[] = {{"ext4", "rw,nobarrier", FILESYSTEM_DISK},
		{"ext4", "rw,barrier=0", FILESYSTEM_DISK},
		{"reiserfs", "rw,barrier=none", FILESYSTEM_DISK},
		{"f2fs", "rw,fsync_mode=nobarrier", FILESYSTEM_DISK},
		{"jfs", "rw,nointegrity", FILESYSTEM_DISK},
		{"bcachefs", "rw,journal_flush_disabled", FILESYSTEM_DISK},
		{"cifs", "rw,nostrictsync", FILESYSTEM_NETWORK},
		{"smb3", "rw,nostrictsync", FILESYSTEM_NETWORK}};
	struct facts facts;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		facts = file_on(PLAIN, FACTS_SYNC_REFUSED, rows[i].options);
		free(facts.filesystem.type);
		facts.filesystem.type = strdup(rows[i].type);
		facts.filesystem.class = rows[i].class;
		explain(facts);
		is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
			"%s with %s: it is unknown if stores survive power cuts", rows[i].type,
			rows[i].options);
		bool served = rows[i].class == FILESYSTEM_NETWORK;
		has_str(told->verdict, served ? "mounted with nostrictsync" : "not flushed",
			"%s with %s: the verdict says why it is unknown if stores survive power cuts",
			rows[i].type, rows[i].options);
	}
	static const char *const unstorable[] = {"rw,emergency_ro", "rw,shutdown"};
	for (size_t i = 0; i < 2; i++) {
		explain(file_on(PLAIN, FACTS_SYNC_REFUSED, unstorable[i]));
		has_str(told->verdict, "nothing can be stored",
			"a file system with %s: the verdict says that nothing can be stored",
			unstorable[i]);
		ok(told->not_storable != NULL,
			"a file system with %s: the field not_storable is set", unstorable[i]);
	}
	facts = file_on(PLAIN, FACTS_SYNC_REFUSED, "rw");
	facts.locks.is_immutable = true;
	explain(facts);
	has_str(told->verdict, "immutable",
		"an immutable file: the verdict says that it is immutable");
	facts = file_on(PLAIN, FACTS_SYNC_REFUSED, "rw");
	facts.kept_name = FACTS_REMOVED;
	explain(facts);
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"a removed file: it does not survive a power cut");
	is_int(told->layers[0]->survival, HOLDFAST_SURVIVES_NOT,
		"a removed file: the first layer (the file) does not survive a power cut");
	has_str(told->layers[0]->what, "no name",
		"a removed file: the first layer says that the file has no name");
	facts = file_on(PLAIN, FACTS_SYNC_REFUSED, "rw");
	facts.kept_name = FACTS_UNNAMED;
	explain(facts);
	is_int(told->survival, HOLDFAST_SURVIVES,
		"a file made with O_TMPFILE: it survives a power cut on the condition that it is given a name");
	has_str(told->condition, "only if it is given one",
		"a file made with O_TMPFILE: the explanation states the condition that the file is given a name");
	without_journal();
	facts = file_on(EADR, FACTS_SYNC_ACCEPTED, "rw,dax=always");
	free(facts.filesystem.type);
	facts.filesystem.type = strdup("btrfs");
	explain(facts);
	is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
		"btrfs whose devices cannot be listed: it is unknown if stores survive power cuts");
	/* An ext2 (no extents), mounted by the ext4 driver, which supports DAX. */
	facts = file_on(ADR, FACTS_NOT_TRIED, "rw,dax=always");
	free(facts.filesystem.type);
	facts.filesystem.type = strdup("ext2");
	facts.filesystem.can_sync = false;
	explain(facts);
	is_int(told->map_sync, HOLDFAST_MAP_SYNC_WOULD_ACCEPT,
		"ext2 mounted by ext4's driver: MAP_SYNC is expected to be accepted");
}

static void filesystems(void)
{
	static const struct {
		enum filesystem_class class;
		enum holdfast_survival survival;
		const char *in_verdict;
	} rows[] = {
		{FILESYSTEM_RAM, HOLDFAST_SURVIVES_NOT, "main memory"},
		{FILESYSTEM_KERNEL, HOLDFAST_SURVIVES_NOT, "the kernel makes up"},
		{FILESYSTEM_NETWORK, HOLDFAST_SURVIVES_ELSEWHERE, "the server"},
		{FILESYSTEM_HOST, HOLDFAST_SURVIVES_ELSEWHERE, "the host"},
		{FILESYSTEM_DAEMON, HOLDFAST_SURVIVES_ELSEWHERE, "the program"},
		{FILESYSTEM_UNKNOWN, HOLDFAST_SURVIVES_UNKNOWN, "unknown type"},
		{FILESYSTEM_LAYERED, HOLDFAST_SURVIVES_UNKNOWN, "not visible here"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct facts facts =
			file_on(PLAIN, FACTS_SYNC_REFUSED, "rw,upperdir=/nowhere/at/all");
		facts.filesystem.class = rows[i].class;
		facts.filesystem.can_sync = false;
		facts.disk = 0;
		facts.device.number = 42;
		explain(facts);
		is("a file that is not on a disk", PMEM2_GRANULARITY_PAGE,
			HOLDFAST_REASON_NO_MAP_SYNC,
			rows[i].class == FILESYSTEM_UNKNOWN ? HOLDFAST_OBSTACLE_UNKNOWN
							    : HOLDFAST_OBSTACLE_FILE_SYSTEM,
			rows[i].survival);
		has_str(told->verdict, rows[i].in_verdict,
			"a file that is not on a disk: the verdict names what holds the data, such as main memory or a server");
	}
	/* Newer kernels list one option lowerdir+= for each lower layer. */
	struct facts listed =
		file_on(PLAIN, FACTS_SYNC_REFUSED, "ro,lowerdir+=/proc,lowerdir+=/nowhere");
	listed.filesystem.class = FILESYSTEM_LAYERED;
	listed.device.number = 42;
	explain(listed);
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"an overlay mounted with several lowerdir+= options: stores survive only what the weakest layer survives");
	is_int(told->layer_count, 3,
		"an overlay mounted with several lowerdir+= options: all layers are listed");
	static const char *const overlays[] = {
		"rw,volatile,upperdir=/nowhere", "rw,upperdir=/nowhere,fsync=volatile"};
	for (size_t i = 0; i < 2; i++) {
		struct facts facts = file_on(PLAIN, FACTS_SYNC_REFUSED, overlays[i]);
		facts.filesystem.class = FILESYSTEM_LAYERED;
		explain(facts);
		is_int(told->survival, HOLDFAST_SURVIVES_NOT,
			"an overlay mounted with %s: nothing survives a power cut", overlays[i]);
	}
	struct facts facts = file_on(PLAIN, FACTS_NOT_TRIED, "ro");
	facts.filesystem.read_only = true;
	explain(facts);
	has_str(told->verdict, "read-only",
		"a read-only file system: the verdict says that it is read-only");
}

int main(void)
{
	explained_open();
	media();
	spoiled();
	filesystems();
	explained_close();
	return tap_done();
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/sentences.h"

const char *sentence_of_reason(enum holdfast_reason reason)
{
	switch (reason) {
	case HOLDFAST_REASON_PROGRAM:
		return "The program has mapped this memory itself, and stated which granularity it has.";
	case HOLDFAST_REASON_NOT_SHARED:
		return "The mapping is private: its stores are never durable, so nothing has to be flushed.";
	case HOLDFAST_REASON_CPU_CACHE:
		return "The memory's persistence domain, which is what survives a power cut, includes the CPU's caches (eADR): this is the finest granularity.";
	case HOLDFAST_REASON_MEMORY_CONTROLLER:
		return "The memory's persistence domain, which is what survives a power cut, begins at the memory controller (ADR): stores in the CPU's caches would be lost.";
	case HOLDFAST_REASON_DOMAIN_UNKNOWN:
		return "The kernel does not say whether the CPU's caches survive a power cut here: they are assumed not to.";
	case HOLDFAST_REASON_DOMAIN_UNREADABLE:
		return "Whether the CPU's caches survive a power cut could not be read: they are assumed not to.";
	case HOLDFAST_REASON_NO_REGION:
		return "The kernel lets programs flush this memory themselves, but lists no region for it: the CPU's caches are assumed not to survive a power cut.";
	case HOLDFAST_REASON_REALTIME:
		return "The file is on a real-time device of XFS. The kernel reports only the name of this device: the CPU's caches are assumed not to survive a power cut.";
	case HOLDFAST_REASON_NO_MAP_SYNC:
		return "The kernel does not let programs make stores durable without its help here (it refuses MAP_SYNC).";
	case HOLDFAST_REASON_NO_CPU_FLUSH:
		return "This CPU has no cache flush that programs may use.";
	case HOLDFAST_REASON_DAX_NOT_PERSISTENT:
		return "The memory is not listed as persistent: it is empty after a power cut.";
	case HOLDFAST_REASON_DAX_VOLATILE:
		return "The memory's region is volatile: it is empty after a power cut.";
	case HOLDFAST_REASON_DAX_HOST_FLUSH:
		return "The memory is a file of the host of this virtual machine, which has to be asked to flush it; a DAX device offers no way to ask. A file system does.";
	case HOLDFAST_REASON_DAX_READ_ONLY:
		return "The memory's region is read-only, by its attribute or because its modules are not armed to keep stored data. The memory can be read.";
	case HOLDFAST_REASON_DAX_NO_CPU_FLUSH:
		return "This CPU has no cache flush that programs may use, and a DAX device offers no other way to make stores durable.";
	case HOLDFAST_REASON_DAX_SYSTEM_RAM:
		return "The kernel uses the device as main memory (its driver is kmem): it cannot be opened, and nothing is kept.";
	case HOLDFAST_REASON_DAX_UNBOUND:
		return "Programs can map a DAX device only if its driver is device_dax.";
	case HOLDFAST_REASON_DAX_UNSEEN:
		return "sysfs does not show the device, so that nothing is known of its memory.";
	case HOLDFAST_REASON_MAP_SYNC_UNKNOWN:
		return "It is not known here whether the kernel lets programs make stores durable without its help (MAP_SYNC): it is assumed not to.";
	case HOLDFAST_REASON_FORCED:
		return "An environment variable forces this granularity.";
	}
	return "The reason is not known.";
}

const char *sentence_of_obstacle(enum holdfast_obstacle obstacle)
{
	switch (obstacle) {
	case HOLDFAST_OBSTACLE_NONE:
		return "Nothing stands in the way of finer granularity.";
	case HOLDFAST_OBSTACLE_FILE_SYSTEM:
		return "This type of file system never accepts MAP_SYNC; ext4 and xfs can.";
	case HOLDFAST_OBSTACLE_STORAGE:
		return "To change that, the whole file system has to lie on persistent memory.";
	case HOLDFAST_OBSTACLE_BLOCK_DAX:
		return "The block device over the memory does not offer direct access (DAX): that needs a namespace in fsdax mode, and above it only layers that support DAX.";
	case HOLDFAST_OBSTACLE_HOST:
		return "The memory is a file of the host of this virtual machine, which has to be asked to flush it: only the kernel can ask.";
	case HOLDFAST_OBSTACLE_MOUNT:
		return "The file system lies on persistent memory, but is mounted without direct access to it: mount it with -o dax to get finer granularity.";
	case HOLDFAST_OBSTACLE_FILE:
		return "The file system lies on persistent memory, but gives direct access (DAX) to marked files and directories only, and this one is not marked: mark the directory with `chattr +x' before files are made in it, or mount with -o dax.";
	case HOLDFAST_OBSTACLE_UNKNOWN:
		return "It could not be found out what prevents finer granularity.";
	}
	return "The reason is not known.";
}

const char *sentence_of_deep_flush(enum holdfast_deep_flush deep_flush)
{
	switch (deep_flush) {
	case HOLDFAST_DEEP_FLUSH_ABSENT:
		return "There is no deep flush here: durability relies on the capacitors or batteries of the machine, if it has any.";
	case HOLDFAST_DEEP_FLUSH_NOT_NEEDED:
		return "The region says that a deep flush, which would also empty the memory controller's buffers, has nothing to do here.";
	case HOLDFAST_DEEP_FLUSH_AVAILABLE:
		return "A deep flush also empties the buffers of the memory controller, so that durability does not rely on capacitors.";
	case HOLDFAST_DEEP_FLUSH_UNREADABLE:
		return "Nothing shows whether a deep flush is available; asking for one will fail.";
	case HOLDFAST_DEEP_FLUSH_PAGES:
		return "A deep flush writes the pages back, as an ordinary persist does.";
	}
	return "The effect of a deep flush is not known.";
}

const char *phrase_of_domain(enum holdfast_domain domain)
{
	switch (domain) {
	case HOLDFAST_DOMAIN_NONE:
		return "the kernel lists nothing that survives a power cut";
	case HOLDFAST_DOMAIN_CPU_CACHE:
		return "the CPU's caches survive a power cut (eADR)";
	case HOLDFAST_DOMAIN_MEMORY_CONTROLLER:
		return "what has left the CPU's caches survives a power cut (ADR)";
	case HOLDFAST_DOMAIN_UNKNOWN:
		return "the kernel does not say whether the CPU's caches survive a power cut";
	case HOLDFAST_DOMAIN_UNREADABLE:
		return "whether the CPU's caches survive a power cut cannot be read";
	}
	return "what survives a power cut is not known";
}

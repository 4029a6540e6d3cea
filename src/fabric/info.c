/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/info.h"

#include <errno.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <dirent.h>

#include "base/env.h"

/*
 * Numbers of descriptors that each end needs for a lane, and for everything else. They were found
 * by counting open descriptors.
 */
#define LANE_DESCRIPTORS  5
#define OTHER_DESCRIPTORS 32

/* Folder in which the kernel lists the RDMA adapters that programs can use. */
#define VERBS_FOLDER "/sys/class/infiniband_verbs"

static struct fi_info *make_hints(enum holdfast_provider provider)
{
	struct fi_info *hints = library.dupinfo(NULL);

	if (!hints)
		return NULL;
	hints->ep_attr->type = FI_EP_MSG;
	hints->caps = FI_MSG | FI_RMA;
	hints->mode = FI_RX_CQ_DATA;
	hints->addr_format = FI_FORMAT_UNSPEC;
	hints->domain_attr->mr_mode =
		FI_MR_LOCAL | FI_MR_VIRT_ADDR | FI_MR_ALLOCATED | FI_MR_PROV_KEY;
	hints->domain_attr->threading = FI_THREAD_SAFE;
	/*
	 * Require that messages arrive after earlier writes, and that reads return what earlier
	 * writes wrote.
	 */
	hints->tx_attr->msg_order = FI_ORDER_SAS | FI_ORDER_SAW | FI_ORDER_RAW;
	hints->fabric_attr->prov_name = strdup(wire_provider_name(provider));
	if (!hints->fabric_attr->prov_name) {
		library.freeinfo(hints);
		return NULL;
	}
	return hints;
}

static int get_info(enum holdfast_provider provider, const char *host, const char *service,
	uint64_t flags, struct fi_info **info)
{
	struct fi_info *hints = make_hints(provider);

	if (!hints)
		return -FI_ENOMEM;
	int code = library.getinfo(FI_VERSION(1, 17), host, service, flags, hints, info);
	library.freeinfo(hints);
	return code;
}

int fabric_info_get(enum holdfast_provider provider, const char *host, uint16_t port, bool listen,
	struct fi_info **info)
{
	char service[8];
	int code = library_load();

	if (code)
		return code;
	snprintf(service, sizeof(service), "%u", port);
	code = get_info(provider, host, service, listen ? FI_SOURCE : 0, info);
	if (code)
		return err_set(-ENOMEDIUM, "cannot %s %s port %u over %s: %s",
			listen ? "listen on" : "reach", host ? host : "any address", port,
			wire_provider_name(provider), library.strerror(-code));
	return 0;
}

void fabric_info_free(struct fi_info *info)
{
	if (info)
		library.freeinfo(info);
}

/*
 * Loads libfabric, and sends it a first query, at which it sets up its providers. This takes as
 * long as loading.
 */
int fabric_load(void)
{
	struct fi_info *info;
	int code = library_load();

	if (!code && !get_info(HOLDFAST_PROVIDER_TCP, NULL, NULL, 0, &info))
		library.freeinfo(info);
	return code;
}

bool fabric_has_verbs(const char *folder)
{
	static const char prefix[] = "uverbs";
	DIR *directory = opendir(folder);
	const struct dirent *entry = NULL;

	if (!directory)
		return false;
	do
		entry = readdir(directory);
	while (entry && strncmp(entry->d_name, prefix, strlen(prefix)));
	closedir(directory);
	return entry;
}

bool fabric_has_adapter(void)
{
	return fabric_has_verbs(VERBS_FOLDER);
}

/*
 * Set an error message that names FI_PROVIDER: libfabric obeys this variable, but does not mention
 * it in errors.
 */
static int no_provider(const char *host, unsigned wanted)
{
	const char *limit = env_get("FI_PROVIDER");

	return err_set(-ENOMEDIUM, "libfabric %s: %s%s%s%s%.100s%s",
		host ? "cannot reach the host with these providers"
		     : "lacks these providers on this machine",
		wanted & HOLDFAST_PROVIDER_VERBS ? "verbs" : "",
		wanted == WIRE_PROVIDERS ? ", " : "", wanted & HOLDFAST_PROVIDER_TCP ? "tcp" : "",
		limit ? "; FI_PROVIDER=" : "", limit ? limit : "",
		limit ? " in the environment limits libfabric" : "");
}

int fabric_providers(const char *host, unsigned wanted, unsigned *set)
{
	static const enum holdfast_provider all[] = {
		HOLDFAST_PROVIDER_VERBS, HOLDFAST_PROVIDER_TCP};
	unsigned found = 0;
	struct fi_info *info;
	int code = library_load();

	if (code)
		return code;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (!(wanted & all[i]))
			continue;
		if (all[i] == HOLDFAST_PROVIDER_VERBS && !fabric_has_adapter())
			continue;
		if (get_info(all[i], host, host ? "1" : NULL, 0, &info))
			continue;
		found |= all[i];
		library.freeinfo(info);
	}
	if (!found)
		return no_provider(host, wanted);
	*set = found;
	return 0;
}

static unsigned descriptors_in_use(void)
{
	unsigned count = 0;
	DIR *directory = opendir("/proc/self/fd");

	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	return count;
}

unsigned fabric_lanes_affordable(enum holdfast_provider provider, unsigned wanted)
{
	struct rlimit limit;

	(void)provider;
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return wanted;
	rlim_t used = descriptors_in_use() + OTHER_DESCRIPTORS;
	if (limit.rlim_cur < used + LANE_DESCRIPTORS)
		return 0;
	rlim_t lanes = (limit.rlim_cur - used) / LANE_DESCRIPTORS;
	return lanes < wanted ? (unsigned)lanes : wanted;
}

int fabric_code(ssize_t returned)
{
	if (returned > -FI_ERRNO_OFFSET)
		return (int)returned;
	return -returned == FI_ENOAV ? -ENOMEM : -EIO;
}

int fabric_failed(ssize_t returned, const char *format, ...)
{
	char what[ERR_SIZE / 4];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	return err_set(fabric_code(returned), "%s: %s", what, library.strerror((int)-returned));
}

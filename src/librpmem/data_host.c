/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/data_host.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static struct addrinfo *addresses(const char *host, int flags)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
	struct addrinfo *list;

	return getaddrinfo(host, NULL, &hints, &list) ? NULL : list;
}

bool data_host_is_known(const char *host)
{
	struct addrinfo *list = addresses(host, 0);

	if (!list)
		return false;
	freeaddrinfo(list);
	return true;
}

static bool same_address(const struct addrinfo *a, const struct addrinfo *b)
{
	if (a->ai_family != b->ai_family)
		return false;
	if (a->ai_family == AF_INET)
		return !memcmp(&((struct sockaddr_in *)a->ai_addr)->sin_addr,
			&((struct sockaddr_in *)b->ai_addr)->sin_addr, sizeof(struct in_addr));
	return a->ai_family == AF_INET6 &&
	       !memcmp(&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr,
		       &((struct sockaddr_in6 *)b->ai_addr)->sin6_addr, sizeof(struct in6_addr));
}

/*
 * Find the n-th address in the list, without counting addresses that are equal to `other`. Returns
 * NULL if there are fewer.
 */
static const struct addrinfo *pick(
	const struct addrinfo *list, const struct addrinfo *other, unsigned n)
{
	for (; list; list = list->ai_next)
		if (!(other && same_address(list, other)) && !n--)
			return list;
	return NULL;
}

bool data_host_candidate(
	char *chosen, size_t size, const char *host, const char *told, unsigned number)
{
	struct addrinfo *known = addresses(host, 0);
	struct addrinfo *listens = *told ? addresses(told, AI_NUMERICHOST) : NULL;
	const struct addrinfo *found = NULL;
	bool is_one = true;

	if (listens && !number)
		snprintf(chosen, size, "%s", told);
	else if ((found = pick(known, listens, listens ? number - 1 : number)))
		is_one = !getnameinfo(found->ai_addr, found->ai_addrlen, chosen, (socklen_t)size,
			NULL, 0, NI_NUMERICHOST);
	else
		is_one = false;
	if (known)
		freeaddrinfo(known);
	if (listens)
		freeaddrinfo(listens);
	return is_one;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/target.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static bool odd_character(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return true;
	return false;
}

/*
 * Copy `length` bytes of `whole` into an array of `size` bytes. `what` names them in error
 * messages.
 */
static int take(
	char *to, size_t size, const char *from, size_t length, const char *what, const char *whole)
{
	if (!length)
		return err_set(-EINVAL, "target \"%s\": the %s is empty", whole, what);
	if (length >= size)
		return err_set(-EINVAL, "target \"%.300s\": the %s has more than %zu characters",
			whole, what, size - 1);
	if (*from == '-')
		return err_set(-EINVAL, "target \"%s\": the %s begins with \"-\"", whole, what);
	if (odd_character(from, length))
		return err_set(-EINVAL, "target \"%s\": the %s has a character that is not allowed",
			whole, what);
	memcpy(to, from, length);
	to[length] = '\0';
	return 0;
}

static int take_port(struct target *target, const char *port, const char *whole)
{
	char *end;
	size_t digits = strspn(port, "0123456789");
	unsigned long number = strtoul(port, &end, 10);

	if (!digits || port[digits] || digits >= sizeof(target->port) || !number || number > 65535)
		return err_set(
			-EINVAL, "target \"%s\": the port is not a number from 1 to 65535", whole);
	memcpy(target->port, port, digits + 1);
	return 0;
}

int target_parse(const char *text, struct target *target)
{
	struct target got = {.user = ""};
	const char *at = strrchr(text, '@'), *host = at ? at + 1 : text, *port = NULL;
	size_t length = strlen(host);
	int rc = at ? take(got.user, sizeof(got.user), text, (size_t)(at - text), "user", text) : 0;

	if (rc)
		return rc;
	if (*host == '[') {
		const char *end = strchr(++host, ']');
		if (!end)
			return err_set(-EINVAL, "target \"%s\": no \"]\" for its \"[\"", text);
		length = (size_t)(end - host);
		if (end[1] == ':')
			port = end + 2;
		else if (end[1])
			return err_set(-EINVAL, "target \"%s\": no port after the \"]\"", text);
	} else {
		const char *colon = strchr(host, ':');
		if (colon && !strchr(colon + 1, ':')) {
			length = (size_t)(colon - host);
			port = colon + 1;
		}
	}
	rc = take(got.host, sizeof(got.host), host, length, "host", text);
	/*
	 * Refuse "user@host@22": no host is a mere number, and ssh would try it until the time
	 * limit.
	 */
	if (!rc && strspn(got.host, "0123456789") == length)
		rc = err_set(-EINVAL,
			"target \"%s\": the host is a mere number; write a port as HOST:PORT",
			text);
	if (!rc && port)
		rc = take_port(&got, port, text);
	if (!rc)
		*target = got;
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "publish.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

/*
 * Make the address of the local socket for a pool set: an abstract one (unix(7)), which is not in
 * the file system. It is made from the device and inode of the first part, so that the daemon that
 * asks and the one that answers get the same address, even if their set files have different names.
 * Returns the length of the address, or 0 if the part does not exist.
 */
static socklen_t address_of(const struct pool_set *set, struct sockaddr_un *address)
{
	struct stat part;

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (!set->count || stat(set->entries[0].path, &part))
		return 0;
	int length = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1,
		"holdfast-rpmemd-%jx-%jx-%jx", (uintmax_t)part.st_dev, (uintmax_t)part.st_ino,
		(uintmax_t)part.st_rdev);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

static bool is_allowed(int fd)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t size = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	       (!peer.uid || peer.uid == geteuid() || !geteuid());
}

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void publish_open(struct publish *publish, const struct pool_set *set)
{
	struct sockaddr_un address;
	socklen_t length = address_of(set, &address);

	*publish = (struct publish){-1, -1};
	if (!length)
		return;
	publish->listening = make_socket();
	if (publish->listening >= 0 &&
		!bind(publish->listening, (const struct sockaddr *)&address, length) &&
		!listen(publish->listening, 4))
		return;
	log_notice("cannot publish the counters of this session: %m");
	publish_close(publish);
}

static void end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void publish_close(struct publish *publish)
{
	end(&publish->listening);
	end(&publish->asker);
}

int publish_fd(const struct publish *publish)
{
	return publish->asker < 0 ? publish->listening : -1;
}

bool publish_accept(struct publish *publish)
{
	publish->asker = accept4(publish->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (publish->asker >= 0 && !is_allowed(publish->asker))
		end(&publish->asker);
	return publish->asker >= 0;
}

void publish_answer(struct publish *publish, const struct wire_session *session)
{
	uint8_t bytes[WIRE_SESSION_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));

	if (session && publish->asker >= 0) {
		counters_put_session(&out, session);
		/*
		 * Does not wait for a process that has gone or does not read: the socket does not
		 * block.
		 */
		if (send(publish->asker, bytes, writer_length(&out), MSG_NOSIGNAL) < 0)
			log_debug("a process that asked for the counters has gone: %m");
	}
	end(&publish->asker);
}

static int not_known(const struct pool_set *set, const char *why)
{
	return err_minor(LOG_DEBUG, -ENOENT, "%s: counters are not known: %s", set->name, why);
}

static int receive(const struct pool_set *set, int fd, int timeout_ms, struct wire_session *session)
{
	uint8_t bytes[WIRE_SESSION_SIZE + 1];
	struct pollfd wait = {fd, POLLIN, 0};
	ssize_t got = poll(&wait, 1, timeout_ms) > 0 ? recv(fd, bytes, sizeof(bytes), 0) : -1;
	struct reader in = reader_on(bytes, got > 0 ? (size_t)got : 0);

	if (got <= 0)
		return not_known(set, got ? "no answer in time" : "the initiator cannot be asked");
	return counters_get_session(&in, session) ? not_known(set, err_get()) : 0;
}

int publish_ask(const struct pool_set *set, int timeout_ms, struct wire_session *session)
{
	struct sockaddr_un address;
	socklen_t length = address_of(set, &address);
	int fd = length ? make_socket() : -1, rc;

	if (fd < 0)
		return not_known(set, "no part, or no socket");
	if (connect(fd, (const struct sockaddr *)&address, length))
		rc = not_known(set, "nobody has the pool open");
	else if (!is_allowed(fd))
		rc = not_known(set, "another user has the pool open");
	else
		rc = receive(set, fd, timeout_ms, session);
	close(fd);
	return rc;
}

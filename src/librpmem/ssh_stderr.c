/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/ssh_stderr.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* Keep the last line that is not empty: banners and warnings come before it. */
static void keep(struct ssh_stderr *said, const char *text, size_t length)
{
	size_t used = strlen(said->line);

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n' || text[i] == '\r') {
			said->complete = true;
			continue;
		}
		if (said->complete)
			used = 0;
		said->complete = false;
		if (used < sizeof(said->line) - 1)
			said->line[used++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
		said->line[used] = '\0';
	}
}

bool ssh_stderr_read(struct ssh_stderr *said, int fd)
{
	char text[512];
	ssize_t got = read(fd, text, sizeof(text));

	for (ssize_t i = 0; i < got; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\r')
			text[i] = '?';
	if (got > 0) {
		keep(said, text, (size_t)got);
		log_notice("ssh: %.*s", (int)got - (text[got - 1] == '\n'), text);
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		said->ended = true;
	}
	return said->ended;
}

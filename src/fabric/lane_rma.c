/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lane_rma.c - a lane's reads and writes of the target's memory, done by the adapter without
 * messages
 */
#include "fabric/lane.h"

#include "base/memcheck.h"

static int write_piece(struct lane *lane, size_t offset, size_t length, uint64_t flags)
{
	struct iovec part = {(char *)lane->client->args.local + offset, length};
	struct fi_rma_iov to = {lane->target.write_base + offset, length, lane->target.write_key};
	void *desc = lane_local_desc(lane);
	struct fi_msg_rma message = {
		.msg_iov = &part,
		.desc = &desc,
		.iov_count = 1,
		.rma_iov = &to,
		.rma_iov_count = 1,
		.context = &lane->write_op,
	};
	int again = lane_wait_piece(lane);

	if (again)
		return again;
	do {
		memcheck_pause();
		ssize_t code = fi_writemsg(lane->ep, &message, flags | FI_COMPLETION);
		memcheck_resume();
		again = lane_posted(lane, code, "write");
	} while (again > 0);
	lane->writes += !again;
	return again;
}

int lane_write(struct lane *lane, size_t offset, size_t length, uint64_t flags)
{
	while (length) {
		size_t part = length < LANE_PIECE ? length : LANE_PIECE;
		int code = write_piece(lane, offset, part, flags);
		if (code)
			return code;
		lane->written = offset;
		lane->unconfirmed = true;
		offset += part;
		length -= part;
	}
	return 0;
}

static int read_piece(struct lane *lane, void *to, size_t offset, size_t length)
{
	int again = lane_wait_piece(lane);

	if (again)
		return again;
	do {
		ssize_t code = fi_read(lane->ep, to, length, lane->mr ? fi_mr_desc(lane->mr) : NULL,
			0, lane->target.read_base + offset, lane->target.read_key, &lane->read_op);
		again = lane_posted(lane, code, "read");
	} while (again > 0);
	lane->reads += !again;
	return again;
}

int lane_read(struct lane *lane, void *to, size_t offset, size_t length)
{
	char *at = to;

	while (length) {
		size_t part = length < LANE_PIECE ? length : LANE_PIECE;
		int code = read_piece(lane, at, offset, part);
		if (code)
			return code;
		at += part;
		offset += part;
		length -= part;
	}
	return 0;
}

int lane_read_back(struct lane *lane)
{
	size_t last = lane->client->args.size - sizeof(uint64_t);

	lane->unconfirmed = false;
	return read_piece(
		lane, lane->scratch, lane->written < last ? lane->written : last, sizeof(uint64_t));
}

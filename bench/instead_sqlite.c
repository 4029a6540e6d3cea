/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * instead_sqlite.c - a transaction of SQLite stores the bytes, with a write-ahead log and
 * synchronous=FULL, which makes each commit durable
 */
#include "instead.h"

#ifdef HAVE_SQLITE
#include <err.h>
#include <sqlite3.h>
#include <stdio.h>

static sqlite3 *db;
static sqlite3_stmt *put;

static void must(int code)
{
	if (code != SQLITE_OK)
		errx(1, "sqlite: %s", sqlite3_errmsg(db));
}

const char *sqlite_open(void)
{
	char path[4100];

	snprintf(path, sizeof(path), "%s/sqlite", instead_scratch());
	must(sqlite3_open(path, &db));
	must(sqlite3_exec(db,
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;CREATE TABLE slots (slot INTEGER PRIMARY KEY, bytes BLOB)",
		NULL, NULL, NULL));
	must(sqlite3_prepare_v2(db, "REPLACE INTO slots VALUES (?, ?)", -1, &put, NULL));
	return NULL;
}

void sqlite_commit(size_t slot, const void *bytes, size_t len)
{
	must(sqlite3_bind_int64(put, 1, (sqlite3_int64)slot));
	must(sqlite3_bind_blob(put, 2, bytes, (int)len, SQLITE_STATIC));
	if (sqlite3_step(put) != SQLITE_DONE)
		errx(1, "sqlite: %s", sqlite3_errmsg(db));
	must(sqlite3_reset(put));
}
#else
const char *sqlite_open(void)
{
	return "libsqlite3-dev was absent when this was built";
}

void sqlite_commit(size_t slot, const void *bytes, size_t len)
{
	(void)slot;
	(void)bytes;
	(void)len;
}
#endif

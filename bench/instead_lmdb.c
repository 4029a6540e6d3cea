/* SPDX-License-Identifier: BSD-3-Clause */
/* instead_lmdb.c - a transaction of LMDB stores the bytes; by default its commits are durable */
#include "instead.h"

#ifdef HAVE_LMDB
#include <err.h>
#include <lmdb.h>

static MDB_env *env;
static MDB_dbi dbi;

static void must(int code)
{
	if (code)
		errx(1, "lmdb: %s", mdb_strerror(code));
}

const char *lmdb_open(void)
{
	MDB_txn *txn;

	must(mdb_env_create(&env));
	must(mdb_env_set_mapsize(env, (size_t)64 << 20));
	must(mdb_env_open(env, instead_scratch(), 0, 0600));
	must(mdb_txn_begin(env, NULL, 0, &txn));
	must(mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &dbi));
	must(mdb_txn_commit(txn));
	return NULL;
}

void lmdb_commit(size_t slot, const void *bytes, size_t len)
{
	MDB_val key = {sizeof(slot), &slot}, value = {len, (void *)bytes};
	MDB_txn *txn;

	must(mdb_txn_begin(env, NULL, 0, &txn));
	must(mdb_put(txn, dbi, &key, &value, 0));
	must(mdb_txn_commit(txn));
}
#else
const char *lmdb_open(void)
{
	return "liblmdb-dev was absent when this was built";
}

void lmdb_commit(size_t slot, const void *bytes, size_t len)
{
	(void)slot;
	(void)bytes;
	(void)len;
}
#endif

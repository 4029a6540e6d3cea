/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tx run POOL [N] | tx forget POOL N | tx check POOL - makes and checks transactions of libpmemobj;
 * tests kill this program in the middle of its transactions
 *
 * A pool holds accounts, whose sum never changes, and a list of the last transfers, each in a
 * separate block with a checksum. A transaction moves money, adds a block, frees the oldest block
 * and adds 1 to the number of transactions.
 *
 *	run	makes N transactions (without N: until it is killed), and prints "done NUMBER"
 *		after each
 *	forget	does what `run' does, with a mistake: it changes the account that receives the
 *		money without a snapshot
 *	check	opens the pool, so that libpmemobj rolls back an unfinished transaction, and
 *		prints the number of transactions, or a text that says what is wrong
 *
 * The functions of libpmemobj.so.1 are declared here, so that the program builds without that
 * library.
 */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The same as PMEMoid of libpmemobj: identifies an object by its pool and its offset. */
struct oid {
	uint64_t pool;
	uint64_t offset;
};

struct pool;

static struct {
	struct pool *(*create)(const char *path, const char *layout, size_t size, unsigned mode);
	struct pool *(*open)(const char *path, const char *layout);
	void (*close)(struct pool *pool);
	struct oid (*root)(struct pool *pool, size_t size);
	int (*tx_begin)(struct pool *pool, jmp_buf env, ...);
	int (*tx_add_range_direct)(const void *ptr, size_t size);
	struct oid (*tx_alloc)(size_t size, uint64_t type);
	int (*tx_free)(struct oid oid);
	void (*tx_commit)(void);
	int (*tx_end)(void);
	const char *(*errormsg)(void);
} obj;

#define ACCOUNTS  1024
#define WEALTH    1000 /* initial balance of each account */
#define KEPT      32   /* number of transfers in the list */
#define POOL_SIZE (16UL << 20)

struct transfer {
	uint64_t number, from, to, amount;
	uint64_t sum; /* checksum of the four members above */
	char padding[600];
};

struct root {
	uint64_t opened; /* 1: a transaction has initialized the accounts */
	uint64_t count;  /* transactions */
	int64_t accounts[ACCOUNTS];
	struct oid last[KEPT]; /* last[N % KEPT] is transfer number N */
};

static bool forgets; /* the command is `forget' */
static struct pool *pool;
static struct root *root;

__attribute__((__noreturn__)) static void give_up(const char *what)
{
	fprintf(stderr, "tx: %s: %s\n", what, obj.errormsg ? obj.errormsg() : dlerror());
	exit(2);
}

static void *find(void *library, const char *name)
{
	void *symbol = dlsym(library, name);

	if (!symbol)
		give_up(name);
	return symbol;
}

static void load(void)
{
	void *library = dlopen("libpmemobj.so.1", RTLD_NOW);

	if (!library)
		give_up("cannot load libpmemobj.so.1");
	obj.create = find(library, "pmemobj_create");
	obj.open = find(library, "pmemobj_open");
	obj.close = find(library, "pmemobj_close");
	obj.root = find(library, "pmemobj_root");
	obj.tx_begin = find(library, "pmemobj_tx_begin");
	obj.tx_add_range_direct = find(library, "pmemobj_tx_add_range_direct");
	obj.tx_alloc = find(library, "pmemobj_tx_alloc");
	obj.tx_free = find(library, "pmemobj_tx_free");
	obj.tx_commit = find(library, "pmemobj_tx_commit");
	obj.tx_end = find(library, "pmemobj_tx_end");
	obj.errormsg = find(library, "pmemobj_errormsg");
}

static void *direct(struct oid oid)
{
	return (char *)pool + oid.offset;
}

static void begin(void)
{
	if (obj.tx_begin(pool, NULL, 0))
		give_up("cannot begin a transaction");
}

static void add(void *ptr, size_t size)
{
	if (obj.tx_add_range_direct(ptr, size))
		give_up("cannot take a snapshot of a range");
}

static void commit(void)
{
	obj.tx_commit();
	if (obj.tx_end())
		give_up("cannot commit a transaction");
}

static void open_pool(const char *path)
{
	pool = obj.open(path, "accounts");
	if (!pool && errno == ENOENT)
		pool = obj.create(path, "accounts", POOL_SIZE, 0600);
	if (!pool)
		give_up(path);
	root = direct(obj.root(pool, sizeof(*root)));
	if (root->opened)
		return;
	begin();
	add(root, sizeof(*root));
	for (int i = 0; i < ACCOUNTS; i++)
		root->accounts[i] = WEALTH;
	root->opened = 1;
	commit();
}

static uint64_t sum_of(const struct transfer *t)
{
	return (t->number * 31 + t->from) * 31 + t->to * 17 + t->amount;
}

static void transfer(uint64_t number)
{
	uint64_t from = number * 7919 % ACCOUNTS, to = number * 104729 % ACCOUNTS;
	struct oid *last = &root->last[number % KEPT];
	int64_t amount = (int64_t)(number % 100);

	begin();
	add(&root->accounts[from], sizeof(root->accounts[0]));
	root->accounts[from] -= amount;
	struct oid made = obj.tx_alloc(sizeof(struct transfer), 1);
	if (!made.offset)
		give_up("cannot allocate a block");
	struct transfer *t = direct(made);
	memset(t, (int)number, sizeof(*t));
	t->number = number;
	t->from = from;
	t->to = to;
	t->amount = (uint64_t)amount;
	t->sum = sum_of(t);
	add(last, sizeof(*last));
	if (last->offset && obj.tx_free(*last))
		give_up("cannot free a block");
	*last = made;
	if (to != from && !forgets)
		add(&root->accounts[to], sizeof(root->accounts[0]));
	root->accounts[to] += amount;
	add(&root->count, sizeof(root->count));
	root->count = number + 1;
	commit();
}

static int wrong(const char *what, uint64_t where)
{
	printf("wrong: %s %llu\n", what, (unsigned long long)where);
	return 1;
}

static int check_last(uint64_t number)
{
	const struct oid *last = &root->last[number % KEPT];
	const struct transfer *t = direct(*last);

	if (!last->offset)
		return wrong("the list lacks transfer", number);
	if (t->number != number || t->sum != sum_of(t))
		return wrong(
			"the list has another transfer, or a wrong checksum, for transfer", number);
	for (size_t i = 0; i < sizeof(t->padding); i++)
		if (t->padding[i] != (char)number)
			return wrong("the block has wrong padding for transfer", number);
	return 0;
}

static int check(void)
{
	int64_t wealth = 0;

	for (int i = 0; i < ACCOUNTS; i++)
		wealth += root->accounts[i];
	if (wealth != (int64_t)ACCOUNTS * WEALTH)
		return wrong("the sum of all accounts is", (uint64_t)wealth);
	for (uint64_t back = 1; back <= KEPT && back <= root->count; back++)
		if (check_last(root->count - back))
			return 1;
	printf("count %llu\n", (unsigned long long)root->count);
	obj.close(pool);
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc < 3 ||
		(strcmp(argv[1], "run") && strcmp(argv[1], "forget") && strcmp(argv[1], "check"))) {
		fputs("usage: tx run|forget|check POOL [N]\n", stderr);
		return 2;
	}
	uint64_t left = argc > 3 ? strtoull(argv[3], NULL, 10) : UINT64_MAX;
	forgets = !strcmp(argv[1], "forget");
	load();
	open_pool(argv[2]);
	if (!strcmp(argv[1], "check"))
		return check();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (uint64_t number = root->count; left; number++, left--) {
		transfer(number);
		printf("done %llu\n", (unsigned long long)number + 1);
	}
	obj.close(pool);
	return 0;
}

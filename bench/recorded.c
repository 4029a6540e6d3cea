/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recorded.c - two workloads, to measure how much slower they are while they are recorded
 *
 *	recorded tree FILE N	N inserts into a B-tree, each a transaction of libpmemobj
 *	recorded table FILE N	N inserts into a hash table on libpmem, each with two persists
 *	recorded ... cpu	measure the processor time of the program, not elapsed time
 *
 * The nanoseconds that the inserts took go to standard output; the script bench/recorded runs it.
 * This program declares the functions of libpmemobj itself, so it builds without that library.
 */
#include <dlfcn.h>
#include <libpmem.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POOL  (64UL << 20)
#define ORDER 8
#define SLOTS (1u << 17)

static clockid_t which = CLOCK_MONOTONIC;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(which, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t key_of(uint64_t number)
{
	return (number * UINT64_C(0x9E3779B97F4A7C15) >> 24) + 1;
}

__attribute__((__noreturn__)) static void give_up(const char *what)
{
	fprintf(stderr, "recorded: %s\n", what);
	exit(2);
}

/* ---- the tree */

struct oid {
	uint64_t pool, offset;
};

struct node {
	uint64_t count;
	uint64_t keys[ORDER - 1];
	struct oid children[ORDER];
};

struct root {
	struct oid top;
	uint64_t count;
};

static struct pool *pool;

static struct {
	struct pool *(*create)(const char *path, const char *layout, size_t size, unsigned mode);
	void (*close)(struct pool *pool);
	struct oid (*root)(struct pool *pool, size_t size);
	int (*tx_begin)(struct pool *pool, jmp_buf env, ...);
	int (*tx_add_range_direct)(const void *ptr, size_t size);
	struct oid (*tx_zalloc)(size_t size, uint64_t type);
	void (*tx_commit)(void);
	int (*tx_end)(void);
} obj;

static void *find(void *library, const char *name)
{
	void *symbol = library ? dlsym(library, name) : NULL;

	if (!symbol)
		give_up("libpmemobj.so.1 is not installed");
	return symbol;
}

static void load(void)
{
	void *library = dlopen("libpmemobj.so.1", RTLD_NOW);

	obj.create = find(library, "pmemobj_create");
	obj.close = find(library, "pmemobj_close");
	obj.root = find(library, "pmemobj_root");
	obj.tx_begin = find(library, "pmemobj_tx_begin");
	obj.tx_add_range_direct = find(library, "pmemobj_tx_add_range_direct");
	obj.tx_zalloc = find(library, "pmemobj_tx_zalloc");
	obj.tx_commit = find(library, "pmemobj_tx_commit");
	obj.tx_end = find(library, "pmemobj_tx_end");
}

static void *direct(struct oid oid)
{
	return (char *)pool + oid.offset;
}

static void add(void *ptr, size_t size)
{
	if (obj.tx_add_range_direct(ptr, size))
		give_up("a snapshot failed");
}

static struct oid new_node(void)
{
	struct oid oid = obj.tx_zalloc(sizeof(struct node), 1);

	if (!oid.offset)
		give_up("an allocation failed");
	return oid;
}

/*
 * Splits the full child number `at` of `parent`: the upper half of the child becomes a new node to
 * its right. The transaction must already have a snapshot of `parent`.
 */
static void split(struct node *parent, uint64_t at)
{
	struct node *left = direct(parent->children[at]);
	struct oid made = new_node();
	struct node *right = direct(made);
	uint64_t middle = (ORDER - 1) / 2;

	add(left, sizeof(*left));
	right->count = ORDER - 2 - middle;
	memcpy(right->keys, &left->keys[middle + 1], right->count * sizeof(right->keys[0]));
	memcpy(right->children, &left->children[middle + 1],
		(right->count + 1) * sizeof(right->children[0]));
	memmove(&parent->keys[at + 1], &parent->keys[at],
		(parent->count - at) * sizeof(parent->keys[0]));
	memmove(&parent->children[at + 2], &parent->children[at + 1],
		(parent->count - at) * sizeof(parent->children[0]));
	parent->keys[at] = left->keys[middle];
	parent->children[at + 1] = made;
	parent->count++;
	left->count = middle;
}

static void grow(struct root *root)
{
	struct oid made = new_node();

	add(&root->top, sizeof(root->top));
	if (root->top.offset) {
		struct node *top = direct(made);
		top->children[0] = root->top;
		split(top, 0);
	}
	root->top = made;
}

static void insert_into(struct node *node, uint64_t key)
{
	for (;;) {
		uint64_t at = 0;
		while (at < node->count && node->keys[at] < key)
			at++;
		if (!node->children[at].offset) {
			add(node, sizeof(*node));
			memmove(&node->keys[at + 1], &node->keys[at],
				(node->count - at) * sizeof(node->keys[0]));
			node->keys[at] = key;
			node->count++;
			return;
		}
		struct node *child = direct(node->children[at]);
		if (child->count == ORDER - 1) {
			add(node, sizeof(*node));
			split(node, at);
		} else {
			node = child;
		}
	}
}

static void insert(struct root *root, uint64_t key)
{
	if (obj.tx_begin(pool, NULL, 0))
		give_up("a transaction failed");
	if (!root->top.offset || ((struct node *)direct(root->top))->count == ORDER - 1)
		grow(root);
	insert_into(direct(root->top), key);
	add(&root->count, sizeof(root->count));
	root->count++;
	obj.tx_commit();
	if (obj.tx_end())
		give_up("a transaction failed");
}

static uint64_t tree(const char *path, uint64_t count)
{
	load();
	pool = obj.create(path, "tree", POOL, 0600);
	if (!pool)
		give_up("the pool cannot be made");
	struct root *root = direct(obj.root(pool, sizeof(*root)));
	uint64_t begin = now();
	for (uint64_t i = 0; i < count; i++)
		insert(root, key_of(i));
	uint64_t end = now();
	obj.close(pool);
	return end - begin;
}

/* ---- the table */

struct slot {
	uint64_t key, value;
};

struct table {
	uint64_t count;
	_Alignas(64) struct slot slots[SLOTS];
};

static void put(struct table *table, uint64_t key, uint64_t value)
{
	uint64_t at = key % SLOTS;

	while (table->slots[at].key)
		at = (at + 1) % SLOTS;
	table->slots[at].value = value;
	table->slots[at].key = key;
	pmem_persist(&table->slots[at], sizeof(struct slot));
	table->count++;
	pmem_persist(&table->count, sizeof(table->count));
}

static uint64_t table(const char *path, uint64_t count)
{
	size_t length;
	int is_pmem;
	struct table *mapped =
		pmem_map_file(path, sizeof(*mapped), PMEM_FILE_CREATE, 0600, &length, &is_pmem);

	if (!mapped || count >= SLOTS)
		give_up("the table cannot be made");
	uint64_t begin = now();
	for (uint64_t i = 0; i < count; i++)
		put(mapped, key_of(i), i);
	return now() - begin;
}

int main(int argc, char *argv[])
{
	if (argc != 4 && argc != 5)
		give_up("usage: recorded tree|table FILE N [cpu]");
	if (argc == 5)
		which = CLOCK_PROCESS_CPUTIME_ID;
	uint64_t count = strtoull(argv[3], NULL, 10);
	printf("%llu\n",
		(unsigned long long)(strcmp(argv[1], "tree") ? table : tree)(argv[2], count));
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tree.c - a binary tree, changed in transactions
 *
 * p6	a node is changed without an undo entry
 * p10	clearing the tree is interrupted, and recovery follows a pointer to a child that was freed
 * x4	a rotation changes a child without a snapshot
 */
#include "map.h"
#include "undo.h"

struct node {
	ALIGNED uint64_t key;
	uint64_t value, is_inner;
	ALIGNED uint64_t child[2];
};

struct root {
	ALIGNED uint64_t tree;
	ALIGNED uint64_t count;
	ALIGNED uint64_t is_clearing;
};

static struct root *root(void)
{
	return (struct root *)(void *)(base + ROOT);
}

static uint64_t *find(unsigned key)
{
	uint64_t *link = &root()->tree;

	unsigned depth = 0;

	for (struct node *node = at(*link); node && node->key != key; node = at(*link)) {
		link = &node->child[key > node->key];
		if (++depth > KEYS) {
			puts("the tree has a cycle");
			exit(1);
		}
	}
	return link;
}

static uint64_t new_node(unsigned key, unsigned value)
{
	struct node *node = carve(sizeof(*node));

	node->key = key;
	node->value = value;
	persist(node, sizeof(*node));
	return offset_of(node);
}

static void put(unsigned key, unsigned value)
{
	uint64_t node = new_node(key, value), *link = find(key);

	undo_keep(&root()->count, sizeof(root()->count));
	root()->count++;
	if (HAS(p6)) {
		*link = node; /* p6: early */
		persist(link, sizeof(*link));
	} else {
		undo_keep(link, sizeof(*link));
		*link = node;
	}
	undo_commit();
}

static void take(unsigned key)
{
	(void)key;
}

/* Rotates the tree: the right child of the root becomes the root. */
static void rotate(void)
{
	struct node *old = at(root()->tree), *new = at(old->child[1]);

	undo_keep(&root()->tree, sizeof(root()->tree));
	undo_keep(&old->child[1], sizeof(uint64_t));
	if (!HAS(x4))
		undo_keep(&new->child[0], sizeof(uint64_t));
	root()->tree = offset_of(new);
	old->child[1] = new->child[0];
	new->child[0] = offset_of(old); /* x4: early */
	undo_commit();
}

static void clear_below(struct node *node)
{
	for (unsigned i = 0; i < 2; i++) {
		if (!node->child[i])
			continue;
		clear_below(at(node->child[i]));
		node->child[i] = 0;
		persist(&node->child[i], sizeof(uint64_t));
	}
}

static void clear(void)
{
	if (root()->tree || HAS(p10))
		clear_below(at(root()->tree));
	root()->tree = 0; /* p10: early */
	persist(&root()->tree, sizeof(root()->tree));
	root()->count = 0;
	persist(&root()->count, sizeof(root()->count));
	root()->is_clearing = 0; /* p10: lost */
	persist(&root()->is_clearing, sizeof(root()->is_clearing));
}

static void special(unsigned number)
{
	if (!number) {
		rotate();
		return;
	}
	root()->is_clearing = 1;
	persist(&root()->is_clearing, sizeof(root()->is_clearing));
	clear();
}

static unsigned get(unsigned key)
{
	const struct node *node = at(*find(key));

	return node ? (unsigned)node->value : 0;
}

static unsigned count_below(const struct node *node, unsigned depth)
{
	return node && depth < KEYS ? 1 + count_below(at(node->child[0]), depth + 1) +
					      count_below(at(node->child[1]), depth + 1)
				    : 0;
}

static unsigned count_all(void)
{
	unsigned count = count_below(at(root()->tree), 0);

	return count == root()->count ? count : KEYS + 1;
}

static void recover(void)
{
	undo_recover();
	if (root()->is_clearing)
		clear();
}

static const struct operation operations[] = {{'+', 10, 1}, {'+', 5, 2}, {'+', 20, 3}, {'+', 15, 4},
	{'*', 0, 0}, {'+', 25, 5}, {'+', 7, 6}};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void work(void)
{
	run_all(operations, COUNT(operations));
	special(1);
	done();
	put(3, 1);
	done();
}

static int check(unsigned count)
{
	recover();
	if (count < COUNT(operations) || (count == COUNT(operations) && root()->tree))
		return compare(operations, COUNT(operations), count);
	if (count_all() != (get(3) ? 1 : 0) || (count > COUNT(operations) + 1 && !get(3)))
		return wrong("the tree is wrong after it was cleared");
	return 0;
}

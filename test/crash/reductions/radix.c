/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * radix.c - a radix tree of keys of two digits, whose root skips a prefix that all keys share; and
 * a separate trie of keys of one digit
 *
 * w2	prefix and child change in two stores, which must be one store
 * w26	a node's counter may become durable before the slot that it counts
 * w36	a fence is missing after a flush in the trie
 * w38	the trie flushes a wrong address
 */
#include "map.h"

#define DIGITS 8

struct leaf {
	ALIGNED uint64_t key;
	ALIGNED uint64_t value;
};

struct node {
	ALIGNED uint64_t count;
	/*
	 * Offsets of leaves, in the order in which they were added; or offsets of nodes, each at
	 * the index that equals its digit.
	 */
	ALIGNED uint64_t slots[DIGITS];
};

struct root {
	ALIGNED uint64_t head;   /* child's offset; upper half: 1 + the skipped digit, or 0 */
	ALIGNED uint64_t prefix; /* mistake w2: in place of the upper half of `head` */
	uint64_t child;
	ALIGNED uint64_t trie[DIGITS];
};

static struct root *root(void)
{
	return (struct root *)(void *)(base + ROOT);
}

static uint64_t prefix_now(void)
{
	return HAS(w2) ? root()->prefix : root()->head >> 32;
}

static struct node *child_now(void)
{
	return at(HAS(w2) ? root()->child : (uint32_t)root()->head);
}

static void set_head(uint64_t prefix, uint64_t child)
{
	if (HAS(w2)) {
		volatile struct root *r = root();
		r->child = child;   /* w2: early */
		r->prefix = prefix; /* w2: lost */
		persist(&root()->prefix, 2 * sizeof(uint64_t));
		return;
	}
	root()->head = prefix << 32 | child;
	persist(&root()->head, sizeof(root()->head));
}

static struct leaf *new_leaf(unsigned key, unsigned value)
{
	struct leaf *leaf = carve(sizeof(*leaf));

	leaf->key = key;
	leaf->value = value;
	persist(leaf, sizeof(*leaf));
	return leaf;
}

/* Adds a leaf to a node. Only the first `count` leaves of a node are valid. */
static void add_leaf(struct node *node, const struct leaf *leaf)
{
	node->slots[node->count] = offset_of(leaf); /* w26: lost */
	flush(&node->slots[node->count], sizeof(uint64_t));
	if (!HAS(w26))
		drain();
	node->count++; /* w26: early */
	persist(&node->count, sizeof(node->count));
}

static struct node *new_node(void)
{
	struct node *node = carve(sizeof(*node));

	persist(node, sizeof(*node));
	return node;
}

static struct node *node_of(unsigned key)
{
	struct node *top = child_now();

	if (!top)
		return NULL;
	if (prefix_now())
		return prefix_now() - 1 == key / DIGITS ? top : NULL;
	return at(top->slots[key / DIGITS]);
}

static void put(unsigned key, unsigned value)
{
	struct node *node = node_of(key), *top = child_now();
	const struct leaf *leaf = new_leaf(key, value);

	if (node) {
		add_leaf(node, leaf);
		return;
	}
	node = new_node();
	add_leaf(node, leaf);
	if (!top) {
		set_head(key / DIGITS + 1, offset_of(node));
	} else if (prefix_now()) {
		struct node *above = new_node();
		above->slots[prefix_now() - 1] = offset_of(top);
		above->slots[key / DIGITS] = offset_of(node);
		persist(above, sizeof(*above));
		set_head(0, offset_of(above));
	} else {
		top->slots[key / DIGITS] = offset_of(node);
		persist(&top->slots[key / DIGITS], sizeof(uint64_t));
	}
}

static void take(unsigned key)
{
	(void)key;
}

/* Puts a key into the trie. */
static void special(unsigned key)
{
	struct leaf *leaf = carve(sizeof(*leaf));

	leaf->key = key;       /* w36: lost */
	leaf->value = key + 1; /* w36 w38: lost */
	flush(leaf, HAS(w38) ? sizeof(leaf) : sizeof(*leaf));
	if (!HAS(w36))
		drain();
	root()->trie[key % DIGITS] = offset_of(leaf); /* w36 w38: early */
	flush(&root()->trie[key % DIGITS], sizeof(uint64_t));
	drain();
}

static const struct leaf *leaf_of(unsigned key)
{
	const struct node *node = node_of(key);

	for (uint64_t i = 0; node && i < node->count; i++) {
		const struct leaf *leaf = at(node->slots[i]);
		if (!leaf) {
			puts("a node's counter counts a leaf that does not exist");
			exit(1);
		}
		if (leaf->key == key)
			return leaf;
	}
	return NULL;
}

static unsigned get(unsigned key)
{
	const struct leaf *leaf = leaf_of(key);

	return leaf ? (unsigned)leaf->value : 0;
}

static unsigned count_all(void)
{
	unsigned count = 0;

	for (unsigned key = 0; key < KEYS; key++)
		count += leaf_of(key) != NULL;
	return count;
}

static void recover(void)
{
}

static const struct operation operations[] = {{'+', 9, 1}, {'+', 10, 2}, {'+', 17, 3}, {'+', 25, 4},
	{'+', 11, 5}, {'*', 3, 0}, {'*', 5, 0}};

#define COUNT (sizeof(operations) / sizeof(operations[0]))

static void work(void)
{
	run_all(operations, COUNT);
}

static int check(unsigned count)
{
	for (unsigned i = 0; i < COUNT; i++) {
		if (operations[i].what != '*')
			continue;
		const struct leaf *leaf = at(root()->trie[operations[i].key]);
		if (leaf ? leaf->value != leaf->key + 1 || !leaf->key : i < count)
			return wrong("a leaf of the trie is incomplete");
	}
	return compare(operations, COUNT, count);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btree.c - a linked list of leaves, each with a sorted array of words. Transactions split leaves;
 * other changes shift the words of a leaf
 *
 * x2	a split changes the number of words in a leaf without a snapshot of that number
 * w4	shifting is interrupted; a word is in the leaf twice, which the next change does not expect
 * w6	two leaves are merged: the emptied leaf is unlinked before the other leaf has its words
 *
 * A word is a key and its value. A leaf ends at the first word that is 0.
 */
#include "map.h"
#include "undo.h"

#define WORDS  8
#define LEAVES 8

struct leaf {
	ALIGNED uint64_t words[WORDS];
	ALIGNED uint64_t used; /* number of valid words in the leaf */
	ALIGNED uint64_t next;
};

struct root {
	ALIGNED uint64_t first;
};

static struct root *root(void)
{
	return (struct root *)(void *)(base + ROOT);
}

static unsigned key_of(uint64_t word)
{
	return (unsigned)(word >> 32);
}

static unsigned length_of(const struct leaf *leaf)
{
	unsigned i = 0;

	while (i < leaf->used && i < WORDS && leaf->words[i])
		i++;
	return i;
}

/* Returns the last leaf whose first key is not larger than `key`. */
static struct leaf *leaf_of(unsigned key)
{
	struct leaf *leaf = at(root()->first), *next;

	for (unsigned i = 0; i < LEAVES && leaf->next; i++, leaf = next) {
		next = at(leaf->next);
		if (!length_of(next) || key_of(next->words[0]) > key)
			break;
	}
	return leaf;
}

static struct leaf *new_leaf(const uint64_t *words, unsigned count, uint64_t next)
{
	struct leaf *leaf = carve(sizeof(*leaf));

	memcpy(leaf->words, words, count * sizeof(*words));
	leaf->used = WORDS;
	leaf->next = next;
	persist(leaf, sizeof(*leaf));
	return leaf;
}

static void split(struct leaf *leaf)
{
	unsigned half = WORDS / 2;
	struct leaf *right = new_leaf(leaf->words + half, WORDS - half, leaf->next);

	undo_keep(&leaf->next, sizeof(leaf->next));
	if (!HAS(x2))
		undo_keep(&leaf->used, sizeof(leaf->used));
	leaf->next = offset_of(right);
	leaf->used = half; /* x2: early */
	undo_commit();
}

/* Makes room in a leaf: clears the words behind `used`. */
static void trim(struct leaf *leaf)
{
	if (leaf->used == WORDS)
		return;
	for (unsigned i = WORDS; i-- > leaf->used;)
		leaf->words[i] = 0;
	persist(leaf->words, sizeof(leaf->words));
	leaf->used = WORDS;
	persist(&leaf->used, sizeof(leaf->used));
}

/*
 * Moves words to the right, the last word first: a crash never loses a word, but one word may be in
 * the leaf twice.
 */
static void put(unsigned key, unsigned value)
{
	if (!root()->first) {
		root()->first = offset_of(new_leaf(NULL, 0, 0));
		persist(&root()->first, sizeof(root()->first));
	}
	struct leaf *leaf = leaf_of(key);
	if (length_of(leaf) == WORDS) {
		split(leaf);
		leaf = leaf_of(key);
	}
	trim(leaf);
	volatile uint64_t *words = leaf->words;
	unsigned i = length_of(leaf);
	for (; i > 0 && key_of(words[i - 1]) > key; i--)
		words[i] = words[i - 1];
	words[i] = (uint64_t)key << 32 | value;
	persist(leaf->words, sizeof(leaf->words));
}

static void take(unsigned key)
{
	struct leaf *leaf = leaf_of(key);
	volatile uint64_t *words = leaf->words;
	unsigned length = length_of(leaf), i = 0;

	while (i < length && key_of(words[i]) != key)
		i++;
	for (; i < length; i++)
		words[i] = i + 1 < length ? words[i + 1] : 0; /* w4: lost store, w4: early store */
	persist(leaf->words, sizeof(leaf->words));
}

/* Merges two leaves: moves all words of the right leaf to the left leaf. */
static void merge(void)
{
	struct leaf *left = at(root()->first), *right = at(left->next);
	unsigned length = length_of(left), more = length_of(right);

	trim(left);
	for (unsigned i = 0; i < more && length + i < WORDS; i++)
		left->words[length + i] = right->words[i]; /* w6: lost */
	flush(left->words, sizeof(left->words));
	if (!HAS(w6))
		drain();
	left->next = right->next; /* w6: early */
	persist(&left->next, sizeof(left->next));
}

static void special(unsigned number)
{
	(void)number;
	merge();
}

static unsigned get(unsigned key)
{
	const struct leaf *leaf = root()->first ? leaf_of(key) : NULL;

	for (unsigned i = 0; leaf && i < length_of(leaf); i++)
		if (key_of(leaf->words[i]) == key)
			return (uint32_t)leaf->words[i];
	return 0;
}

static unsigned count_all(void)
{
	unsigned count = 0, last = UINT32_MAX, i = 0;

	for (struct leaf *leaf = at(root()->first); leaf && i < LEAVES; leaf = at(leaf->next), i++)
		for (unsigned j = 0; j < length_of(leaf); j++) {
			count += key_of(leaf->words[j]) != last;
			last = key_of(leaf->words[j]);
		}
	return count;
}

/* Removes one of two adjacent words with the same key: the left word. */
static void remove_twins(struct leaf *leaf)
{
	for (unsigned i = 0; i + 1 < length_of(leaf); i++)
		if (key_of(leaf->words[i]) == key_of(leaf->words[i + 1])) {
			memmove(&leaf->words[i], &leaf->words[i + 1],
				(WORDS - i - 1) * sizeof(uint64_t));
			leaf->words[WORDS - 1] = 0;
			persist(leaf->words, sizeof(leaf->words));
		}
}

/*
 * Undoes a merge that a crash interrupted: removes the words that the merge has copied to the left
 * leaf and that are still in the right leaf.
 */
static void undo_merge(struct leaf *left, const struct leaf *right)
{
	unsigned length = length_of(left), i = 0;

	while (right && i < length && length_of(right) && left->words[i] < right->words[0])
		i++;
	for (; right && length_of(right) && i < length; i++)
		left->words[i] = 0;
	persist(left->words, sizeof(left->words));
}

static void recover(void)
{
	unsigned i = 0;

	undo_recover();
	for (struct leaf *leaf = at(root()->first); leaf && i < LEAVES;
		leaf = at(leaf->next), i++) {
		undo_merge(leaf, at(leaf->next));
		if (!HAS(w4))
			remove_twins(leaf);
	}
}

static const struct operation operations[] = {{'+', 2, 1}, {'+', 8, 2}, {'+', 4, 3}, {'+', 6, 4},
	{'+', 10, 5}, {'+', 12, 6}, {'+', 14, 7}, {'+', 16, 8}, {'-', 4, 0}, {'+', 4, 9},
	{'+', 11, 10}, {'-', 8, 0}, {'-', 14, 0}, {'-', 16, 0}, {'*', 0, 0}, {'-', 2, 0}};

#define COUNT (sizeof(operations) / sizeof(operations[0]))

static void work(void)
{
	run_all(operations, COUNT);
}

/*
 * Returns 0 if the content is right after `count` operations, and each key can be removed after
 * recovery.
 */
static int check(unsigned count)
{
	if (compare(operations, COUNT, count))
		return 1;
	for (unsigned key = 0; key < KEYS; key++)
		if (get(key)) {
			take(key);
			if (get(key))
				return wrong("a key is still in the tree after its removal");
		}
	return 0;
}

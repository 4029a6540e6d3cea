/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * grown.cc - a hash table in C++ that grows; with the argument "bad", a table of twice the size is
 * used before its slots are durable
 *
 *	grown good|bad FILE
 *	grown check FILE
 */
#include <libpmem.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

struct Slot {
	uint64_t key, value;
};

struct Root {
	uint64_t table, size, count; /* table: offset of the slots */
};

class Table
{
      public:
	Table(char *base, bool is_bad) : base(base), root((Root *)base), is_bad(is_bad)
	{
	}

	void begin()
	{
		root->table = next_free;
		root->size = 4;
		next_free += root->size * sizeof(Slot);
		pmem_persist(root, sizeof(*root));
	}

	void insert(uint64_t key)
	{
		if ((root->count + 1) * 2 > root->size)
			grow();
		Slot *slot = put(root->table, root->size, key, key * 10);
		pmem_persist(slot, sizeof(*slot));
		root->count++;
		pmem_persist(&root->count, sizeof(root->count));
	}

	bool has_all() const
	{
		for (uint64_t key = 1; root->size && key <= root->count; key++)
			if (slot_of(root->table, root->size, key)->value != key * 10)
				return false;
		return true;
	}

      private:
	char *base;
	Root *root;
	bool is_bad;
	uint64_t next_free = 4096;

	/* The slot with the key, or the one that it would get. */
	Slot *slot_of(uint64_t table, uint64_t size, uint64_t key) const
	{
		Slot *slots = (Slot *)(base + table);
		uint64_t i = key % size;

		while (slots[i].key && slots[i].key != key)
			i = (i + 1) % size;
		return &slots[i];
	}

	Slot *put(uint64_t table, uint64_t size, uint64_t key, uint64_t value)
	{
		Slot *slot = slot_of(table, size, key);

		slot->value = value; /* lost */
		slot->key = key;     /* lost */
		return slot;
	}

	void grow()
	{
		uint64_t size = root->size * 2, table = next_free;
		const Slot *slots = (const Slot *)(base + root->table);

		next_free += size * sizeof(Slot);
		for (uint64_t i = 0; i < root->size; i++)
			if (slots[i].key)
				put(table, size, slots[i].key, slots[i].value);
		pmem_flush(base + table, size * sizeof(Slot));
		if (!is_bad)
			pmem_drain();
		root->table = table; /* early */
		root->size = size;   /* early */
		pmem_persist(root, sizeof(*root));
	}
};

int main(int argc, char **argv)
{
	bool is_check = argc == 3 && !strcmp(argv[1], "check");
	size_t length;
	int is_pmem;

	if (argc != 3)
		return 2;
	char *base = (char *)pmem_map_file(argv[2], is_check ? 0 : 65536,
		is_check ? 0 : PMEM_FILE_CREATE, 0666, &length, &is_pmem);
	if (!base)
		return 3;
	Table table(base, !strcmp(argv[1], "bad"));
	if (is_check)
		return !table.has_all();
	table.begin();
	for (uint64_t key = 1; key <= 20; key++)
		table.insert(key);
	return 0;
}

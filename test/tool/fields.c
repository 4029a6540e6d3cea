/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fields.c - print the tables of JSON keys in tools/holdfast/fields.c, a line for each key:
 * "TABLE KEY TYPE [TABLE]"
 *
 * With two arguments, the name of a machine in test/unit/trees and an empty directory, the program
 * prints nothing, but fills the directory with the made-up sysfs of that machine.
 */
#include "fields.h"

#include <stdio.h>
#include <string.h>

#include "unit/tree.h"

static void list(const struct fields *fields)
{
	const char *name = fields->name + strlen("fields_");

	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		printf("%s %s %s %s\n", name, field->key, field_type(field),
			field->of ? field->of->name + strlen("fields_") : "-");
	}
	for (size_t i = 0; i < fields->count; i++)
		if (fields->rows[i].of)
			list(fields->rows[i].of);
}

int main(int argc, char **argv)
{
	if (argc == 3) {
		snprintf(tree_root, sizeof(tree_root), "%s", argv[2]);
		tree_load(argv[1]);
		return 0;
	}
	list(&fields_output);
	list(&fields_machine_output);
	list(&fields_program_output);
	list(&fields_health_output);
	list(&fields_answer);
	list(&fields_required);
	list(&fields_path);
	list(&fields_remote);
	return 0;
}

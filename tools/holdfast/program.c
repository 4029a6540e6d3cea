/* SPDX-License-Identifier: BSD-3-Clause */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

static const char *const ours[] = {"libpmem.so.1", "libpmem2.so.1", "librpmem.so.1"};

/*
 * PMDK's libraries that use libpmem, libpmem2 or librpmem. A program goes on using PMDK's versions
 * of these libraries, which then use Holdfast's libraries.
 */
static const char *const above[] = {
	"libpmemobj.so.1", "libpmempool.so.1", "libpmemblk.so.1", "libpmemlog.so.1"};

/* A symbol version, with the index by which the program's symbols refer to it. */
struct version {
	size_t number;
	const char *library, *node;
};

struct reading {
	struct program *program;
	Elf *elf;
	struct version *versions;
	size_t version_count;
	bool is_dynamic;
	Elf_Scn *symbols, *symbol_versions;
};

static bool is_among(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(name, list[i]))
			return true;
	return false;
}

static bool is_ours(const char *name)
{
	return is_among(name, ours, sizeof(ours) / sizeof(ours[0]));
}

static void add_library(struct program *program, const char *name)
{
	bool is_above = is_among(name, above, sizeof(above) / sizeof(above[0]));

	if (!is_ours(name) && !is_above)
		return;
	struct program_library *made = must_make(1, sizeof(*made));
	*made = (struct program_library){.name = must_copy(name),
		.note = is_above
				? "This library uses Holdfast's libraries itself: examine it with --program, too."
				: NULL};
	program->libraries =
		must_grow(program->libraries, program->library_count, sizeof(*program->libraries));
	program->libraries[program->library_count++] = made;
}

static void add_node(struct program *program, const char *library, const char *node)
{
	struct program_node *made = must_make(1, sizeof(*made));

	*made = (struct program_node){.name = must_copy(node),
		.library = must_copy(library),
		.is_offered = program_has_node(library, node)};
	program->nodes = must_grow(program->nodes, program->node_count, sizeof(*program->nodes));
	program->nodes[program->node_count++] = made;
}

static void add_call(
	struct program *program, const char *name, const struct version *version, bool is_needed)
{
	const struct known_call *known = program_known_call(name);
	bool is_addition = version && strstr(version->node, "HOLDFAST") &&
			   program_has_node(version->library, version->node);

	if (!known && !version)
		return;
	struct program_call *made = must_make(1, sizeof(*made));
	*made = (struct program_call){
		.name = must_copy(name),
		.library = known ? known->library : ours[0],
		.node = version ? must_copy(version->node) : NULL,
		.is_offered = known ? known->is_offered : is_addition,
		.difference = known         ? known->difference
			      : is_addition ? NULL
					    : "Holdfast's library has no function of this name.",
	};
	for (size_t i = 0; version && i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!strcmp(version->library, ours[i]))
			made->library = ours[i];
	/*
	 * A program must check whether a weak symbol exists before it uses the symbol, so a
	 * library may lack it.
	 */
	if (!is_needed && !made->is_offered)
		made->difference =
			"Holdfast does not offer this call, but the program can run without it.";
	program->calls = must_grow(program->calls, program->call_count, sizeof(*program->calls));
	program->calls[program->call_count++] = made;
	if (is_needed && !made->is_offered)
		program->runs = 0;
}

/* ---- sections */

static void read_dynamic(struct reading *reading, Elf_Scn *section, const GElf_Shdr *head)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Dyn entry;

	reading->is_dynamic = true;
	for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
		const char *name =
			entry.d_tag == DT_NEEDED
				? elf_strptr(reading->elf, head->sh_link, entry.d_un.d_val)
				: NULL;
		if (name)
			add_library(reading->program, name);
	}
}

static void add_version(
	struct reading *reading, const char *library, const char *node, size_t number)
{
	if (!library || !node || !is_ours(library))
		return;
	reading->versions =
		must_grow(reading->versions, reading->version_count, sizeof(*reading->versions));
	reading->versions[reading->version_count++] = (struct version){number, library, node};
	add_node(reading->program, library, node);
}

/*
 * Reads which symbol versions the program needs. The section is a list of libraries, each with a
 * list of versions. Both lists can only be read from beginning to end.
 */
static void read_versions(struct reading *reading, Elf_Scn *section, const GElf_Shdr *head)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Verneed need;
	GElf_Vernaux node;

	for (size_t at = 0; data && at < data->d_size; at += need.vn_next) {
		if (!gelf_getverneed(data, (int)at, &need))
			return;
		const char *library = elf_strptr(reading->elf, head->sh_link, need.vn_file);
		size_t inner = at + need.vn_aux;
		for (unsigned i = 0; i < need.vn_cnt && inner < data->d_size; i++) {
			if (!gelf_getvernaux(data, (int)inner, &node))
				break;
			add_version(reading, library,
				elf_strptr(reading->elf, head->sh_link, node.vna_name),
				node.vna_other);
			if (!node.vna_next)
				break;
			inner += node.vna_next;
		}
		if (!need.vn_next)
			return;
	}
}

static const struct version *version_of(const struct reading *reading, Elf_Data *versions, int i)
{
	GElf_Versym number;

	if (!versions || !gelf_getversym(versions, i, &number))
		return NULL;
	for (size_t v = 0; v < reading->version_count; v++)
		if (reading->versions[v].number == (number & 0x7fff))
			return &reading->versions[v];
	return NULL;
}

static void read_symbols(struct reading *reading)
{
	Elf_Data *data = reading->symbols ? elf_getdata(reading->symbols, NULL) : NULL;
	Elf_Data *versions =
		reading->symbol_versions ? elf_getdata(reading->symbol_versions, NULL) : NULL;
	GElf_Shdr head;
	GElf_Sym symbol;

	if (!data || !gelf_getshdr(reading->symbols, &head))
		return;
	for (int i = 1; gelf_getsym(data, i, &symbol); i++) {
		const char *name = elf_strptr(reading->elf, head.sh_link, symbol.st_name);
		if (name && symbol.st_shndx == SHN_UNDEF)
			add_call(reading->program, name, version_of(reading, versions, i),
				GELF_ST_BIND(symbol.st_info) != STB_WEAK);
	}
}

static void read_sections(struct reading *reading)
{
	GElf_Shdr head;

	for (Elf_Scn *section = NULL; (section = elf_nextscn(reading->elf, section));) {
		if (!gelf_getshdr(section, &head))
			continue;
		if (head.sh_type == SHT_DYNAMIC)
			read_dynamic(reading, section, &head);
		else if (head.sh_type == SHT_GNU_verneed)
			read_versions(reading, section, &head);
		else if (head.sh_type == SHT_DYNSYM)
			reading->symbols = section;
		else if (head.sh_type == SHT_GNU_versym)
			reading->symbol_versions = section;
	}
	read_symbols(reading);
}

/* ---- the verdict */

static char *list_of_missing(const struct program *program)
{
	char *text = must_copy("");

	for (size_t i = 0; i < program->call_count; i++) {
		char *more = NULL;
		if (program->calls[i]->is_offered)
			continue;
		if (asprintf(&more, "%s%s%s", text, *text ? ", " : "", program->calls[i]->name) < 0)
			must_copy(NULL);
		free(text);
		text = more;
	}
	return text;
}

static void judge(struct program *program, bool is_dynamic)
{
	for (size_t i = 0; i < program->node_count; i++)
		if (!program->nodes[i]->is_offered)
			program->runs = 0;
	if (!is_dynamic) {
		program->runs = -1;
		program->verdict = must_copy(
			"it is linked statically: its calls of libraries cannot be listed");
		return;
	}
	if (!program->library_count && !program->call_count) {
		program->verdict = must_copy(
			"needs none of libpmem, libpmem2 and librpmem itself; libraries that it loads while it runs cannot be listed");
		return;
	}
	if (program->runs) {
		program->verdict = must_copy("runs on Holdfast's libraries as it is");
		return;
	}
	char *missing = list_of_missing(program);
	if (asprintf(&program->verdict,
		    "does not run on Holdfast's libraries: they do not offer %s",
		    *missing ? missing : "a version that it needs") < 0)
		must_copy(NULL);
	free(missing);
}

static void read_elf(struct program *program, int fd)
{
	struct reading reading = {.program = program};

	if (elf_version(EV_CURRENT) == EV_NONE ||
		!(reading.elf = elf_begin(fd, ELF_C_READ, NULL)) ||
		elf_kind(reading.elf) != ELF_K_ELF)
		program->error = must_copy("it is not a program (ELF)");
	else
		read_sections(&reading);
	if (!program->error)
		judge(program, reading.is_dynamic);
	if (reading.elf)
		elf_end(reading.elf);
	free(reading.versions);
}

void program_read(struct program *program, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	*program = (struct program){.path = path, .runs = 1};
	if (fd < 0 || fstat(fd, &st))
		program->error = must_copy(strerror(errno));
	else if (!S_ISREG(st.st_mode))
		program->error = must_copy("it is not a regular file");
	else
		read_elf(program, fd);
	if (program->error)
		program->runs = -1;
	if (fd >= 0)
		close(fd);
}

void program_fini(struct program *program)
{
	for (size_t i = 0; i < program->library_count; i++) {
		free(program->libraries[i]->name);
		free(program->libraries[i]);
	}
	for (size_t i = 0; i < program->node_count; i++) {
		free(program->nodes[i]->name);
		free(program->nodes[i]->library);
		free(program->nodes[i]);
	}
	for (size_t i = 0; i < program->call_count; i++) {
		free(program->calls[i]->name);
		free(program->calls[i]->node);
		free(program->calls[i]);
	}
	free(program->libraries);
	free(program->nodes);
	free(program->calls);
	free(program->verdict);
	free(program->error);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loader: Multiboot images built here byte by byte, their placement and machine state; files with one thing wrong each. */
#include "emu/load.h"
#include "tests/test.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* the processor's side of a mode change is not under test */
__attribute__((weak)) void cpu_paging_changed(struct cpu *cpu)
{
	cpu->engine_flush = true;
}

enum { RAM = 8 << 20, LOAD = 0x100000, HEADER = 0x1000, TEXT = 0x200, BSS = 0x3000 };

static struct mem mem;
static struct cpu cpu;
static char error[LOAD_ERROR_SIZE];
static char path[64], module_path[64];

/* An image under construction: ELF header, program headers, Multiboot header at HEADER, then text. */
static struct {
	Elf64_Ehdr eh64;
	Elf32_Ehdr eh32;
	Elf64_Phdr ph64[3];
	Elf32_Phdr ph32[3];
	uint32_t mb[8];
	uint64_t size; /* of the file */
} in;

static void setup(void)
{
	memset(&cpu, 0, sizeof cpu);
	ck_assert_int_eq(mem_init(&mem, RAM), 0);
	cpu.mem = &mem;
	snprintf(path, sizeof path, "/tmp/check_load_%d", (int)getpid());
	snprintf(module_path, sizeof module_path, "/tmp/check_load_%d_module", (int)getpid());
}

static void teardown(void)
{
	mem_free(&mem);
	unlink(path);
	unlink(module_path);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	FILE *f = fopen(name, "wb");

	ck_assert(f && fwrite(bytes, 1, size, f) == size);
	fclose(f);
}

/* A good image of one segment: the whole file at LOAD, BSS bytes of zeros after it, entry at its text. */
static void good(void)
{
	static const unsigned char ident[EI_NIDENT] = {0x7f, 'E', 'L', 'F', 0, ELFDATA2LSB, EV_CURRENT};

	memset(&in, 0, sizeof in);
	in.size = HEADER + 0x400;
	memcpy(in.eh64.e_ident, ident, EI_NIDENT);
	memcpy(in.eh32.e_ident, ident, EI_NIDENT);
	in.eh64.e_ident[EI_CLASS] = ELFCLASS64;
	in.eh32.e_ident[EI_CLASS] = ELFCLASS32;
	in.eh64.e_type = in.eh32.e_type = ET_EXEC;
	in.eh64.e_version = in.eh32.e_version = EV_CURRENT;
	in.eh64.e_machine = EM_X86_64;
	in.eh32.e_machine = EM_386;
	in.eh64.e_ehsize = sizeof in.eh64;
	in.eh32.e_ehsize = sizeof in.eh32;
	in.eh64.e_phoff = sizeof in.eh64;
	in.eh32.e_phoff = sizeof in.eh32;
	in.eh64.e_phentsize = sizeof in.ph64[0];
	in.eh32.e_phentsize = sizeof in.ph32[0];
	in.eh64.e_phnum = in.eh32.e_phnum = 1;
	in.eh64.e_entry = in.eh32.e_entry = LOAD + HEADER + TEXT;
	in.ph64[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = LOAD, .p_paddr = LOAD, .p_filesz = in.size, .p_memsz = in.size + BSS};
	in.ph32[0] = (Elf32_Phdr){
	    .p_type = PT_LOAD, .p_vaddr = LOAD, .p_paddr = LOAD, .p_filesz = (uint32_t)in.size, .p_memsz = (uint32_t)in.size + BSS};
	in.mb[0] = 0x1badb002;
	in.mb[1] = 3;
	in.mb[2] = -in.mb[0] - in.mb[1];
}

enum kind { ELF32, ELF64, PLAIN };

/* Writes what `in` holds; every byte after the headers is a pattern. */
static void build(enum kind kind)
{
	static uint8_t file[HEADER + 0x400];

	for (size_t i = 0; i < sizeof file; i++)
		file[i] = (uint8_t)(i * 7 + 1);
	if (kind == ELF32) {
		memcpy(file, &in.eh32, sizeof in.eh32);
		memcpy(file + sizeof in.eh32, in.ph32, sizeof in.ph32);
	} else if (kind == ELF64) {
		memcpy(file, &in.eh64, sizeof in.eh64);
		memcpy(file + sizeof in.eh64, in.ph64, sizeof in.ph64);
	}
	memcpy(file + HEADER, in.mb, sizeof in.mb);
	write_file(path, file, in.size < sizeof file ? in.size : sizeof file);
}

static int load(const char *cmdline, const struct load_module *module, size_t modules)
{
	struct load_request request = {.path = path, .cmdline = cmdline, .module = module, .modules = modules};

	return load_image(&cpu, &request, error);
}

static uint32_t guest32(uint64_t addr)
{
	return (uint32_t)mem_read(&mem, HPA(addr), 4);
}

static const char *guest_string(uint64_t addr)
{
	ck_assert(mem_is_ram(&mem, HPA(addr), 1));
	return (const char *)mem.host + addr;
}

START_TEST(multiboot_elf_is_placed_and_entered_as_the_specification_says)
{
	static const uint8_t dirt[64] = {0xaa, 0xbb};

	good();
	build((enum kind)_i);
	mem_write_bytes(&mem, HPA(LOAD + in.size + 16), dirt, sizeof dirt);
	ck_assert_msg(load("a b=c", NULL, 0) == 0, "%s", error);
	ck_assert_uint_eq(cpu.gpr[RAX], 0x2badb002);
	ck_assert_uint_eq(cpu.rip, LOAD + HEADER + TEXT);
	ck_assert_uint_eq(cpu.cr0 & ~CR0_ET, CR0_PE);
	ck_assert_uint_eq(cpu.rflags, 2);
	ck_assert_uint_eq(cpu_code_width(&cpu), 32);
	for (unsigned i = 0; i < SEG_COUNT; i++)
		ck_assert(cpu.seg[i].base == 0 && cpu.seg[i].limit == ~0u);
	ck_assert_uint_eq(mem_read(&mem, HPA(cpu.gdtr.base + 8), 8), 0x00cf9b000000ffff);
	ck_assert_uint_eq(mem_read(&mem, HPA(cpu.gdtr.base + 16), 8), 0x00cf93000000ffff);
	ck_assert_uint_eq(guest32(LOAD + HEADER), 0x1badb002);
	ck_assert_uint_eq(mem_read(&mem, HPA(LOAD + in.size - 1), 1), (uint8_t)((in.size - 1) * 7 + 1));
	for (uint64_t a = 0; a < BSS; a += 8)
		ck_assert_uint_eq(mem_read(&mem, HPA(LOAD + in.size + a), 8), 0);
}
END_TEST

START_TEST(information_structure_tells_memory_command_line_and_name)
{
	char expected[128];
	uint64_t info, map, end, ram = 0;

	good();
	build(ELF32);
	ck_assert_int_eq(load("a b=c", NULL, 0), 0);
	info = cpu.gpr[RBX];
	ck_assert_uint_eq(guest32(info), 0x24f); /* as QEMU */
	ck_assert_uint_eq(guest32(info + 4), 639);
	ck_assert_uint_eq(guest32(info + 8), 7 * 1024);
	snprintf(expected, sizeof expected, "%s a b=c", path);
	ck_assert_str_eq(guest_string(guest32(info + 16)), expected);
	ck_assert_str_eq(guest_string(guest32(info + 64)), "vtxray");
	map = guest32(info + 48);
	end = map + guest32(info + 44);
	for (; map < end; map += guest32(map) + 4)
		if (guest32(map + 20) == 1)
			ram += mem_read(&mem, HPA(map + 12), 8);
	ck_assert_uint_eq(map, end);
	ck_assert_uint_eq(ram, 0x9fc00 + (RAM - 0x100000));
}
END_TEST

START_TEST(modules_follow_page_aligned_in_order)
{
	struct load_module module[2] = {{.path = module_path, .cmdline = "first one"}, {.path = module_path}};
	uint64_t info, list, start = (LOAD + HEADER + 0x400 + BSS + 0xfff) & ~0xfffull;

	good();
	build(ELF64);
	write_file(module_path, "the module", 10);
	ck_assert_msg(load(NULL, module, 2) == 0, "%s", error);
	info = cpu.gpr[RBX];
	list = guest32(info + 24);
	ck_assert_uint_eq(guest32(info + 20), 2);
	for (unsigned i = 0; i < 2; i++, list += 16) {
		ck_assert_uint_eq(guest32(list), start + i * PAGE_SIZE);
		ck_assert_uint_eq(guest32(list + 4), start + i * PAGE_SIZE + 10);
		ck_assert_mem_eq(guest_string(guest32(list)), "the module", 10);
		ck_assert_str_eq(guest_string(guest32(list + 8)), i == 0 ? "first one" : "");
	}
}
END_TEST

START_TEST(modules_may_be_empty_or_bytes_of_the_caller)
{
	char bytes[] = "bytes", empty[] = "";
	struct load_module module[3] = {{.path = module_path, .cmdline = "empty file"},
					{.bytes = empty, .cmdline = "none"},
					{.bytes = bytes, .size = 5, .cmdline = "some"}};

	good();
	build(ELF64);
	write_file(module_path, "", 0);
	ck_assert_msg(load(NULL, module, 3) == 0, "%s", error);
	uint64_t list = guest32(cpu.gpr[RBX] + 24);
	ck_assert_uint_eq(guest32(list), guest32(list + 4));
	ck_assert_uint_eq(guest32(list + 16), guest32(list + 20));
	ck_assert_uint_eq(guest32(list + 32) + 5, guest32(list + 36));
	ck_assert_mem_eq(guest_string(guest32(list + 32)), "bytes", 6);
}
END_TEST

START_TEST(there_may_be_very_many_modules)
{
	enum { MANY = 1000 };
	struct load_module *module = calloc(MANY, sizeof *module);
	char bytes[] = "x";

	for (unsigned i = 0; i < MANY; i++)
		module[i] = (struct load_module){.bytes = bytes, .size = 1, .cmdline = "/x"};
	good();
	build(ELF64);
	ck_assert_msg(load(NULL, module, MANY) == 0, "%s", error);
	uint64_t list = guest32(cpu.gpr[RBX] + 24);
	for (unsigned i = 1; i < MANY; i++)
		ck_assert_uint_eq(guest32(list + i * 16ull), guest32(list + i * 16ull - 16) + PAGE_SIZE);
	free(module);
}
END_TEST

START_TEST(information_gives_way_to_an_image_in_low_memory)
{
	good();
	in.ph32[0].p_vaddr = in.ph32[0].p_paddr = 0x8000;
	in.eh32.e_entry = 0x8000 + HEADER + TEXT;
	build(ELF32);
	ck_assert_msg(load(NULL, NULL, 0) == 0, "%s", error);
	ck_assert_uint_eq(cpu.gpr[RBX], (0x8000 + in.size + BSS + 0xfff) & ~0xfffull);
	ck_assert_uint_eq(guest32(0x8000 + HEADER), 0x1badb002);
}
END_TEST

START_TEST(virtual_entry_becomes_physical)
{
	good();
	in.ph64[0].p_vaddr = 0xffffffff80000000;
	in.eh64.e_entry = 0xffffffff80000000 + HEADER + TEXT;
	build(ELF64);
	ck_assert_msg(load(NULL, NULL, 0) == 0, "%s", error);
	ck_assert_uint_eq(cpu.rip, LOAD + HEADER + TEXT);
}
END_TEST

/* flag 16 and the address fields: a file without ELF headers */
static void good_addresses(void)
{
	good();
	in.mb[1] = 0x10003;
	in.mb[2] = -in.mb[0] - in.mb[1];
	in.mb[3] = LOAD + 0x800;	     /* header_addr: the first 800H bytes of the file are not loaded */
	in.mb[4] = LOAD;		     /* load_addr */
	in.mb[5] = LOAD + 0xa00;	     /* load_end_addr */
	in.mb[6] = LOAD + 0x2000;	     /* bss_end_addr */
	in.mb[7] = LOAD + 0x800 + TEXT - 32; /* entry_addr */
}

START_TEST(address_fields_place_the_image)
{
	good_addresses();
	build(PLAIN);
	ck_assert_msg(load(NULL, NULL, 0) == 0, "%s", error);
	ck_assert_uint_eq(cpu.rip, LOAD + 0x800 + TEXT - 32);
	ck_assert_uint_eq(guest32(LOAD + 0x800), 0x1badb002);
	ck_assert_uint_eq(mem_read(&mem, HPA(LOAD), 1), (uint8_t)(0x800 * 7 + 1));
	ck_assert_uint_eq(mem_read(&mem, HPA(LOAD + 0x9ff), 1), (uint8_t)((0x800 + 0x9ff) * 7 + 1));
	ck_assert_uint_eq(mem_read(&mem, HPA(LOAD + 0xa00), 1), 0);
}
END_TEST

START_TEST(flat_binary_is_entered_as_a_boot_sector)
{
	uint8_t sector[512] = {0xf4};

	write_file(path, sector, sizeof sector);
	ck_assert_msg(load(NULL, NULL, 0) == 0, "%s", error);
	ck_assert_uint_eq(cpu.rip, 0x7c00);
	ck_assert(!cpu_protected(&cpu));
	ck_assert_uint_eq(cpu_code_width(&cpu), 16);
	ck_assert_uint_eq(cpu.gpr[RDX] & 0xff, 0x80);
	ck_assert(cpu.seg[SEG_CS].selector == 0 && cpu.seg[SEG_CS].base == 0 && cpu.seg[SEG_CS].limit == 0xffff);
	ck_assert_uint_eq(mem_read(&mem, HPA(0x7c00), 1), 0xf4);
}
END_TEST

static void truncated_elf_header(void)
{
	in.size = 40;
	in.mb[0] = 0;
}
static void no_multiboot_header(void)
{
	in.mb[0] = 0;
}
static void wrong_checksum(void)
{
	in.mb[2]++;
}
static void unknown_requirement(void)
{
	in.mb[1] |= 8;
	in.mb[2] -= 8;
}
static void wrong_machine(void)
{
	in.eh64.e_machine = EM_AARCH64;
}
static void relocatable(void)
{
	in.eh64.e_type = ET_REL;
}
static void no_program_headers(void)
{
	in.eh64.e_phnum = 0;
}
static void program_headers_beyond_file(void)
{
	in.eh64.e_phoff = 0x100000;
}
static void program_header_offset_wraps(void)
{
	in.eh64.e_phoff = ~0ull - 8;
}
static void offset_beyond_file(void)
{
	in.ph64[0].p_offset = in.size + 1;
}
static void offset_wraps(void)
{
	in.ph64[0].p_offset = ~0ull - 0x10;
}
static void file_size_beyond_file(void)
{
	in.ph64[0].p_filesz++;
}
static void file_size_above_memory_size(void)
{
	in.ph64[0].p_memsz = in.ph64[0].p_filesz - 1;
}
static void segment_beyond_ram(void)
{
	in.ph64[0].p_paddr = RAM - 0x1000;
}
static void segment_wraps(void)
{
	in.ph64[0].p_paddr = ~0ull - 0x800;
}
static void memory_size_huge(void)
{
	in.ph64[0].p_memsz = ~0ull;
}
static void segments_overlap(void)
{
	in.eh64.e_phnum = 2;
	in.ph64[1] = in.ph64[0];
	in.ph64[1].p_paddr += 0x1000;
	in.ph64[1].p_vaddr += 0x100000;
}
static void nothing_to_load(void)
{
	in.ph64[0].p_type = PT_NOTE;
}
static void entry_outside(void)
{
	in.eh64.e_entry = LOAD - 1;
}
static void big_endian(void)
{
	in.eh64.e_ident[EI_DATA] = ELFDATA2MSB;
}
static void load_addr_above_header_addr(void)
{
	in.mb[4] = in.mb[3] + 4;
}
static void header_addr_before_file(void)
{
	in.mb[3] = LOAD + HEADER + 4;
}
static void load_end_beyond_file(void)
{
	in.mb[5] = LOAD + 0x10000;
}
static void load_end_before_load(void)
{
	in.mb[5] = LOAD - 4;
}
static void bss_end_before_load_end(void)
{
	in.mb[6] = in.mb[5] - 4;
}
static void entry_addr_outside(void)
{
	in.mb[7] = LOAD + 0x2000;
}
static void bss_end_beyond_ram(void)
{
	in.mb[6] = 0xfffffff0;
}
static void address_fields_cut(void)
{
	in.size = HEADER + 16;
}

static const struct {
	void (*spoil)(void);
	enum kind kind;
	int err;
	const char *says;
} bad[] = {
    {truncated_elf_header, ELF64, ERR_FORMAT, "Multiboot 1 header"},
    {no_multiboot_header, ELF64, ERR_FORMAT, "Multiboot 1 header"},
    {wrong_checksum, ELF64, ERR_FORMAT, "offset 0x1000: the checksum"},
    {wrong_checksum, PLAIN, ERR_FORMAT, "offset 0x1000: the checksum"},
    {unknown_requirement, ELF32, ERR_FORMAT, "offset 0x1004:"},
    {NULL, PLAIN, ERR_FORMAT, "neither ELF nor address fields"},
    {wrong_machine, ELF64, ERR_FORMAT, "machine 183"},
    {relocatable, ELF64, ERR_FORMAT, "not an executable"},
    {no_program_headers, ELF64, ERR_FORMAT, "program headers"},
    {program_headers_beyond_file, ELF64, ERR_FORMAT, "program headers"},
    {program_header_offset_wraps, ELF64, ERR_FORMAT, "program headers"},
    {offset_beyond_file, ELF64, ERR_FORMAT, "beyond the file"},
    {offset_wraps, ELF64, ERR_FORMAT, "beyond the file"},
    {file_size_beyond_file, ELF64, ERR_FORMAT, "beyond the file"},
    {file_size_above_memory_size, ELF64, ERR_FORMAT, "larger in the file"},
    {segment_beyond_ram, ELF64, ERR_NOMEM, "--mem"},
    {segment_wraps, ELF64, ERR_NOMEM, "not RAM"},
    {memory_size_huge, ELF64, ERR_NOMEM, "not RAM"},
    {segments_overlap, ELF64, ERR_FORMAT, "segment 1 at 0x101000 overlaps"},
    {nothing_to_load, ELF64, ERR_FORMAT, "no segment"},
    {entry_outside, ELF64, ERR_FORMAT, "entry point 0xfffff"},
    {big_endian, ELF64, ERR_FORMAT, "little endian"},
};
static const struct {
	void (*spoil)(void);
	int err;
	const char *says;
} bad_addresses[] = {
    {load_addr_above_header_addr, ERR_FORMAT, "load_addr"},
    {header_addr_before_file, ERR_FORMAT, "load_addr"},
    {load_end_beyond_file, ERR_FORMAT, "offset 0x1014: load_end_addr"},
    {load_end_before_load, ERR_FORMAT, "load_end_addr"},
    {bss_end_before_load_end, ERR_FORMAT, "bss_end_addr"},
    {entry_addr_outside, ERR_FORMAT, "entry point"},
    {bss_end_beyond_ram, ERR_NOMEM, "--mem"},
    {address_fields_cut, ERR_FORMAT, "cut short"},
};

static void expect_bad(int rc, int err, const char *says, size_t row)
{
	ck_assert_msg(rc == -err && strstr(error, says), "row %zu: %d, \"%s\", expected \"%s\"", row, rc, error, says);
	ck_assert_msg(strncmp(error, path, strlen(path)) == 0 && !strchr(error, '\n'), "row %zu: \"%s\"", row, error);
}

START_TEST(each_bad_file_gets_its_line)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		good();
		if (bad[i].spoil)
			bad[i].spoil();
		build(bad[i].kind);
		expect_bad(load(NULL, NULL, 0), bad[i].err, bad[i].says, i);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad_addresses); i++) {
		good_addresses();
		bad_addresses[i].spoil();
		build(PLAIN);
		expect_bad(load(NULL, NULL, 0), bad_addresses[i].err, bad_addresses[i].says, i);
	}
}
END_TEST

START_TEST(missing_empty_and_special_files_are_refused)
{
	struct load_request request = {.path = "/nonexistent/image"};
	struct load_module module = {.path = "/nonexistent/module"};

	ck_assert_int_eq(load_image(&cpu, &request, error), -ERR_IO);
	ck_assert_ptr_nonnull(strstr(error, "/nonexistent/image: cannot open"));
	request.path = "/tmp";
	ck_assert_int_eq(load_image(&cpu, &request, error), -ERR_FORMAT);
	request.path = "/dev/null";
	ck_assert_int_eq(load_image(&cpu, &request, error), -ERR_FORMAT);
	write_file(path, "", 0);
	ck_assert_int_eq(load(NULL, NULL, 0), -ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(error, "empty"));
	good();
	build(ELF32);
	ck_assert_int_eq(load(NULL, &module, 1), -ERR_IO);
	ck_assert_ptr_nonnull(strstr(error, "/nonexistent/module"));
	write_file(path, "flat", 4);
	ck_assert_int_eq(load(NULL, &module, 1), -ERR_FORMAT);
}
END_TEST

START_TEST(too_large_modules_and_binaries_need_more_memory)
{
	struct load_module module = {.path = module_path};

	good();
	build(ELF32);
	write_file(module_path, "", 0);
	ck_assert_int_eq(truncate(module_path, RAM - LOAD), 0);
	ck_assert_int_eq(load(NULL, &module, 1), -ERR_NOMEM);
	ck_assert_ptr_nonnull(strstr(error, "--mem"));
	ck_assert_int_eq(truncate(module_path, RAM - LOAD - 0x5000), 0); /* ends exactly at the top */
	ck_assert_msg(load(NULL, &module, 1) == 0, "%s", error);
	ck_assert_int_eq(load(NULL, (struct load_module[]){module, module}, 2), -ERR_NOMEM);
	write_file(path, "", 0);
	ck_assert_int_eq(truncate(path, RAM - 0x7c00 + 1), 0);
	ck_assert_int_eq(load(NULL, NULL, 0), -ERR_NOMEM);
}
END_TEST

/* Any prefix of a good file loads or is refused, and nothing else. */
START_TEST(every_prefix_of_a_good_file_is_handled)
{
	for (int kind = ELF32; kind <= ELF64; kind++)
		for (uint64_t size = 1; size < HEADER + 0x400; size += size < 256 ? 1 : 61) {
			good();
			in.size = size;
			build((enum kind)kind);
			int rc = load(NULL, NULL, 0);
			ck_assert_msg(size < SELFMAG ? rc == 0 : rc == -ERR_FORMAT, "%d %d: %d", kind, (int)size, rc);
		}
}
END_TEST

START_TEST(symbols_are_found_by_name)
{
	uint64_t address = 0;

	ck_assert_int_eq(load_symbol("/proc/self/exe", "main", &address), 0);
	ck_assert_uint_ne(address, 0);
	ck_assert_int_eq(load_symbol("/proc/self/exe", "no such symbol", &address), -ERR_ARG);
	ck_assert_int_eq(load_symbol("/nonexistent", "main", &address), -ERR_IO);
	good();
	build(PLAIN);
	ck_assert_int_eq(load_symbol(path, "main", &address), -ERR_FORMAT);
	build(ELF64); /* no section headers */
	ck_assert_int_eq(load_symbol(path, "main", &address), -ERR_ARG);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("load");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, multiboot_elf_is_placed_and_entered_as_the_specification_says, ELF32, ELF64 + 1);
	tcase_add_test(tc, information_structure_tells_memory_command_line_and_name);
	tcase_add_test(tc, modules_follow_page_aligned_in_order);
	tcase_add_test(tc, modules_may_be_empty_or_bytes_of_the_caller);
	tcase_add_test(tc, there_may_be_very_many_modules);
	tcase_add_test(tc, information_gives_way_to_an_image_in_low_memory);
	tcase_add_test(tc, virtual_entry_becomes_physical);
	tcase_add_test(tc, address_fields_place_the_image);
	tcase_add_test(tc, flat_binary_is_entered_as_a_boot_sector);
	tcase_add_test(tc, each_bad_file_gets_its_line);
	tcase_add_test(tc, missing_empty_and_special_files_are_refused);
	tcase_add_test(tc, too_large_modules_and_binaries_need_more_memory);
	tcase_add_test(tc, every_prefix_of_a_good_file_is_handled);
	tcase_add_test(tc, symbols_are_found_by_name);
	suite_add_tcase(suite, tc);
}
TEST_MAIN("load", add_cases)

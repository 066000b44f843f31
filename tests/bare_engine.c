/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unicorn alone, its hooks and what they are told (bare_engine.h). */
#include "tests/bare_engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, CODE_BUFFER = 16 << 20 };

__attribute__((format(printf, 3, 4))) static void note(struct bare *b, unsigned kind, const char *format, ...)
{
	va_list args;

	if (!(b->log & kind))
		return;
	va_start(args, format);
	int n = vsnprintf(b->text + b->used, sizeof b->text - b->used, format, args);
	va_end(args);
	if (n > 0 && b->used + (size_t)n < sizeof b->text)
		b->used += (size_t)n;
}

static char kind_of(uc_mem_type type)
{
	return type == UC_MEM_FETCH ? 'x' : type == UC_MEM_WRITE ? 'w' : 'r';
}

static bool on_fill(uc_engine *uc, uint64_t address, uc_mem_type type, uc_tlb_entry *entry, void *user)
{
	struct bare *b = user;
	uint64_t page = address & ~(uint64_t)(PAGE - 1), in_ram = page & (BARE_RAM - 1);
	uint64_t region = page >> 28 & (BARE_WINDOWS - 1);

	(void)uc;
	note(b, LOG_FILL, "%c:%lx ", kind_of(type), address);
	if (page == b->fail)
		return false;
	entry->perms = UC_PROT_ALL;
	if (page == b->trap)
		region = BARE_TRAP, in_ram = 0;
	else if (page == b->read_only && type == UC_MEM_WRITE)
		region = BARE_READ_ONLY;
	else if (page == b->device)
		region = BARE_DEVICE, in_ram = 0;
	else if ((page == b->poison && type == UC_MEM_FETCH) || page >> 12 == BARE_PRIVATE >> 12)
		region = BARE_PRIVATE_AT, in_ram = 0;
	if (page == b->poison)
		entry->perms = UC_PROT_EXEC;
	if (page == b->read_only && type == UC_MEM_READ)
		entry->perms = UC_PROT_READ;
	entry->paddr = region * BARE_RAM + in_ram;
	return true;
}

static void on_code(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
	struct bare *b = user;

	b->codes++;
	b->size = size;
	b->rip = bare_reg(b, b->narrow ? UC_X86_REG_EIP : UC_X86_REG_RIP);
	b->flags = bare_reg(b, UC_X86_REG_EFLAGS);
	note(b, LOG_CODE, "c%lx ", address);
	if (address == b->stop_code)
		uc_emu_stop(uc);
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
	struct bare *b = user;

	note(b, LOG_BLOCK, "b%lx/%u ", address, size);
	if (address == b->stop_block)
		uc_emu_stop(uc);
}

static void on_access(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *user)
{
	struct bare *b = user;

	(void)value;
	note(b, LOG_ACCESS, "%c%lx/%d ", kind_of(type), address, size);
	if (address == b->stop_access)
		uc_emu_stop(uc);
}

static bool on_forbidden(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *user)
{
	(void)uc;
	(void)value;
	note(user, LOG_ACCESS, "%s:%lx/%d ", type == UC_MEM_WRITE_PROT ? "W" : "R", address, size);
	return false;
}

static void on_interrupt(uc_engine *uc, uint32_t vector, void *user)
{
	note(user, LOG_INTR, "i%u ", vector);
	uc_emu_stop(uc);
}

static uint64_t on_device_read(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
	(void)uc;
	note(user, LOG_ACCESS, "dr%lx/%u ", offset, size);
	return offset + 1;
}

static void on_device_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
	(void)uc;
	note(user, LOG_ACCESS, "dw%lx/%u=%lx ", offset, size, value);
}

static void map_all(struct bare *b)
{
	for (uint64_t w = 0; w < BARE_WINDOWS; w++)
		CHECK(!uc_mem_map_ptr(b->uc, w * BARE_RAM, BARE_RAM, UC_PROT_ALL, b->ram));
	CHECK(!uc_mem_map(b->uc, BARE_TRAP * BARE_RAM, PAGE, UC_PROT_NONE));
	CHECK(!uc_mem_map_ptr(b->uc, BARE_READ_ONLY * BARE_RAM, BARE_RAM, UC_PROT_READ, b->ram));
	CHECK(!uc_mem_map_ptr(b->uc, BARE_PRIVATE_AT * BARE_RAM, PAGE, UC_PROT_ALL, b->private_page));
	CHECK(!uc_mmio_map(b->uc, BARE_DEVICE * BARE_RAM, PAGE, on_device_read, b, on_device_write, b));
}

static void hook_all(struct bare *b)
{
	uc_hook hook;

	CHECK(!uc_hook_add(b->uc, &hook, UC_HOOK_TLB_FILL, (void *)on_fill, b, 1, 0));
	CHECK(!uc_hook_add(b->uc, &hook, UC_HOOK_BLOCK, (void *)on_block, b, 1, 0));
	CHECK(!uc_hook_add(b->uc, &hook, UC_HOOK_CODE, (void *)on_code, b, 1, 0));
	CHECK(!uc_hook_add(b->uc, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_access, b, 1, 0));
	CHECK(!uc_hook_add(b->uc, &hook, UC_HOOK_MEM_READ_PROT | UC_HOOK_MEM_WRITE_PROT, (void *)on_forbidden, b, 1, 0));
	CHECK(!uc_hook_add(b->uc, &hook, UC_HOOK_INTR, (void *)on_interrupt, b, 1, 0));
}

void bare_open(struct bare *b, uc_mode mode)
{
	memset(b, 0, sizeof *b);
	b->fail = b->trap = b->read_only = b->device = b->poison = BARE_NOWHERE;
	b->stop_code = b->stop_block = b->stop_access = BARE_NOWHERE;
	b->ram = mmap(NULL, BARE_RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	b->private_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(b->ram != MAP_FAILED && b->private_page != MAP_FAILED);
	CHECK(!uc_open(UC_ARCH_X86, mode, &b->uc));
	CHECK(!uc_ctl_set_tcg_buffer_size(b->uc, CODE_BUFFER));
	CHECK(!uc_ctl_set_cpu_model(b->uc, UC_CPU_X86_SNOWRIDGE));
	CHECK(!uc_ctl_tlb_mode(b->uc, UC_TLB_VIRTUAL));
	map_all(b);
	hook_all(b);
	CHECK(!uc_ctl_flush_tb(b->uc));
	b->narrow = mode != UC_MODE_64;
	bare_set(b, b->narrow ? UC_X86_REG_ESP : UC_X86_REG_RSP, BARE_STACK);
}

void bare_close(struct bare *b)
{
	uc_close(b->uc);
	munmap(b->ram, BARE_RAM);
	munmap(b->private_page, PAGE);
}

uc_err bare_run(struct bare *b, uint64_t from, uint64_t until)
{
	return uc_emu_start(b->uc, from, until, 0, 0);
}

void bare_forget(struct bare *b)
{
	b->used = 0;
	b->text[0] = 0;
	b->codes = 0;
}

void bare_put(struct bare *b, uint64_t at, const void *bytes, size_t size)
{
	memcpy(b->ram + (at & (BARE_RAM - 1)), bytes, size);
}

uint64_t bare_reg(struct bare *b, int reg)
{
	uint64_t value = 0;

	CHECK(!uc_reg_read(b->uc, reg, &value));
	return value;
}

void bare_set(struct bare *b, int reg, uint64_t value)
{
	CHECK(!uc_reg_write(b->uc, reg, &value));
}

void bare_segment(struct bare *b, int reg, unsigned index, uint32_t base, uint32_t limit, bool code, bool d)
{
	uc_x86_mmr gdtr = {.base = BARE_PRIVATE, .limit = PAGE - 1};
	uint64_t descriptor = (limit & 0xffffull) | (base & 0xffffffull) << 16 | (code ? 0x9bull : 0x93ull) << 40 |
			      (limit >> 16 & 0xfull) << 48 | (d ? 4ull : 0ull) << 52 | (uint64_t)(base >> 24) << 56;

	memcpy(b->private_page + 8 * index, &descriptor, sizeof descriptor);
	CHECK(!uc_reg_write(b->uc, UC_X86_REG_GDTR, &gdtr));
	bare_set(b, reg, 8 * index);
}

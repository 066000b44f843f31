/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: any bytes as an image file, with itself as a module: the loader loads or refuses it, says why in one line, and on success
 * leaves an entry point in RAM. Also looks for a symbol.
 */
#include "emu/load.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* the processor's side of a mode change is not under test */
__attribute__((weak)) void cpu_paging_changed(struct cpu *cpu)
{
	cpu->engine_flush = true;
}

static void load_one(const char *path)
{
	struct load_module module = {.path = path, .cmdline = "module"};
	struct load_request request = {.path = path, .cmdline = "arguments", .module = &module};
	static struct cpu cpu;
	struct mem mem;
	char error[LOAD_ERROR_SIZE];

	CHECK(mem_init(&mem, 4 << 20) == 0);
	cpu.mem = &mem;
	for (request.modules = 0; request.modules < 2; request.modules++) {
		if (load_image(&cpu, &request, error) == 0)
			CHECK(mem_is_ram(&mem, HPA(cpu.rip), 1));
		else
			CHECK(strlen(error) > 0 && !strchr(error, '\n'));
	}
	mem_free(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;
	uint64_t address;

	if (fd < 0) {
		fd = memfd_create("image", 0);
		CHECK(fd >= 0);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	load_one(path);
	load_symbol(path, "main", &address);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user of libvtxray: runs the program argv[1] in the guest kernel, natively and as a guest of each VMM; its output goes to standard
 * output, and a line says what was counted. Ends with 0 if all went as it should.
 */
#include <stdlib.h>
#include <string.h>
#include <vtxray.h>

static unsigned long long count(const struct vtxray *guest, const char *name)
{
	return vtxray_count(guest, name);
}

static int run(const char *program, enum vtxray_paging paging, const char *cpu)
{
	const struct vtxray_config config = {
	    .size = sizeof config, .ram = 64 << 20, .paging = paging, .cpu = cpu, .console = stdout, .input = -1};
	const struct vtxray_module module = {program, "/bin/program"};
	char error[VTXRAY_ERROR], kernel[4096];
	struct vtxray *guest = vtxray_open(&config, error);

	if (!guest || !vtxray_find("kernel.elf", kernel, sizeof kernel) ||
	    !vtxray_load(guest, kernel, "init=/bin/program", &module, 1, error)) {
		printf("%s\n", guest ? kernel : error);
		vtxray_close(guest);
		return 1;
	}
	int ended = vtxray_run(guest) == VTXRAY_EXIT && vtxray_stop_reason(guest) == NULL;
	printf("status %d, instructions %d, cycles %d, EPT references %d\n", vtxray_exit_status(guest) >> 1 & 255,
	       count(guest, "instructions") > 100000, vtxray_cycles(guest) > 100000, count(guest, "walk_refs_ept_pt") > 0);
	ended = ended && count(guest, "no such counter") == 0;
	vtxray_close(guest);
	return !ended;
}

static int named_once(void)
{
	size_t n = vtxray_counters();

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(vtxray_counter_name(i), vtxray_counter_name(j)) == 0 || !*vtxray_counter_text(i))
				return 0;
	return n > 20 && vtxray_counter_name(n) == NULL;
}

static int refuses(struct vtxray_config config)
{
	char error[VTXRAY_ERROR] = "";

	return vtxray_open(&config, error) == NULL && *error;
}

int main(int argc, char **argv)
{
	const char *program = argc > 1 ? argv[1] : "";
	const size_t size = sizeof(struct vtxray_config);

	printf("libvtxray %s\n", vtxray_version());
	if (!named_once() || !refuses((struct vtxray_config){.size = size, .ram = 5000}) || !refuses((struct vtxray_config){.size = 8}) ||
	    !refuses((struct vtxray_config){.size = size, .cpu = "none such", .input = -1}) ||
	    !refuses((struct vtxray_config){.size = size, .paging = VTXRAY_EPT, .vmx = true}))
		return 2;
	return run(program, VTXRAY_NATIVE, NULL) | run(program, VTXRAY_EPT, "skylake") | run(program, VTXRAY_SHADOW, NULL);
}

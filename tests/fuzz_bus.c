/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: bytes as a guest's accesses to ports, APIC memory and APIC MSRs, with jumps of the clock between them. Every value keeps
 * to its size, and the next event is always in the future.
 */
#include "emu/bus.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One access, as eight bytes: what, size, address (2), value (4). */
struct access_bytes {
	uint8_t what, size;
	uint16_t at;
	uint32_t value;
};

static void access_once(struct bus *bus, struct mem *mem, uint64_t *clock, const struct access_bytes *a)
{
	unsigned size = 1u << a->size % 3, wide = 1u << a->size % 4;
	hpa_t apic = HPA(0xfee00000ull + (a->at & 0xfffu & ~(wide - 1)));
	uint64_t value = a->value;

	switch (a->what % 8) {
	case 0:
		value = bus_in(bus, a->at, size);
		CHECK(value >> (8 * size) == 0);
		break;
	case 1:
		bus_out(bus, a->at, size, a->value);
		break;
	case 2:
		value = mem->devices.read(mem->devices.ctx, apic, wide);
		CHECK(wide == 8 || value >> (8 * wide) == 0);
		break;
	case 3:
		mem->devices.write(mem->devices.ctx, apic, value << (a->what >> 3), wide);
		break;
	case 4:
		bus_wrmsr(bus, a->at & 0x400 ? 0x1b : a->at & 0x200 ? 0x6e0 : 0x800u + (a->at & 0xff), value << (a->what >> 3));
		break;
	case 5:
		bus_rdmsr(bus, 0x800u + (a->at & 0xff), &value);
		break;
	case 6:
		if (bus_interrupt_pending(bus))
			bus_acknowledge(bus);
		break;
	default:
		*clock += (uint64_t)a->value << (a->size % 16);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bus bus;
	struct mem mem = {.host = NULL};
	struct bus_config config = {.ram_size = 64 << 20};
	uint64_t clock = 0, next;
	struct access_bytes a;

	CHECK(bus_init(&bus, &mem, &clock, &config) == 0);
	bus_firmware_state(&bus);
	for (; size >= sizeof a; data += sizeof a, size -= sizeof a) {
		memcpy(&a, data, sizeof a);
		access_once(&bus, &mem, &clock, &a);
		next = bus_next_event(&bus);
		CHECK(next > clock);
		if (a.what & 0x80 && next != ~0ull)
			clock = next;
	}
	bus_free(&bus);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMX instructions in root operation with good and bad operands and in each launch state; printed is the result: ok, VMfailInvalid, the
 * number of VMfailValid, or the vector of a fault (SDM 3C, "VMX Instruction Reference", "VM Instruction Error Numbers").
 */
#include "ept.h"
#include "family.h"
#include "line.h"
#include "outcome.h"
#include "random.h"
#include "run.h"
#include "vmcs.h"
#include "vmx.h"

#define BEYOND_WIDTH (1ul << 46) /* no processor here has more physical-address bits */

static const u32 fields[] = {
#define FIELD(encoding, symbol) encoding,
#include "vmcs.def"
#undef FIELD
};

/* Fields that only some processors have. */
static bool optional(u64 field)
{
	u64 full = field & ~1ul;
	return full == 0x2 || full == 0x6 || full == 0x810 || full == 0x814 || full == 0xc0e || (full >= 0x2014 && full <= 0x2016) ||
	       (full >= 0x201c && full <= 0x2030) || (full >= 0x2032 && full <= 0x2060) || full == 0x2808 || full == 0x2c04 ||
	       (full >= 0x2812 && full <= 0x2820) || (full >= 0x6828 && full <= 0x6830) || (full >= 0x6c18 && full <= 0x6c20) ||
	       full == 0x4c02 || full == 0x4024;
}

static bool read_only(u64 field)
{
	return (field >> 10 & 3) == 1;
}

static u64 random_field(void)
{
	u64 field = RANDOM_OF(fields);
	static const u8 flips[] = {0, 0, 0, 0, 12, 15, 9, 8, 10, 13, 31, 16};
	if (random_one_in(2))
		field ^= 1ul << RANDOM_OF(flips);
	if (random_one_in(12))
		field |= 1ul << (32 + random_below(32)); /* bits beyond 31 must be 0 as well, in 64-bit mode */
	return field;
}

static void print_result(const char *name, unsigned result)
{
	if (result >= VMX_FAULT)
		line(" %s: fault %u", name, result - VMX_FAULT);
	else if (result == VMX_INVALID)
		line(" %s: VMfailInvalid", name);
	else if (result)
		line(" %s: VMfailValid %u", name, result);
	else
		line(" %s: ok", name);
}

static void read_write(void)
{
	u64 field = random_field(), value = 0x1122334455667788;
	if (optional(field)) {
		line(" skipped");
		return;
	}
	line(" field %lx", field);
	if (!read_only(field))
		print_result("vmwrite", vmx_write(field, random_word()));
	unsigned result = vmx_read(field, &value);
	print_result("vmread", result);
	if (result == VMX_OK && !read_only(field))
		line(" = %lx", value);
	if (random_one_in(2) && result == VMX_OK && (field & 0x6001) == 0x2000) {
		result = vmx_read(field | 1, &value);
		print_result("high", result);
		if (!read_only(field))
			line(" = %lx", value);
	}
}

static u64 second[512] __attribute__((aligned(4096)));

/* The address of a region, sometimes a bad one. */
static u64 random_region(bool *good)
{
	u64 address = (u64)second;
	vmx_region_init(second);
	*good = false;
	switch (random_below(5)) {
	case 0:
		return address + (1u << random_below(12));
	case 1:
		return address | BEYOND_WIDTH << random_below(18);
	case 2:
		second[0] ^= 1ul << random_below(31);
		return address;
	default:
		*good = true;
		return address;
	}
}

static void pointers(void)
{
	bool good;
	u64 address = random_region(&good), stored = 0;
	switch (random_below(3)) {
	case 0:
		print_result("vmclear", vmx_clear(&address));
		break;
	case 1:
		print_result("vmptrld", vmx_load(&address));
		break;
	default:
		print_result("vmxon in root", vmx_on(&address));
		break;
	}
	print_result("vmptrst", vmx_store(&stored));
	line(" = %s", stored == (u64)second ? "second" : stored == vmcs_address() ? "first" : stored == ~0ul ? "none" : "?");
	address = (u64)second;
	vmx_clear(&address);
}

static void launch_states(void)
{
	u64 address = vmcs_address();
	static const u8 nothing = 0x90;
	guest_code(0, &nothing, 1);
	for (unsigned i = 0; i < 4; i++) {
		bool resume = random_one_in(2);
		switch (random_below(6)) {
		case 0:
			print_result("vmclear", vmx_clear(&address));
			break;
		case 1:
			print_result("vmptrld", vmx_load(&address));
			break;
		default:
			vmcs_write(GUEST_RIP, GUEST_CODE);
			line(" %s ", resume ? "vmresume" : "vmlaunch");
			unsigned result = run(resume);
			if (result)
				print_result("", result);
			else
				line("exit %lx", vmcs_read(EXIT_REASON));
			break;
		}
	}
}

static void invalidations(void)
{
	static const u64 types[] = {0, 1, 1, 2, 2, 3, 4, 0x100000000, 0x100000001};
	static const u64 linear[] = {0, 0x1000, 0x4000000000000000, 0xffff800000000000};
	u64 type = RANDOM_OF(types), descriptor[2];
	if (random_one_in(2)) {
		descriptor[0] = ept_pointer() ^ (random_one_in(3) ? 1ul << random_below(8) : 0) ^ (random_one_in(8) ? BEYOND_WIDTH : 0);
		descriptor[1] = random_one_in(6) ? random_word() : 0;
		line(" type %lx %lx %lx", type, descriptor[0] ^ (ept_pointer() & ~0xffful), descriptor[1]);
		print_result("invept", vmx_invept(type, descriptor));
	} else {
		descriptor[0] = random_below(3) | (random_one_in(6) ? 1ul << (16 + random_below(48)) : 0);
		descriptor[1] = RANDOM_OF(linear);
		line(" type %lx %lx %lx", type, descriptor[0], descriptor[1]);
		print_result("invvpid", vmx_invvpid(type, descriptor));
	}
}

static void off_and_on(void)
{
	bool good;
	u64 address = random_region(&good), value = 0;
	print_result("vmxoff", vmx_off());
	print_result("vmread", vmx_read(GUEST_RIP, &value));
	print_result("vmxoff", vmx_off());
	print_result("vmxon", vmx_on(&address));
	print_result("vmread", vmx_read(GUEST_RIP, &value));
	if (!good) {
		address = (u64)second;
		vmx_region_init(second);
		print_result("vmxon", vmx_on(&address));
	}
	print_result("vmptrst", vmx_store(&value));
	line(" = %s", value == ~0ul ? "none" : "?");
	if (random_one_in(3))
		print_result("vmptrld of the VMXON region", vmx_load(&address));
	else if (random_one_in(2))
		print_result("vmclear of the VMXON region", vmx_clear(&address));
	vmx_off();
	vmx_enter();
}

static void no_current(void)
{
	u64 address = vmcs_address(), value = 0;
	vmx_clear(&address);
	print_result("vmread", vmx_read(random_field(), &value));
	print_result("vmwrite", vmx_write(random_field(), 0));
	line(" ");
	print_result("vmlaunch", run(random_one_in(2)));
}

void family_insn(void)
{
	vmcs_init(GUEST_64, 0);
	ept_init(GUEST_64);
	ept_invalidate();
	switch (random_below(8)) {
	case 0:
		pointers();
		break;
	case 1:
		launch_states();
		break;
	case 2:
		invalidations();
		break;
	case 3:
		off_and_on();
		break;
	case 4:
		no_current();
		break;
	default:
		read_write();
		break;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended state: XGETBV, XSETBV, RDPKRU, WRPKRU, XSAVE, XSAVEOPT, XRSTOR in the standard format (SDM 1, "Managing State Using the XSAVE
 * Feature Set"; 2B and 2C, their pages). x87 and SSE state are in cpu->fx while these execute. FCS and FDS are not kept, as CPUID says.
 */
#include "emu/sysinsn.h"
#include "emu/xsave.h"
#include "vmx/offer.h"

#include <string.h>

enum {
	FX_FIP = 8,
	FX_FDP = 16,
	FX_MXCSR = 24,
	FX_MXCSR_MASK = 28,
	FX_ST = 32,
	FX_XMM = 160,
	FX_ST_SIZE = 128,
	FX_FCW_INIT = 0x037f,
};

#define MXCSR_OFFERED 0xffffull /* with DAZ */

static bool osxsave(struct sysinsn *s)
{
	return s->cpu->cr4 & CR4_OSXSAVE ? true : raise_exception(s->cpu, VEC_UD);
}

static uint64_t edx_eax(const struct cpu *cpu)
{
	return cpu->gpr[RDX] << 32 | (uint32_t)cpu->gpr[RAX];
}

bool sys_XGETBV(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (!osxsave(s))
		return false;
	if ((uint32_t)cpu->gpr[RCX] != 0)
		return raise_error(cpu, VEC_GP, 0);
	cpu->gpr[RAX] = (uint32_t)cpu->xcr0;
	cpu->gpr[RDX] = cpu->xcr0 >> 32;
	return true;
}

bool sys_XSETBV(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	const uint64_t value = edx_eax(cpu);

	if (!osxsave(s))
		return false;
	if (cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn))
		return false;
	if ((uint32_t)cpu->gpr[RCX] != 0 || !(value & XCR0_X87) || (value & ~XCR0_OFFERED))
		return raise_error(cpu, VEC_GP, 0);
	cpu->xcr0 = value;
	return true;
}

static bool pkru_usable(struct sysinsn *s)
{
	if (!(s->cpu->cr4 & CR4_PKE))
		return raise_exception(s->cpu, VEC_UD);
	if ((uint32_t)s->cpu->gpr[RCX] != 0)
		return raise_error(s->cpu, VEC_GP, 0);
	return true;
}

bool sys_RDPKRU(struct sysinsn *s)
{
	if (!pkru_usable(s))
		return false;
	s->cpu->gpr[RAX] = s->cpu->pkru;
	s->cpu->gpr[RDX] = 0;
	return true;
}

static void set_pkru(struct cpu *cpu, uint32_t pkru)
{
	cpu->pkru = pkru;
	cpu_paging_changed(cpu);
}

bool sys_WRPKRU(struct sysinsn *s)
{
	if (!pkru_usable(s))
		return false;
	if ((uint32_t)s->cpu->gpr[RDX] != 0)
		return raise_error(s->cpu, VEC_GP, 0);
	set_pkru(s->cpu, (uint32_t)s->cpu->gpr[RAX]);
	return true;
}

/* bytes of XMM registers that the mode has */
static unsigned xmm_size(const struct cpu *cpu)
{
	return cpu_64bit(cpu) ? 256 : 128;
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* XINUSE: the components that are not in their initial configuration; MXCSR does not count. */
static uint64_t xinuse(const struct cpu *cpu)
{
	const uint8_t *fx = cpu->fx;
	uint64_t used = 0;

	if (fx[0] != (FX_FCW_INIT & 0xff) || fx[1] != FX_FCW_INIT >> 8 || !all_zero(fx + 2, FX_MXCSR - 2) ||
	    !all_zero(fx + FX_ST, FX_ST_SIZE))
		used |= XCR0_X87;
	if (!all_zero(fx + FX_XMM, xmm_size(cpu)))
		used |= XCR0_SSE;
	return cpu->pkru ? used | XCR0_PKRU : used;
}

/*
 * The checks common to all three, and the linear address of the area. components: those whose part of the area is accessed.
 */
static bool locate_area(struct sysinsn *s, uint64_t components, unsigned kind, gla_t *area)
{
	struct cpu *cpu = s->cpu;
	const unsigned size = components & XCR0_PKRU ? XSAVE_PKRU_OFFSET + XSAVE_PKRU_SIZE : XSAVE_MIN_SIZE;

	if (!osxsave(s))
		return false;
	if (cpu->cr0 & CR0_TS)
		return raise_exception(cpu, VEC_NM);
	if (!memop_linear(cpu, (enum segreg)s->insn->seg, insn_offset(cpu, s->insn), size, kind, area))
		return false;
	if (area->u & (XSAVE_ALIGN - 1))
		return raise_error(cpu, VEC_GP, 0);
	return linear_probe(cpu, *area, size, cpu_access(cpu, kind));
}

/* A part of the area: outside 64-bit mode linear addresses wrap at 4 GiB. */
static gla_t part(const struct cpu *cpu, gla_t area, unsigned offset)
{
	return GLA(cpu_64bit(cpu) ? area.u + offset : (uint32_t)(area.u + offset));
}

static bool put(struct cpu *cpu, gla_t area, unsigned offset, const void *from, unsigned size)
{
	return linear_write_bytes(cpu, part(cpu, area, offset), from, size, cpu_access(cpu, ACC_WRITE));
}

static bool get(struct cpu *cpu, gla_t area, unsigned offset, void *to, unsigned size)
{
	return linear_read_bytes(cpu, part(cpu, area, offset), to, size, cpu_access(cpu, ACC_READ));
}

/* Without REX.W the instruction and data pointers are 32 bits and a selector, which is not kept. */
static bool save_x87(struct sysinsn *s, gla_t area)
{
	uint8_t head[FX_MXCSR];

	memcpy(head, s->cpu->fx, sizeof head);
	if (s->insn->opsize != 8) {
		memset(head + FX_FIP + 4, 0, 4);
		memset(head + FX_FDP + 4, 0, 4);
	}
	return put(s->cpu, area, 0, head, sizeof head) && put(s->cpu, area, FX_ST, s->cpu->fx + FX_ST, FX_ST_SIZE);
}

/* MXCSR and its mask go with the request for SSE, whether XMM registers are in use or not. */
static bool save_sse(struct cpu *cpu, gla_t area, uint64_t rfbm, uint64_t save)
{
	const uint32_t mask = MXCSR_OFFERED;

	if ((rfbm & XCR0_SSE) && !(put(cpu, area, FX_MXCSR, cpu->fx + FX_MXCSR, 4) && put(cpu, area, FX_MXCSR_MASK, &mask, 4)))
		return false;
	return !(save & XCR0_SSE) || put(cpu, area, FX_XMM, cpu->fx + FX_XMM, xmm_size(cpu));
}

/* optimized: components in their initial configuration are not written (CHOICE: unmodified ones are) */
static bool xsave(struct sysinsn *s, bool optimized)
{
	struct cpu *cpu = s->cpu;
	const uint64_t rfbm = edx_eax(cpu) & cpu->xcr0, used = xinuse(cpu);
	const uint64_t save = optimized ? rfbm & used : rfbm;
	uint64_t xstate_bv;
	gla_t area;

	if (!locate_area(s, save, ACC_WRITE, &area) || !get(cpu, area, XSAVE_HEADER, &xstate_bv, 8))
		return false;
	if ((save & XCR0_X87) && !save_x87(s, area))
		return false;
	if (!save_sse(cpu, area, rfbm, save))
		return false;
	if ((save & XCR0_PKRU) && !put(cpu, area, XSAVE_PKRU_OFFSET, &(uint64_t){cpu->pkru}, XSAVE_PKRU_SIZE))
		return false;
	xstate_bv = (xstate_bv & ~rfbm) | (rfbm & used);
	return put(cpu, area, XSAVE_HEADER, &xstate_bv, 8);
}

bool sys_XSAVE(struct sysinsn *s)
{
	return xsave(s, false);
}

bool sys_XSAVEOPT(struct sysinsn *s)
{
	return xsave(s, true);
}

/* XSTATE_BV, XCOMP_BV and the eight bytes after them */
static bool header_valid(const struct cpu *cpu, const uint64_t header[3])
{
	return !(header[0] & ~cpu->xcr0) && header[1] == 0 && header[2] == 0;
}

static void restore_x87(struct sysinsn *s, const uint8_t *image, bool initial)
{
	uint8_t *fx = s->cpu->fx;

	if (initial) {
		memset(fx, 0, FX_MXCSR);
		memset(fx + FX_ST, 0, FX_ST_SIZE);
		fx[0] = FX_FCW_INIT & 0xff;
		fx[1] = FX_FCW_INIT >> 8;
		return;
	}
	memcpy(fx, image, FX_MXCSR);
	memcpy(fx + FX_ST, image + FX_ST, FX_ST_SIZE);
	if (s->insn->opsize != 8) {
		memset(fx + FX_FIP + 4, 0, 4);
		memset(fx + FX_FDP + 4, 0, 4);
	}
}

static void restore_sse(struct cpu *cpu, const uint8_t *image, bool initial)
{
	memcpy(cpu->fx + FX_MXCSR, image + FX_MXCSR, 4);
	if (initial)
		memset(cpu->fx + FX_XMM, 0, xmm_size(cpu));
	else
		memcpy(cpu->fx + FX_XMM, image + FX_XMM, xmm_size(cpu));
}

/* Everything is read and checked before any state changes. */
bool sys_XRSTOR(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	const uint64_t rfbm = edx_eax(cpu) & cpu->xcr0;
	uint8_t image[XSAVE_HEADER];
	uint64_t header[3], pkru = 0;
	uint32_t mxcsr;
	gla_t area;

	if (!locate_area(s, 0, ACC_READ, &area) || !get(cpu, area, XSAVE_HEADER, header, sizeof header))
		return false;
	if (!header_valid(cpu, header))
		return raise_error(cpu, VEC_GP, 0);
	if ((rfbm & header[0] & XCR0_PKRU) && !(locate_area(s, XCR0_PKRU, ACC_READ, &area) && get(cpu, area, XSAVE_PKRU_OFFSET, &pkru, 8)))
		return false;
	if (!get(cpu, area, 0, image, sizeof image))
		return false;
	memcpy(&mxcsr, image + FX_MXCSR, sizeof mxcsr);
	if ((rfbm & XCR0_SSE) && (mxcsr & ~MXCSR_OFFERED))
		return raise_error(cpu, VEC_GP, 0);
	if (rfbm & XCR0_X87)
		restore_x87(s, image, !(header[0] & XCR0_X87));
	if (rfbm & XCR0_SSE)
		restore_sse(cpu, image, !(header[0] & XCR0_SSE));
	if (rfbm & XCR0_PKRU)
		set_pkru(cpu, (uint32_t)pkru);
	return true;
}

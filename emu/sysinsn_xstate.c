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
 * The checks common to all three, and the translation of the area, of which one access is made in parts. components: those whose part of
 * the area is accessed.
 */
static bool open_area(struct sysinsn *s, uint64_t components, unsigned kind, struct linear_span *area)
{
	struct cpu *cpu = s->cpu;
	const unsigned size = components & XCR0_PKRU ? XSAVE_PKRU_OFFSET + XSAVE_PKRU_SIZE : XSAVE_MIN_SIZE;
	gla_t gla;

	if (!osxsave(s))
		return false;
	if (cpu->cr0 & CR0_TS)
		return raise_exception(cpu, VEC_NM);
	if (!memop_linear(cpu, (enum segreg)s->insn->seg, insn_offset(cpu, s->insn), size, kind, &gla))
		return false;
	if (gla.u & (XSAVE_ALIGN - 1))
		return raise_error(cpu, VEC_GP, 0);
	return linear_translate(cpu, gla, size, cpu_access(cpu, kind), area);
}

/* Without REX.W the instruction and data pointers are 32 bits and a selector, which is not kept. */
static void save_x87(struct sysinsn *s, const struct linear_span *area)
{
	uint8_t head[FX_MXCSR];

	memcpy(head, s->cpu->fx, sizeof head);
	if (s->insn->opsize != 8) {
		memset(head + FX_FIP + 4, 0, 4);
		memset(head + FX_FDP + 4, 0, 4);
	}
	linear_span_write(s->cpu, area, 0, head, sizeof head);
	linear_span_write(s->cpu, area, FX_ST, s->cpu->fx + FX_ST, FX_ST_SIZE);
}

static void save_mxcsr(struct cpu *cpu, const struct linear_span *area)
{
	const uint32_t mask = MXCSR_OFFERED;

	linear_span_write(cpu, area, FX_MXCSR, cpu->fx + FX_MXCSR, 4);
	linear_span_write(cpu, area, FX_MXCSR_MASK, &mask, 4);
}

/*
 * optimized: components in their initial configuration are not written (CHOICE: unmodified ones are). MXCSR goes with the request for
 * SSE, whether XMM registers are in use or not.
 */
static bool xsave(struct sysinsn *s, bool optimized)
{
	struct cpu *cpu = s->cpu;
	const uint64_t rfbm = edx_eax(cpu) & cpu->xcr0, used = xinuse(cpu);
	const uint64_t save = optimized ? rfbm & used : rfbm, pkru = cpu->pkru;
	struct linear_span area;
	uint64_t xstate_bv;

	if (!open_area(s, save, ACC_READ | ACC_WRITE, &area))
		return false;
	linear_span_read(cpu, &area, XSAVE_HEADER, &xstate_bv, 8);
	if (save & XCR0_X87)
		save_x87(s, &area);
	if (rfbm & XCR0_SSE)
		save_mxcsr(cpu, &area);
	if (save & XCR0_SSE)
		linear_span_write(cpu, &area, FX_XMM, cpu->fx + FX_XMM, xmm_size(cpu));
	if (save & XCR0_PKRU)
		linear_span_write(cpu, &area, XSAVE_PKRU_OFFSET, &pkru, XSAVE_PKRU_SIZE);
	xstate_bv = (xstate_bv & ~rfbm) | (rfbm & used);
	linear_span_write(cpu, &area, XSAVE_HEADER, &xstate_bv, 8);
	cpu->insn_loads++;
	cpu->insn_stores++;
	return true;
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

/* true if the area says that PKRU is to be loaded, which lies far behind the rest. */
static bool loads_pkru(uint64_t rfbm, const uint64_t header[3])
{
	return rfbm & header[0] & XCR0_PKRU;
}

static void restore(struct sysinsn *s, uint64_t rfbm, uint64_t xstate_bv, const uint8_t *image, uint32_t pkru)
{
	if (rfbm & XCR0_X87)
		restore_x87(s, image, !(xstate_bv & XCR0_X87));
	if (rfbm & XCR0_SSE)
		restore_sse(s->cpu, image, !(xstate_bv & XCR0_SSE));
	if (rfbm & XCR0_PKRU)
		set_pkru(s->cpu, pkru);
}

/* Everything is read and checked before any state changes. */
bool sys_XRSTOR(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	const uint64_t rfbm = edx_eax(cpu) & cpu->xcr0;
	uint8_t image[XSAVE_HEADER];
	uint64_t header[3], pkru = 0;
	struct linear_span area;
	uint32_t mxcsr;

	if (!open_area(s, 0, ACC_READ, &area))
		return false;
	linear_span_read(cpu, &area, XSAVE_HEADER, header, sizeof header);
	linear_span_read(cpu, &area, 0, image, sizeof image);
	if (!header_valid(cpu, header))
		return raise_error(cpu, VEC_GP, 0);
	memcpy(&mxcsr, image + FX_MXCSR, sizeof mxcsr);
	if ((rfbm & XCR0_SSE) && (mxcsr & ~MXCSR_OFFERED))
		return raise_error(cpu, VEC_GP, 0);
	if (loads_pkru(rfbm, header)) {
		if (!open_area(s, XCR0_PKRU, ACC_READ, &area))
			return false;
		linear_span_read(cpu, &area, XSAVE_PKRU_OFFSET, &pkru, sizeof pkru);
	}
	cpu->insn_loads++;
	restore(s, rfbm, header[0], image, (uint32_t)pkru);
	return true;
}

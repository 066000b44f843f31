/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The XSAVE area in the standard format (SDM 1, "XSAVE Area"): what CPUID leaf 0DH reports and XSAVE writes. The place of PKRU is that of
 * processors with AVX-512.
 */
#ifndef EMU_XSAVE_H
#define EMU_XSAVE_H

enum {
	XSAVE_ALIGN = 64,
	XSAVE_HEADER = 512,   /* XSTATE_BV, XCOMP_BV, 48 reserved bytes */
	XSAVE_MIN_SIZE = 576, /* legacy region and header */
	XSAVE_PKRU_OFFSET = 2688,
	XSAVE_PKRU_SIZE = 8,
};

#endif

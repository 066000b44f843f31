/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks on the guest's segment registers at VM entry (SDM 3C, "Checks on Guest Segment Registers"), in the SDM's order: selectors,
 * bases, limits, then access rights bit by bit.
 */
#include "vmx/entry.h"

enum { LAST = SEG_GS, LDTR = SEG_COUNT, TR }; /* positions after ES..GS in the VMCS */

#define SELECTOR(s) (VMCS_I_GUEST_ES_SELECTOR + (s))
#define BASE(s) (VMCS_I_GUEST_ES_BASE + (s))
#define LIMIT(s) (VMCS_I_GUEST_ES_LIMIT + (s))
#define AR(s) (VMCS_I_GUEST_ES_AR + (s))

bool entry_check_segments(struct entry_check *c);

static bool usable(const struct vmcs *v, unsigned s)
{
	return !(v->field[AR(s)] & AR_UNUSABLE);
}

static uint64_t type_of(const struct vmcs *v, unsigned s)
{
	return v->field[AR(s)] & AR_TYPE;
}

static uint64_t dpl_of(const struct vmcs *v, unsigned s)
{
	return FIELD(v->field[AR(s)], 6, 5);
}

static uint64_t rpl_of(const struct vmcs *v, unsigned s)
{
	return v->field[SELECTOR(s)] & 3;
}

static bool check_selectors(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	REQUIRE(!(v->guest_tr_selector & 4), VMCS_I_GUEST_TR_SELECTOR, "TI must be 0");
	REQUIRE(!usable(v, LDTR) || !(v->guest_ldtr_selector & 4), VMCS_I_GUEST_LDTR_SELECTOR, "TI must be 0 if LDTR is usable");
	REQUIRE(c->v86 || c->unrestricted || rpl_of(v, SEG_SS) == rpl_of(v, SEG_CS), VMCS_I_GUEST_SS_SELECTOR,
		"RPL must equal the RPL of CS");
	return true;
}

static bool check_bases(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	for (unsigned s = 0; s <= LAST && c->v86; s++)
		REQUIRE(v->field[BASE(s)] == v->field[SELECTOR(s)] << 4, BASE(s),
			"must be the selector shifted left by 4 in virtual-8086 mode");
	REQUIRE(entry_check_canonical(v->guest_tr_base), VMCS_I_GUEST_TR_BASE, "must be canonical");
	REQUIRE(entry_check_canonical(v->guest_fs_base), VMCS_I_GUEST_FS_BASE, "must be canonical");
	REQUIRE(entry_check_canonical(v->guest_gs_base), VMCS_I_GUEST_GS_BASE, "must be canonical");
	REQUIRE(!usable(v, LDTR) || entry_check_canonical(v->guest_ldtr_base), VMCS_I_GUEST_LDTR_BASE,
		"must be canonical if LDTR is usable");
	REQUIRE(!(v->guest_cs_base >> 32), VMCS_I_GUEST_CS_BASE, "bits 63:32 must be 0");
	static const uint8_t data[] = {SEG_SS, SEG_DS, SEG_ES};
	for (unsigned i = 0; i < ARRAY_LEN(data); i++)
		REQUIRE(!usable(v, data[i]) || !(v->field[BASE(data[i])] >> 32), BASE(data[i]),
			"bits 63:32 must be 0 if the segment is usable");
	return true;
}

static bool check_virtual_8086(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	for (unsigned s = 0; s <= LAST; s++)
		REQUIRE(v->field[LIMIT(s)] == 0xffff, LIMIT(s), "must be 0000FFFFH in virtual-8086 mode");
	for (unsigned s = 0; s <= LAST; s++)
		REQUIRE(v->field[AR(s)] == 0xf3, AR(s), "must be 000000F3H in virtual-8086 mode");
	return true;
}

static bool check_types(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	uint64_t cs = type_of(v, SEG_CS), ss = type_of(v, SEG_SS);
	REQUIRE((cs & 9) == 9 || (cs == 3 && c->unrestricted), VMCS_I_GUEST_CS_AR,
		"type must be 9, 11, 13 or 15, or 3 if \"unrestricted guest\" is 1");
	REQUIRE(!usable(v, SEG_SS) || ss == 3 || ss == 7, VMCS_I_GUEST_SS_AR, "type must be 3 or 7 if SS is usable");
	static const uint8_t data[] = {SEG_DS, SEG_ES, SEG_FS, SEG_GS};
	for (unsigned i = 0; i < ARRAY_LEN(data); i++) {
		unsigned s = data[i];
		REQUIRE(!usable(v, s) || (type_of(v, s) & 1), AR(s), "type must have bit 0 (accessed) set if the segment is usable");
		REQUIRE(!usable(v, s) || (type_of(v, s) & 10) != 8, AR(s), "type of a usable code segment must have bit 1 (readable) set");
	}
	for (unsigned s = 0; s <= LAST; s++)
		REQUIRE((s != SEG_CS && !usable(v, s)) || (v->field[AR(s)] & AR_S), AR(s), "S must be 1");
	return true;
}

static bool check_dpl(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	uint64_t cs = type_of(v, SEG_CS);
	REQUIRE(cs != 3 || dpl_of(v, SEG_CS) == 0, VMCS_I_GUEST_CS_AR, "DPL must be 0 if the type is 3");
	REQUIRE((cs != 9 && cs != 11) || dpl_of(v, SEG_CS) == dpl_of(v, SEG_SS), VMCS_I_GUEST_CS_AR,
		"DPL must equal SS.DPL if the type is 9 or 11");
	REQUIRE((cs != 13 && cs != 15) || dpl_of(v, SEG_CS) <= dpl_of(v, SEG_SS), VMCS_I_GUEST_CS_AR,
		"DPL must not be greater than SS.DPL if the type is 13 or 15");
	REQUIRE(c->unrestricted || dpl_of(v, SEG_SS) == rpl_of(v, SEG_SS), VMCS_I_GUEST_SS_AR, "DPL must equal the RPL of the selector");
	REQUIRE((cs != 3 && (v->guest_cr0 & CR0_PE)) || dpl_of(v, SEG_SS) == 0, VMCS_I_GUEST_SS_AR,
		"DPL must be 0 if the type of CS is 3 or CR0.PE is 0");
	static const uint8_t data[] = {SEG_DS, SEG_ES, SEG_FS, SEG_GS};
	for (unsigned i = 0; i < ARRAY_LEN(data); i++) {
		unsigned s = data[i];
		REQUIRE(c->unrestricted || !usable(v, s) || type_of(v, s) > 11 || dpl_of(v, s) >= rpl_of(v, s), AR(s),
			"DPL must not be less than the RPL of the selector");
	}
	return true;
}

/* G against the limit (SDM 3C): any of limit[11:0] clear needs G = 0, any of limit[31:20] set needs G = 1. */
static bool g_allows_low(const struct vmcs *v, unsigned s)
{
	return (v->field[LIMIT(s)] & 0xfff) == 0xfff || !(v->field[AR(s)] & AR_G);
}

static bool g_allows_high(const struct vmcs *v, unsigned s)
{
	return !(v->field[LIMIT(s)] >> 20) || (v->field[AR(s)] & AR_G);
}

static bool check_other_rights(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	for (unsigned s = 0; s <= LAST; s++) {
		uint64_t ar = v->field[AR(s)];
		if (s != SEG_CS && !usable(v, s))
			continue;
		REQUIRE(ar & AR_P, AR(s), "P must be 1");
		REQUIRE_NONE(ar & BITS(11, 8), AR(s), "reserved bits 11:8 must be 0");
		REQUIRE(s != SEG_CS || !c->guest64 || (ar & (AR_L | AR_DB)) != (AR_L | AR_DB), AR(s),
			"D/B must be 0 if L is 1 and \"IA-32e mode guest\" is 1");
		REQUIRE(g_allows_low(v, s), AR(s), "G must be 0 if any of the limit's bits 11:0 is 0");
		REQUIRE(g_allows_high(v, s), AR(s), "G must be 1 if any of the limit's bits 31:20 is 1");
		REQUIRE_NONE(ar & BITS(31, 17), AR(s), "reserved bits 31:17 must be 0");
	}
	return true;
}

static bool check_tr(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	uint64_t ar = v->guest_tr_ar, type = type_of(v, TR);
	REQUIRE(type == 11 || (type == 3 && !c->guest64), VMCS_I_GUEST_TR_AR, "type must be 11 (busy TSS), or 3 outside IA-32e mode");
	REQUIRE(!(ar & AR_S), VMCS_I_GUEST_TR_AR, "S must be 0");
	REQUIRE(ar & AR_P, VMCS_I_GUEST_TR_AR, "P must be 1");
	REQUIRE_NONE(ar & BITS(11, 8), VMCS_I_GUEST_TR_AR, "reserved bits 11:8 must be 0");
	REQUIRE(g_allows_low(v, TR), VMCS_I_GUEST_TR_AR, "G must be 0 if any of the limit's bits 11:0 is 0");
	REQUIRE(g_allows_high(v, TR), VMCS_I_GUEST_TR_AR, "G must be 1 if any of the limit's bits 31:20 is 1");
	REQUIRE(!(ar & AR_UNUSABLE), VMCS_I_GUEST_TR_AR, "TR must be usable");
	REQUIRE_NONE(ar & BITS(31, 17), VMCS_I_GUEST_TR_AR, "reserved bits 31:17 must be 0");
	return true;
}

static bool check_ldtr(struct entry_check *c)
{
	const struct vmcs *v = c->v;
	uint64_t ar = v->guest_ldtr_ar;
	if (!usable(v, LDTR))
		return true;
	REQUIRE(type_of(v, LDTR) == 2, VMCS_I_GUEST_LDTR_AR, "type must be 2 (LDT)");
	REQUIRE(!(ar & AR_S), VMCS_I_GUEST_LDTR_AR, "S must be 0");
	REQUIRE(ar & AR_P, VMCS_I_GUEST_LDTR_AR, "P must be 1");
	REQUIRE_NONE(ar & BITS(11, 8), VMCS_I_GUEST_LDTR_AR, "reserved bits 11:8 must be 0");
	REQUIRE(g_allows_low(v, LDTR), VMCS_I_GUEST_LDTR_AR, "G must be 0 if any of the limit's bits 11:0 is 0");
	REQUIRE(g_allows_high(v, LDTR), VMCS_I_GUEST_LDTR_AR, "G must be 1 if any of the limit's bits 31:20 is 1");
	REQUIRE_NONE(ar & BITS(31, 17), VMCS_I_GUEST_LDTR_AR, "reserved bits 31:17 must be 0");
	return true;
}

bool entry_check_segments(struct entry_check *c)
{
	if (!check_selectors(c) || !check_bases(c))
		return false;
	if (c->v86)
		return check_virtual_8086(c) && check_tr(c) && check_ldtr(c);
	return check_types(c) && check_dpl(c) && check_other_rights(c) && check_tr(c) && check_ldtr(c);
}

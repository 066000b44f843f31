/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paging oracle (oracle.h), section by section of SDM 3A, "Paging": "32-Bit Paging", "PAE Paging", "4-Level Paging and 5-Level
 * Paging", "Determination of Access Rights", "Protection Keys", "Page-Fault Exceptions", "Accessed and Dirty Flags".
 * It is slow and long-winded on purpose.
 */
#include "tests/oracle.h"

#include <string.h>

static bool bit(uint64_t value, unsigned n)
{
	return (value >> n) % 2 == 1;
}

/* value's bits high..low, moved down to bit 0 */
static uint64_t take(uint64_t value, unsigned high, unsigned low)
{
	return value / (1ull << low) % (1ull << (high - low + 1));
}

/* true if any of value's bits high..low is 1; none when high < low */
static bool any(uint64_t value, unsigned high, unsigned low)
{
	return high >= low && take(value, high, low) != 0;
}

static uint64_t load(const struct oracle_machine *m, uint64_t address, unsigned bytes)
{
	uint64_t value = bytes == 4 ? 0xffffffff : 0xffffffffffffffff;
	if (address + bytes <= m->ram_size)
		value &= *(const uint64_t *)(m->ram + address / 8 * 8) >> (bytes == 4 && address % 8 == 4 ? 32 : 0);
	return value;
}

/* The structures a linear address goes through, by their SDM names. */
enum kind { PML5E, PML4E, PDPTE, PDE, PTE };

struct used {
	enum kind kind;
	uint64_t entry, address;
};

/* "Bit 7 (PS)": does this entry map a page? */
static bool maps_a_page(const struct oracle_machine *m, enum kind kind, uint64_t entry)
{
	switch (kind) {
	case PTE:
		return true;
	case PDE: /* 32-bit: "if CR4.PSE = 1" */
		return bit(entry, 7) && (m->mode != ORACLE_32BIT || m->cr4_pse);
	case PDPTE:
		return bit(entry, 7);
	default:
		return false;
	}
}

/* "Page-Fault Exceptions": "there is no translation ... because a reserved bit is set" */
static bool reserved_bit_set(const struct oracle_machine *m, enum kind kind, uint64_t entry)
{
	bool page = maps_a_page(m, kind, entry);
	if (m->mode == ORACLE_32BIT) /* PSE-36 supported: bit 21 of a PDE that maps a 4-MiB page */
		return page && kind == PDE && bit(entry, 21);
	if (any(entry, 51, m->maxphyaddr))
		return true;
	if (!m->efer_nxe && bit(entry, 63))
		return true;
	if (m->mode == ORACLE_PAE && any(entry, 62, 52))
		return true;
	if (kind == PML5E || kind == PML4E)
		return bit(entry, 7);
	if (page && kind == PDPTE)
		return any(entry, 29, 13);
	if (page && kind == PDE)
		return any(entry, 20, 13);
	return false;
}

static unsigned page_bits(const struct oracle_machine *m, enum kind kind)
{
	if (kind == PDPTE)
		return 30;
	if (kind == PDE)
		return m->mode == ORACLE_32BIT ? 22 : 21;
	return 12;
}

static uint64_t physical(const struct oracle_machine *m, enum kind kind, uint64_t entry, uint64_t linear)
{
	if (m->mode == ORACLE_32BIT && kind == PDE)
		return take(entry, 20, 13) * 0x100000000 + take(entry, 31, 22) * 0x400000 + take(linear, 21, 0);
	if (m->mode == ORACLE_32BIT)
		return take(entry, 31, 12) * 4096 + take(linear, 11, 0);
	if (kind == PDPTE)
		return take(entry, 51, 30) * 0x40000000 + take(linear, 29, 0);
	if (kind == PDE)
		return take(entry, 51, 21) * 0x200000 + take(linear, 20, 0);
	return take(entry, 51, 12) * 4096 + take(linear, 11, 0);
}

/* which bits of the linear address select an entry */
static uint64_t index_of(const struct oracle_machine *m, enum kind kind, uint64_t linear)
{
	if (m->mode == ORACLE_32BIT)
		return kind == PDE ? take(linear, 31, 22) : take(linear, 21, 12);
	switch (kind) {
	case PML5E:
		return take(linear, 56, 48);
	case PML4E:
		return take(linear, 47, 39);
	case PDPTE:
		return take(linear, 38, 30);
	case PDE:
		return take(linear, 29, 21);
	default:
		return take(linear, 20, 12);
	}
}

/* what "Determination of Access Rights" and "Protection Keys" speak of */
struct address_rights {
	bool user_mode_address;	  /* "U/S flag is 1 in every paging-structure entry" */
	bool writable_everywhere; /* "R/W flag is 1 in every ..." */
	bool execute_disabled;	  /* "XD flag is 1 in any ..." */
	unsigned key;
};

static bool instruction_fetch_by_xd(const struct oracle_machine *m, const struct address_rights *r)
{
	if (m->mode == ORACLE_32BIT || !m->efer_nxe)
		return true;
	return !r->execute_disabled;
}

static bool keys_apply(const struct oracle_machine *m, const struct address_rights *r)
{
	return (m->mode == ORACLE_4LEVEL || m->mode == ORACLE_5LEVEL) && m->cr4_pke && r->user_mode_address;
}

static bool key_permits_read(const struct oracle_machine *m, const struct address_rights *r)
{
	return !keys_apply(m, r) || !bit(m->pkru, 2 * r->key);
}

static bool key_permits_write(const struct oracle_machine *m, const struct address_rights *r, bool user_mode)
{
	if (!keys_apply(m, r))
		return true;
	if (bit(m->pkru, 2 * r->key))
		return false;
	if (!bit(m->pkru, 2 * r->key + 1))
		return true;
	return !user_mode && !m->cr0_wp; /* "WDi = 1": user-mode writes no; supervisor-mode writes only if CR0.WP = 0 */
}

/* "For supervisor-mode accesses" */
static bool supervisor_smap_permits(const struct oracle_machine *m, const struct oracle_access *a)
{
	if (!m->cr4_smap)
		return true;
	return a->eflags_ac && !a->implicit;
}

static bool supervisor_may_read(const struct oracle_machine *m, const struct oracle_access *a, const struct address_rights *r)
{
	if (!r->user_mode_address)
		return true;
	return supervisor_smap_permits(m, a) && key_permits_read(m, r);
}

static bool supervisor_may_write(const struct oracle_machine *m, const struct oracle_access *a, const struct address_rights *r)
{
	if (!r->user_mode_address)
		return !m->cr0_wp || r->writable_everywhere;
	if (!supervisor_smap_permits(m, a) || !key_permits_write(m, r, false))
		return false;
	return !m->cr0_wp || r->writable_everywhere;
}

static bool supervisor_may_fetch(const struct oracle_machine *m, const struct address_rights *r)
{
	if (r->user_mode_address && m->cr4_smep)
		return false;
	return instruction_fetch_by_xd(m, r);
}

/* "For user-mode accesses" */
static bool user_may_read(const struct oracle_machine *m, const struct address_rights *r)
{
	return r->user_mode_address && key_permits_read(m, r);
}

static bool user_may_write(const struct oracle_machine *m, const struct address_rights *r)
{
	return r->user_mode_address && r->writable_everywhere && key_permits_write(m, r, true);
}

static bool user_may_fetch(const struct oracle_machine *m, const struct address_rights *r)
{
	return r->user_mode_address && instruction_fetch_by_xd(m, r);
}

static bool permitted(const struct oracle_machine *m, const struct oracle_access *a, const struct address_rights *r)
{
	if (a->reads && !(a->user_mode ? user_may_read(m, r) : supervisor_may_read(m, a, r)))
		return false;
	if (a->writes && !(a->user_mode ? user_may_write(m, r) : supervisor_may_write(m, a, r)))
		return false;
	if (a->fetches && !(a->user_mode ? user_may_fetch(m, r) : supervisor_may_fetch(m, r)))
		return false;
	return true;
}

/* "Page-Fault Exceptions", the error code bit by bit */
static uint32_t error_code(const struct oracle_machine *m, const struct oracle_access *a, bool present, bool reserved, bool key)
{
	bool pae = m->mode != ORACLE_32BIT;
	uint32_t code = 0;
	if (present)
		code += 1;
	if (a->writes)
		code += 2;
	if (a->user_mode)
		code += 4;
	if (reserved)
		code += 8;
	if (a->fetches && (m->cr4_smep || (pae && m->efer_nxe)))
		code += 16;
	if (key)
		code += 32;
	return code;
}

static void page_fault(struct oracle_result *result, uint32_t code)
{
	result->page_fault = true;
	result->error_code = code;
}

/* the "PK" flag: a data access to a user-mode address whose key forbids it, whatever else forbids it too */
static bool key_violated(const struct oracle_machine *m, const struct oracle_access *a, const struct address_rights *r)
{
	if (a->fetches)
		return false;
	return a->writes ? !key_permits_write(m, r, a->user_mode) : !key_permits_read(m, r);
}

static void flags(const struct oracle_access *a, const struct used *used, unsigned count, struct oracle_result *result)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t value = used[i].entry | 0x20;
		if (i == count - 1 && a->writes)
			value |= 0x40;
		if (value == used[i].entry)
			continue;
		result->changed[result->changes].address = used[i].address;
		result->changed[result->changes].value = value;
		result->changes++;
	}
}

static void finish(const struct oracle_machine *m, const struct oracle_access *a, const struct used *used, unsigned count,
		   struct oracle_result *result)
{
	const struct used *leaf = &used[count - 1];
	struct address_rights r = {.user_mode_address = true, .writable_everywhere = true};
	for (unsigned i = 0; i < count; i++) {
		r.writable_everywhere = r.writable_everywhere && bit(used[i].entry, 1);
		r.user_mode_address = r.user_mode_address && bit(used[i].entry, 2);
		r.execute_disabled = r.execute_disabled || (m->mode != ORACLE_32BIT && bit(used[i].entry, 63));
	}
	r.key = (unsigned)take(leaf->entry, 62, 59);
	if (!permitted(m, a, &r)) {
		page_fault(result, error_code(m, a, true, false, key_violated(m, a, &r)));
		return;
	}
	flags(a, used, count, result);
	result->physical = physical(m, leaf->kind, leaf->entry, a->linear);
	result->page_bits = page_bits(m, leaf->kind);
	result->global = m->cr4_pge && bit(leaf->entry, 8);
}

struct oracle_result oracle_translate(const struct oracle_machine *m, const struct oracle_access *a)
{
	struct oracle_result result;
	struct used used[5];
	unsigned count = 0;
	enum kind kind;
	uint64_t table;

	memset(&result, 0, sizeof result);
	result.entry_bytes = m->mode == ORACLE_32BIT ? 4 : 8;
	switch (m->mode) {
	case ORACLE_NONE: /* "linear addresses are treated as physical addresses" */
		result.physical = a->linear;
		return result;
	case ORACLE_32BIT:
		kind = PDE;
		table = take(m->cr3, 31, 12) * 4096;
		break;
	case ORACLE_PAE: { /* "bits 31:30 of the linear address select a PDPTE register" */
		uint64_t pdpte = m->pdpte[take(a->linear, 31, 30)];
		if (!bit(pdpte, 0)) {
			page_fault(&result, error_code(m, a, false, false, false));
			return result;
		}
		kind = PDE;
		table = take(pdpte, 51, 12) * 4096;
		break;
	}
	default:
		kind = m->mode == ORACLE_5LEVEL ? PML5E : PML4E;
		table = take(m->cr3, 51, 12) * 4096;
	}
	for (;;) {
		struct used *u = &used[count++];
		u->kind = kind;
		u->address = table + index_of(m, kind, a->linear) * result.entry_bytes;
		u->entry = load(m, u->address, result.entry_bytes);
		result.references++;
		if (!bit(u->entry, 0)) {
			page_fault(&result, error_code(m, a, false, false, false));
			return result;
		}
		if (reserved_bit_set(m, kind, u->entry)) {
			page_fault(&result, error_code(m, a, true, true, false));
			return result;
		}
		if (maps_a_page(m, kind, u->entry))
			break;
		table = m->mode == ORACLE_32BIT ? take(u->entry, 31, 12) * 4096 : take(u->entry, 51, 12) * 4096;
		kind++;
	}
	finish(m, a, used, count, &result);
	return result;
}

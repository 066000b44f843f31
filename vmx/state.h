/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The architectural state of the processor, shared by the system instructions, event delivery, VM entry and VM exit. x87, SSE and,
 * while plain code runs, the general registers live in the engine; between engine runs everything general is here.
 */
#ifndef VMX_STATE_H
#define VMX_STATE_H

#include "mmu/mmu.h"

enum gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, GPR_COUNT };
enum segreg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_COUNT }; /* as encoded in ModRM.reg */

#define FLAG_CF BIT(0)
#define FLAG_FIXED BIT(1)
#define FLAG_PF BIT(2)
#define FLAG_AF BIT(4)
#define FLAG_ZF BIT(6)
#define FLAG_SF BIT(7)
#define FLAG_TF BIT(8)
#define FLAG_IF BIT(9)
#define FLAG_DF BIT(10)
#define FLAG_OF BIT(11)
#define FLAG_IOPL BITS(13, 12)
#define FLAG_NT BIT(14)
#define FLAG_RF BIT(16)
#define FLAG_VM BIT(17)
#define FLAG_AC BIT(18)
#define FLAG_VIF BIT(19)
#define FLAG_VIP BIT(20)
#define FLAG_ID BIT(21)

/* exception vectors (SDM 3A, "Exception and Interrupt Reference") */
enum vector {
	VEC_DE,
	VEC_DB,
	VEC_NMI,
	VEC_BP,
	VEC_OF,
	VEC_BR,
	VEC_UD,
	VEC_NM,
	VEC_DF,
	VEC_9,
	VEC_TS,
	VEC_NP,
	VEC_SS,
	VEC_GP,
	VEC_PF,
	VEC_MF = 16,
	VEC_AC,
	VEC_MC,
	VEC_XM,
	VEC_VE,
	VEC_CP,
};

/*
 * Access rights of a segment in the layout of the VMCS fields (SDM 3C, "Guest Register State"): type 3:0, S 4, DPL 6:5, P 7,
 * AVL 12, L 13, D/B 14, G 15, unusable 16.
 */
#define AR_TYPE BITS(3, 0)
#define AR_A BIT(0)    /* accessed */
#define AR_RW BIT(1)   /* data: writable; code: readable */
#define AR_DC BIT(2)   /* data: expand-down; code: conforming */
#define AR_CODE BIT(3) /* with S = 1 */
#define AR_S BIT(4)    /* code or data */
#define AR_DPL_SHIFT 5
#define AR_DPL BITS(6, 5)
#define AR_P BIT(7)
#define AR_AVL BIT(12)
#define AR_L BIT(13)
#define AR_DB BIT(14)
#define AR_G BIT(15)
#define AR_UNUSABLE BIT(16)

struct segment {
	uint16_t selector;
	uint32_t ar;	/* AR_* */
	uint32_t limit; /* in bytes, granularity applied */
	uint64_t base;
};

struct table_reg {
	uint64_t base;
	uint16_t limit;
};

/* where the processor is with respect to VMX (SDM 3C, "Introduction to VMX Operation") */
enum vmx_operation { VMX_OUTSIDE, VMX_ROOT, VMX_NONROOT };

/* activity states, as the VMCS encodes them */
enum activity { ACTIVITY_ACTIVE, ACTIVITY_HLT, ACTIVITY_SHUTDOWN, ACTIVITY_WAIT_FOR_SIPI };

/* interruptibility, as the VMCS encodes it */
#define BLOCK_STI BIT(0)
#define BLOCK_MOV_SS BIT(1)
#define BLOCK_SMI BIT(2)
#define BLOCK_NMI BIT(3)

/* Event types, as the VM-entry interruption-information field encodes them (SDM 3C, "Event Injection"). */
enum event_type {
	EVTYPE_EXTERNAL = 0,
	EVTYPE_NMI = 2,
	EVTYPE_HARDWARE = 3,
	EVTYPE_SOFT_INT = 4,
	EVTYPE_PRIV_SOFT = 5 /* INT1 */,
	EVTYPE_SOFT_EXC = 6 /* INT3, INTO */,
};

/*
 * What an instruction that did not complete leaves: an exception to deliver, or a VM exit to take, or the end of the run.
 * Handlers fill it through the raise_* and exit_* functions and return false.
 */
enum pending_kind {
	PENDING_NONE,
	PENDING_EXCEPTION, /* deliver vector */
	PENDING_VM_EXIT,   /* take exit_reason */
	PENDING_STOP,	   /* cannot go on: stop_reason says why, in words for the user */
};

struct pending {
	enum pending_kind kind;
	/* PENDING_EXCEPTION */
	uint8_t vector;
	uint8_t type; /* enum event_type */
	bool has_error;
	uint32_t error;
	uint64_t cr2;	  /* VEC_PF: goes to CR2 upon delivery, or to the exit qualification */
	uint64_t dr6;	  /* VEC_DB: bits to set in DR6, or for the exit qualification */
	uint8_t insn_len; /* of the instruction that raised a software event, or that causes the VM exit */
	bool nested;	  /* VEC_PF: of the nested part of an agile walk (mmu/walk.h): it causes no VM exit */
	bool injected;	  /* by VM entry: the event itself causes no VM exit, and leaves CR2 and DR6 alone */
	/* any kind: the failing instruction is an IRET that had unblocked NMIs (bit 12 of interruption information or qualification) */
	bool nmi_unblocked;
	/* PENDING_VM_EXIT: the exit, its qualification and the fields that some reasons have */
	uint32_t exit_reason;
	uint64_t qualification;
	uint64_t exit_gla, exit_gpa;
	uint32_t exit_insn_info;
	bool exit_has_event; /* vector, type, has_error and error are the VM-exit interruption information */
	/* PENDING_STOP: one line for the user; static text */
	const char *stop_reason;
};

/* An event that is being delivered, for nested faults (double fault; IDT-vectoring information). */
struct delivery {
	bool active;
	uint8_t vector, type;
	bool has_error;
	uint32_t error;
	uint8_t insn_len;
	bool rf; /* in the image of RFLAGS that it saves */
};

/* bits of the error codes that refer to a selector (SDM 3A, "Error Code") */
#define ERROR_EXT 1u
#define ERROR_IDT 2u

/* Family, model, stepping as CPUID leaf 1 gives them, and EDX after reset: family 6, model 5EH (Skylake), stepping 3. */
enum { CPU_SIGNATURE = 0x506e3 };

struct vmx; /* VMX state proper (vmx/vmx.h) */
struct msrs;

struct cpu {
	uint64_t gpr[GPR_COUNT];
	uint64_t rip, rflags;
	struct segment seg[SEG_COUNT];
	struct segment ldtr, tr;
	struct table_reg gdtr, idtr;
	uint64_t cr0, cr2, cr3, cr4, cr8, xcr0, efer;
	uint64_t pdpte[4]; /* PDPTE registers */
	uint64_t dr[8];
	uint32_t pkru;
	uint8_t cpl;

	/* MSRs that are state of the processor; the table of all MSRs is in emu/msr.c */
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t pat, tsc_aux, tsc_adjust, debugctl, misc_enable, feature_control, apic_base, spec_ctrl;
	uint64_t mtrr_def_type, mtrr_fix[11], mtrr_base[10], mtrr_mask[10], mcg_status, xss;

	/* x87, MMX and SSE state in FXSAVE64 layout: valid only while an instruction with INSN_FX executes in our code */
	_Alignas(16) uint8_t fx[512];

	uint8_t activity;	  /* enum activity */
	uint8_t interruptibility; /* BLOCK_* */
	uint64_t pending_dbg;	  /* pending debug exceptions, in DR6's layout, bit 14 BS */
	bool nmi_pending;
	bool init_pending;
	bool monitor_armed; /* by MONITOR, until MWAIT */
	uint64_t random;    /* how many numbers RDRAND and RDSEED have given */

	uint64_t clock; /* model time: cycles since reset; changes through cost only */

	struct pending pending;
	struct delivery delivery;

	/* Explicit data accesses that memop.c made for the system instruction under way: sysinsn_execute sets them to 0 before a
	 * handler and adds them to EV_LOADS and EV_STORES when it retires. */
	uint32_t insn_loads, insn_stores;

	uint8_t vmx_op;	 /* enum vmx_operation */
	struct vmx *vmx; /* NULL: the processor does not offer VMX */

	struct mmu mmu;
	struct events ev;
	struct cost cost;
	struct mem *mem;

	/* set by anything after which the engine must not go on with the translations that it holds: CR, EFER, PKRU writes, flushes,
	 * changes of AC; of CPL and segments it keeps account itself; see emu/engine_flush.c */
	bool engine_flush;
	bool engine_inval; /* translations were invalidated: it must ask for those that it does not know to be in the tables still */
	uint64_t spaces;   /* +1 whenever that, or CR3 is loaded, with whatever value */
};

/* code width by CS and EFER: 64, 32 or 16 */
static inline unsigned cpu_code_width(const struct cpu *cpu)
{
	if ((cpu->efer & EFER_LMA) && (cpu->seg[SEG_CS].ar & AR_L))
		return 64;
	return cpu->seg[SEG_CS].ar & AR_DB ? 32 : 16;
}
static inline bool cpu_long_mode(const struct cpu *cpu)
{
	return cpu->efer & EFER_LMA;
}
static inline bool cpu_64bit(const struct cpu *cpu)
{
	return cpu_code_width(cpu) == 64;
}
static inline bool cpu_protected(const struct cpu *cpu)
{
	return cpu->cr0 & CR0_PE;
}
static inline bool cpu_v86(const struct cpu *cpu)
{
	return (cpu->rflags & FLAG_VM) && (cpu->cr0 & CR0_PE);
}
/* real-address mode or virtual-8086 mode: segments are selector << 4 */
static inline bool cpu_real_segments(const struct cpu *cpu)
{
	return !(cpu->cr0 & CR0_PE) || (cpu->rflags & FLAG_VM);
}

/* State after power-up (SDM 3A, "Processor State After Reset"); mem and mmu must be initialised. */
void cpu_reset(struct cpu *cpu);

/* To be called after CR0, CR3, CR4, EFER, PKRU or the PDPTE registers changed: decodes the paging mode; asks the engine to flush. */
void cpu_paging_changed(struct cpu *cpu);
/* The same when nothing but CR3 and with it the PDPTE registers changed: the engine may keep what it knows of other address spaces. */
void cpu_space_changed(struct cpu *cpu);

/* The bits that every data access of the current privilege carries: ACC_USER, ACC_AC. */
static inline unsigned cpu_access(const struct cpu *cpu, unsigned kind)
{
	return kind | (cpu->cpl == 3 ? (unsigned)ACC_USER : 0u) | (cpu->rflags & FLAG_AC ? (unsigned)ACC_AC : 0u);
}

/* Each fills cpu->pending and returns false, to be returned by the caller. While an event that is no software interrupt is being
 * delivered (cpu->delivery.active), raise_error sets EXT in the error codes of #TS, #NP, #SS and #GP; in real-address mode there are none.
 */
bool raise_exception(struct cpu *cpu, enum vector vector);	       /* without an error code */
bool raise_error(struct cpu *cpu, enum vector vector, uint32_t error); /* with one */
bool raise_db(struct cpu *cpu, uint64_t dr6_bits);
bool raise_walk(struct cpu *cpu, gla_t gla, unsigned access); /* from cpu->mmu.last: #PF or EPT violation / misconfiguration */
bool raise_vm_exit(struct cpu *cpu, uint32_t reason, uint64_t qualification);
bool raise_stop(struct cpu *cpu, const char *why);

#endif

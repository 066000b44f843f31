/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random programs out of snippets (account_random.h). R13 is where the handlers of faults go on: the next snippet. */
#include "tests/account_random.h"

#include "mmu/pte.h"

#include <string.h>

enum { SNIPPETS = 250, ROUNDS = 40, SNIPPET_MAX = 40, PAGES = 24, PT = BOX_TABLES + 0x4000, DISP = 0xfe, IMM = 0xfd };

/* Bytes of a snippet; DISP stands for a random displacement, IMM for a random byte. */
static const struct {
	uint8_t size;
	uint8_t code[17];
} snippets[] = {
    {4, {0x48, 0x8b, 0x43, DISP}},		 /* mov rax,[rbx+d] */
    {4, {0x48, 0x8b, 0x4e, DISP}},		 /* mov rcx,[rsi+d] */
    {4, {0x48, 0x89, 0x43, DISP}},		 /* mov [rbx+d],rax */
    {4, {0x48, 0x89, 0x57, DISP}},		 /* mov [rdi+d],rdx */
    {3, {0x88, 0x47, DISP}},			 /* mov [rdi+d],al */
    {4, {0x48, 0x01, 0x46, DISP}},		 /* add [rsi+d],rax */
    {4, {0xf6, 0x5b, DISP, 0x90}},		 /* neg byte [rbx+d]; nop */
    {6, {0xf0, 0x48, 0x0f, 0xc1, 0x47, DISP}},	 /* lock xadd [rdi+d],rax */
    {4, {0x48, 0x87, 0x43, DISP}},		 /* xchg [rbx+d],rax */
    {5, {0x48, 0x0f, 0xb1, 0x4b, DISP}},	 /* cmpxchg [rbx+d],rcx */
    {4, {0x66, 0x0f, 0xc7, 0x90}},		 /* what is no instruction */
    {6, {0xff, 0x73, DISP, 0x8f, 0x46, DISP}},	 /* push [rbx+d]; pop [rsi+d] */
    {2, {0x50, 0x59}},				 /* push rax; pop rcx */
    {4, {0x0f, 0x10, 0x43, DISP}},		 /* movups xmm0,[rbx+d] */
    {4, {0x0f, 0x11, 0x46, DISP}},		 /* movups [rsi+d],xmm0 */
    {4, {0x0f, 0x28, 0x4b, DISP}},		 /* movaps xmm1,[rbx+d] */
    {5, {0x66, 0x0f, 0x7f, 0x4f, DISP}},	 /* movdqa [rdi+d],xmm1 */
    {5, {0x66, 0x0f, 0xfe, 0x43, DISP}},	 /* paddd xmm0,[rbx+d] */
    {5, {0xf2, 0x0f, 0x58, 0x46, DISP}},	 /* addsd xmm0,[rsi+d] */
    {2, {0x48, 0xa5}},				 /* movsq */
    {2, {0x48, 0xa7}},				 /* cmpsq */
    {2, {0xaa, 0xac}},				 /* stosb; lodsb */
    {8, {0xb9, IMM, 0, 0, 0, 0xf3, 0x48, 0xa5}}, /* mov ecx,n; rep movsq */
    {7, {0xb9, IMM, 0, 0, 0, 0xf3, 0xaa}},	 /* mov ecx,n; rep stosb */
    {7, {0xb9, IMM, 0, 0, 0, 0xf3, 0xab}},	 /* mov ecx,n; rep stosd */
    {8, {0xb9, IMM, 0, 0, 0, 0x66, 0xf3, 0xab}}, /* mov ecx,n; rep stosw */
    {17,
     {0x9c, 0x81, 0x0c, 0x24, 0, 4, 0, 0, 0x9d, 0xb9, IMM, 0, 0, 0, 0xf3, 0xaa,
      0xfc}},								/* pushf; or dword [rsp],DF; popf; mov ecx,n; rep stosb; cld */
    {11, {0x48, 0x8d, 0x77, 0xfd, 0xb9, IMM, 0, 0, 0, 0xf3, 0xa4}},	/* lea rsi,[rdi+n]; mov ecx,n; rep movsb */
    {7, {0xb9, IMM, 0, 0, 0, 0xf2, 0xae}},				/* mov ecx,n; repne scasb */
    {4, {0x48, 0xf7, 0x73, DISP}},					/* div qword [rbx+d] */
    {6, {0x31, 0xd2, 0x48, 0xf7, 0xf1, 0x90}},				/* xor edx,edx; div rcx; nop */
    {5, {0x48, 0x8d, 0x44, 0x0b, DISP}},				/* lea rax,[rbx+rcx+d] */
    {6, {0xdd, 0x43, DISP, 0xdd, 0x5e, DISP}},				/* fld qword [rbx+d]; fstp qword [rsi+d] */
    {6, {0xdb, 0x6b, DISP, 0xdb, 0x7f, DISP}},				/* fld tbyte [rbx+d]; fstp tbyte [rdi+d] */
    {10, {0x48, 0x83, 0xe3, 0xf0, 0x0f, 0xae, 0x03, 0x0f, 0xae, 0x0b}}, /* and rbx,-16; fxsave [rbx]; fxrstor [rbx] */
    {4, {0x0f, 0xa2, 0x31, 0xc9}},					/* cpuid; xor ecx,ecx */
    {2, {0x0f, 0x31}},							/* rdtsc */
    {2, {0x9c, 0x9d}},							/* pushf; popf */
    {3, {0x0f, 0x01, 0x3b}},						/* invlpg [rbx] */
    {2, {0xcd, BOX_SOFTWARE}},						/* int n */
    {1, {0xcc}},							/* int3 */
    {2, {0x0f, 0x0b}},							/* ud2 */
    {8, {0xe8, 2, 0, 0, 0, 0xeb, 1, 0xc3}},				/* call 1f; jmp 2f; 1: ret; 2: */
    {2, {0xff, 0x13}},							/* call [rbx] */
    {7, {0x48, 0x39, 0xc8, 0x74, 0x02, 0xff, 0xc2}},			/* cmp rax,rcx; je 1f; inc edx; 1: */
    {11, {0xb9, IMM, 0, 0, 0, 0x01, 0x0b, 0xff, 0xc9, 0x75, 0xfa}},	/* mov ecx,n; 1: add [rbx],ecx; dec ecx; jnz 1b */
    {13, {0xb9, IMM, 0, 0, 0, 0x8b, 0x03, 0xff, 0xc0, 0xff, 0xc9, 0x75, 0xf8}}, /* the same with mov eax,[rbx]; inc eax */
    {11, {0xb9, IMM, 0, 0, 0, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xfa}},		/* mov ecx,n; 1: add eax,ecx; dec ecx; jnz 1b */
    {2, {0xfb, 0x90}},								/* sti; nop */
    {1, {0xfa}},								/* cli */
    {6, {0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8}},					/* mov rax,cr3; mov cr3,rax */
    /* addresses that come of what was loaded, stored or reckoned a moment ago */
    {12, {0x48, 0x89, 0x73, DISP, 0x48, 0x8b, 0x43, DISP, 0x48, 0x8b, 0x48, DISP}}, /* mov [rbx+d],rsi; mov rax,[rbx+d]; mov rcx,[rax+d] */
    {12, {0x48, 0x89, 0x73, 0x10, 0x48, 0x8b, 0x43, 0x10, 0x48, 0x8b, 0x48, DISP}}, /* the same, of one place */
    {12,
     {0x48, 0x89, 0x5f, 0x20, 0x48, 0x8b, 0x46, 0x20, 0x48, 0x89, 0x48, DISP}}, /* mov [rdi+32],rbx; mov rax,[rsi+32]; mov [rax+d],rcx */
    {8, {0x53, 0x56, 0x58, 0x59, 0x48, 0x8b, 0x50, DISP}},			/* push rbx; push rsi; pop rax; pop rcx; mov rdx,[rax+d] */
    {8, {0x83, 0xe1, 0x3f, 0x48, 0x8b, 0x44, 0xcb, DISP}},			/* and ecx,63; mov rax,[rbx+rcx*8+d] */
    {12,
     {0x0f, 0xb6, 0xc8, 0x48, 0x8d, 0x44, 0x4e, DISP, 0x48, 0x87, 0x10, 0x90}}, /* movzx ecx,al; lea rax,[rsi+rcx*2+d]; xchg [rax],rdx */
    {13,
     {0x48, 0x63, 0xc9, 0x48, 0xc1, 0xe9, 0x3a, 0x4c, 0x8b, 0x1c, 0x0f, 0x90, 0x90}}, /* movsxd rcx,ecx; shr rcx,58; mov r11,[rdi+rcx] */
    {14,
     {0x89, 0xd8, 0x48, 0x83, 0xc0, DISP, 0xf7, 0xd8, 0xf7, 0xd8, 0x80, 0x40, DISP,
      1}},							 /* mov eax,ebx; add rax,d; neg eax; neg eax; add byte [rax+d],1 */
    {9, {0x48, 0x6b, 0xca, 0x00, 0x48, 0x8b, 0x44, 0x0b, DISP}}, /* imul rcx,rdx,0; mov rax,[rbx+rcx+d] */
    {13, {0x48, 0x87, 0xf3, 0x48, 0x81, 0xeb, IMM, 0, 0, 0, 0x48, 0x8b, 0x03}}, /* xchg rbx,rsi; sub rbx,n; mov rax,[rbx] */
    {12,
     {0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0x75, 0xe0, 0xc9, 0x8b, 0x46,
      DISP}}, /* push rbp; mov rbp,rsp; mov [rbp-32],rsi; leave; mov eax,[rsi+d] */
    {13,
     {0x49, 0x8b, 0x10, 0x48, 0x8b, 0x43, DISP, 0x49, 0x8b, 0x08, 0x48, 0x31,
      0xca}}, /* mov rdx,[r8]; mov rax,[rbx+d]; mov rcx,[r8]; xor rdx,rcx */
    {12,
     {0x4d, 0x8b, 0x08, 0x0f, 0x28, 0x06, 0x0f, 0x29, 0x47, DISP, 0x90, 0x90}}, /* mov r9,[r8]; movaps xmm0,[rsi]; movaps [rdi+d],xmm0 */
    {8, {0x66, 0x89, 0x43, DISP, 0x8a, 0x4b, DISP, 0x90}},			/* mov [rbx+d],ax; mov cl,[rbx+d] */
    {9, {0x8b, 0x0d, DISP, 0, 0, 0, 0x48, 0x01, 0xc8}},				/* mov ecx,[rip+d]; add rax,rcx */
    {11, {0x48, 0xff, 0xc0, 0x48, 0xc1, 0xc0, 0x05, 0x48, 0x29, 0xc2, 0x90}},	/* inc rax; rol rax,5; sub rdx,rax; nop */
};

struct program {
	uint64_t x;
	uint8_t *ram;
	uint64_t at;
	bool careful;
};

static uint64_t random_next(struct program *p)
{
	p->x ^= p->x << 13, p->x ^= p->x >> 7, p->x ^= p->x << 17;
	return p->x * 0x2545f4914f6cdd1dull >> 8;
}

static void emit(struct program *p, const void *code, size_t size)
{
	memcpy(p->ram + p->at, code, size);
	p->at += size;
}

/* mov REG,imm64 */
static void emit_load(struct program *p, unsigned reg, uint64_t value)
{
	emit(p, (const uint8_t[]){reg < 8 ? 0x48 : 0x49, (uint8_t)(0xb8 | (reg & 7))}, 2);
	emit(p, &value, 8);
}

/* Mostly among the data pages, often across two of them; now and then where something special is. */
static uint64_t random_place(struct program *p)
{
	uint64_t page = BOX_DATA + random_next(p) % PAGES * PAGE_SIZE;

	switch (random_next(p) % 24) {
	case 0:
		return 0x8000000000000000ull | random_next(p);
	case 1:
		return 0xfee00020; /* the local APIC */
	case 2:
		return BOX_CODE + random_next(p) % 0x3000;
	case 3:
		return 0x400000; /* not mapped */
	case 4:
	case 5:
	case 6:
		return page + PAGE_SIZE - random_next(p) % 20;
	default:
		return page + random_next(p) % 64 * 16 + 64;
	}
}

static void emit_pointer(struct program *p)
{
	static const uint8_t regs[] = {RBX, RSI, RDI};

	emit_load(p, regs[random_next(p) % ARRAY_LEN(regs)], random_place(p));
}

/*
 * Flips a flag of a data page's entry, or its frame; sometimes, or always, with INVLPG, in a block of its own or not; sometimes the page is
 * accessed in the block that changes its entry.
 */
static void emit_table(struct program *p)
{
	static const uint8_t flips[] = {PTE_P, PTE_RW, PTE_P, PTE_RW, PTE_A, PTE_D};
	uint64_t page = random_next(p) % PAGES;
	uint64_t entry = PT + 8 * (BOX_DATA / PAGE_SIZE + page);

	emit_load(p, R8, entry);
	emit_load(p, R9, BOX_DATA + page * PAGE_SIZE);
	if (random_next(p) % 2)
		emit(p, (const uint8_t[]){0xeb, 0x00}, 2); /* jmp 1f; 1: */
	if (random_next(p) % 2)				   /* before its entry changes, with others that may take its place in small TLBs */
		emit(p, (const uint8_t[]){0x49, 0x8b, 0x01, 0x48, 0x8b, 0x4e, 0x40, 0x48, 0x8b, 0x43, 0x40}, 11);
	/* mov rax,[r9]; mov rcx,[rsi+40h]; mov rax,[rbx+40h] */
	if (random_next(p) % 4)
		emit(p, (const uint8_t[]){0x41, 0x80, 0x30, flips[random_next(p) % ARRAY_LEN(flips)]}, 4); /* xor byte [r8],f */
	else
		emit(p, (const uint8_t[]){0x41, 0x80, 0x70, 0x01, (uint8_t)(0x10 << random_next(p) % 3)}, 5); /* xor byte [r8+1],f */
	if (random_next(p) % 2 && !p->careful)
		emit(p, (const uint8_t[]){0x49, 0x8b, 0x01}, 3); /* mov rax,[r9] */
	if (random_next(p) % 2)
		emit(p, (const uint8_t[]){0xeb, 0x00}, 2);
	if (random_next(p) % 3 || p->careful)
		emit(p, (const uint8_t[]){0x41, 0x0f, 0x01, 0x39}, 4); /* invlpg [r9] */
}

/* Makes many entries at once refer to one frame, as kernels clear tables: by REP STOSQ. */
static void emit_tables(struct program *p)
{
	enum { COUNT = 16 };
	uint64_t page = random_next(p) % (PAGES - COUNT);

	emit_load(p, RDI, PT + 8 * (BOX_DATA / PAGE_SIZE + page));
	emit_load(p, RAX, (BOX_DATA + random_next(p) % PAGES * PAGE_SIZE) | PTE_P | PTE_RW | PTE_US);
	emit(p, (const uint8_t[]){0xb9, COUNT, 0, 0, 0, 0xf3, 0x48, 0xab}, 8); /* mov ecx,n; rep stosq */
	emit_load(p, RDI, random_place(p));
	if (random_next(p) % 3 || p->careful)
		emit(p, (const uint8_t[]){0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8}, 6); /* mov rax,cr3; mov cr3,rax */
}

/* Changes the immediate of the instruction that follows. */
static void emit_change(struct program *p)
{
	uint64_t imm = p->at + 10 + 4 + random_next(p) % 3 + 2;

	emit_load(p, R8, imm);
	emit(p, (const uint8_t[]){0x41, 0xc6, 0x00, (uint8_t)random_next(p)}, 4); /* mov byte [r8],n */
	emit(p, (const uint8_t[]){0x41, 0xb9, 1, 2, 3, 4, 0x49, 0x01, 0xc9}, 9);  /* mov r9d,..; add r9,rcx */
}

/* What instructions do to general registers is what plans follow: some of nearly every opcode with ModRM, by its last byte. */
struct operation {
	uint8_t prefix; /* 0: none */
	uint8_t map;	/* 0: none, 1: 0F, 2: 0F 38, 3: 0F 3A */
	uint8_t from, to;
	uint8_t digits; /* of ModRM.reg; 0xff: it is a register */
	uint8_t imm;
};
static const struct operation operations[] = {
    {0, 0, 0x00, 0x03, 0xff, 0},    {0, 0, 0x08, 0x0b, 0xff, 0},    {0, 0, 0x10, 0x13, 0xff, 0},    {0, 0, 0x18, 0x1b, 0xff, 0},
    {0, 0, 0x20, 0x23, 0xff, 0},    {0, 0, 0x28, 0x2b, 0xff, 0},    {0, 0, 0x30, 0x33, 0xff, 0},    {0, 0, 0x38, 0x3b, 0xff, 0},
    {0, 0, 0x63, 0x63, 0xff, 0},    {0, 0, 0x6b, 0x6b, 0xff, 1},    {0, 0, 0x80, 0x80, 0x7f, 1},    {0, 0, 0x83, 0x83, 0xfe, 1},
    {0, 0, 0x84, 0x8b, 0xff, 0},    {0, 0, 0xc0, 0xc1, 0xbf, 1},    {0, 0, 0xd0, 0xd3, 0xbf, 0},    {0, 0, 0xc6, 0xc6, 0x01, 1},
    {0, 0, 0xf6, 0xf7, 0x3c, 0},    {0, 0, 0xfe, 0xff, 0x03, 0},    {0, 1, 0x1f, 0x1f, 0xff, 0},    {0, 1, 0x40, 0x4f, 0xff, 0},
    {0, 1, 0x90, 0x9f, 0xff, 0},    {0, 1, 0xa4, 0xa4, 0xff, 1},    {0, 1, 0xa5, 0xa5, 0xff, 0},    {0, 1, 0xac, 0xac, 0xff, 1},
    {0, 1, 0xad, 0xad, 0xff, 0},    {0, 1, 0xba, 0xba, 0xf0, 1},    {0, 1, 0xaf, 0xb1, 0xff, 0},    {0, 1, 0xb6, 0xb7, 0xff, 0},
    {0xf3, 1, 0xb8, 0xb8, 0xff, 0}, {0, 1, 0xbc, 0xbf, 0xff, 0},    {0, 1, 0xc0, 0xc1, 0xff, 0},    {0xf2, 2, 0xf0, 0xf1, 0xff, 0},
    {0x66, 1, 0x6e, 0x6e, 0xff, 0}, {0x66, 1, 0x7e, 0x7e, 0xff, 0}, {0xf2, 1, 0x2c, 0x2d, 0xff, 0}, {0xf3, 1, 0x2c, 0x2d, 0xff, 0},
    {0xf3, 1, 0x7e, 0x7e, 0xff, 0}, {0, 2, 0xf0, 0xf1, 0xff, 0},
};

/* The registers that change: RAX, RCX, RDX, and R9 to R11. RBX, RSI and RDI stay where they point. */
static unsigned random_register(struct program *p)
{
	static const uint8_t regs[] = {RAX, RCX, RDX, R9, R10, R11};

	return regs[random_next(p) % ARRAY_LEN(regs)];
}

/* One of them, of registers or with [rbx], [rsi] or [rdi] and a displacement. */
static void emit_operation(struct program *p)
{
	static const uint8_t pointers[] = {RBX, RSI, RDI};
	const struct operation *o = &operations[random_next(p) % ARRAY_LEN(operations)];
	bool movbe = o->map == 2 && !o->prefix, memory = movbe || (random_next(p) % 3 == 0 && !(o->map == 1 && o->from == 0x63));
	unsigned reg = random_register(p), rm = memory ? pointers[random_next(p) % ARRAY_LEN(pointers)] : random_register(p);
	bool extension = o->digits != 0xff, wide = random_next(p) % 2, small = random_next(p) % 5 == 0;
	uint8_t rex = 0x40 | (wide ? 8 : 0) | (reg >= 8 && !extension ? 4 : 0) | (rm >= 8 ? 1 : 0);
	uint8_t code[16];
	unsigned n = 0, digit = reg & 7;

	while (extension && !(o->digits >> digit & 1))
		digit = (digit + 1) & 7;
	if (o->prefix)
		code[n++] = o->prefix;
	else if (small)
		code[n++] = 0x66;
	if (rex != 0x40 || random_next(p) % 2)
		code[n++] = rex;
	if (o->map)
		code[n++] = 0x0f;
	if (o->map == 2)
		code[n++] = 0x38;
	code[n++] = (uint8_t)(o->from + random_next(p) % (o->to - o->from + 1u));
	code[n++] = (uint8_t)((memory ? 0x40 : 0xc0) | digit << 3 | (rm & 7));
	if (memory)
		code[n++] = (uint8_t)(random_next(p) & 0x38);
	if (o->imm)
		code[n++] = (uint8_t)random_next(p);
	emit(p, code, n);
}

/* What a few of them leave in a register says where a load goes: to one of four pages. */
static void emit_slice(struct program *p)
{
	for (unsigned n = 1 + random_next(p) % 4; n; n--)
		emit_operation(p);
	unsigned reg = random_register(p);
	emit(p, (const uint8_t[]){reg >= 8 ? 0x44 : 0x40, 0x89, (uint8_t)(0xc1 | (reg & 7) << 3)}, 3); /* mov ecx,reg */
	emit(p, (const uint8_t[]){0x81, 0xe1, 0xf8, 0x3f, 0, 0}, 6);				       /* and ecx,3ff8h */
	emit(p, (const uint8_t[]){0x48, 0x8b, 0x14, 0x0b}, 4);					       /* mov rdx,[rbx+rcx] */
}

/* A load of a page-table entry, before the load that sets its accessed flag: what it read can be seen. */
static void emit_look(struct program *p)
{
	uint64_t page = random_next(p) % PAGES;

	emit_load(p, R8, PT + 8 * (BOX_DATA / PAGE_SIZE + page));
	emit_load(p, R9, BOX_DATA + page * PAGE_SIZE);
	emit(p, (const uint8_t[]){0x41, 0x80, 0x20, 0x9f}, 4); /* and byte [r8],~60h */
	emit(p, (const uint8_t[]){0x41, 0x0f, 0x01, 0x39}, 4); /* invlpg [r9] */
	emit(p, (const uint8_t[]){0xeb, 0x00}, 2);	       /* jmp 1f; 1: */
	emit(p, (const uint8_t[]){0x49, 0x8b, 0x10, 0x49, 0x8b, 0x01, 0x49, 0x8b, 0x08, 0x48, 0x31, 0xca}, 12);
	/* mov rdx,[r8]; mov rax,[r9]; mov rcx,[r8]; xor rdx,rcx */
}

/* A store and a load that go to one place by two registers; where the next load goes depends on what was stored. */
static void emit_alias(struct program *p)
{
	emit(p, (const uint8_t[]){0x48, 0x89, 0xf7, 0xeb, 0x00}, 5);			   /* mov rdi,rsi; jmp 1f; 1: */
	emit(p, (const uint8_t[]){0x48, 0x89, 0x5f, 0x20}, 4);				   /* mov [rdi+32],rbx */
	emit(p, (const uint8_t[]){0x48, 0x8b, 0x46, 0x20}, 4);				   /* mov rax,[rsi+32] */
	emit(p, (const uint8_t[]){0x48, 0x8b, 0x50, (uint8_t)(random_next(p) & 0x38)}, 4); /* mov rdx,[rax+d] */
}

static void emit_snippet(struct program *p)
{
	size_t n = random_next(p) % ARRAY_LEN(snippets);
	uint8_t code[SNIPPET_MAX] = {0};

	for (unsigned i = 0; i < snippets[n].size; i++) {
		uint8_t byte = snippets[n].code[i];
		code[i] = byte == DISP || byte == IMM ? (uint8_t)(random_next(p) & 0x3f) : byte;
	}
	emit(p, code, snippets[n].size);
}

/* Many lines without a branch, with a load now and then. */
static void emit_straight(struct program *p)
{
	for (uint64_t lines = 12 + random_next(p) % 16; lines; lines--) {
		for (unsigned i = 0; i < 6; i++)
			emit(p, (const uint8_t[]){0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}, 9); /* nop */
		if (random_next(p) % 2)
			emit(p, (const uint8_t[]){0x48, 0x8b, 0x43, (uint8_t)(random_next(p) & 0x3f)}, 4); /* mov rax,[rbx+d] */
		else
			emit(p, (const uint8_t[]){0x48, 0xff, 0xc0}, 3); /* inc rax */
	}
	emit_snippet(p);
}

static void emit_one(struct program *p)
{
	uint64_t begin = p->at;

	emit(p, (const uint8_t[]){0x4c, 0x8d, 0x2d, 0, 0, 0, 0}, 7); /* lea r13,[rip+size] */
	uint64_t body = p->at;
	switch (random_next(p) % 21) {
	case 0:
	case 1:
	case 2:
	case 3:
		emit_pointer(p);
		break;
	case 4:
		emit_table(p);
		break;
	case 5:
		emit_change(p);
		break;
	case 6:
	case 7:
	case 8:
		emit_slice(p);
		break;
	case 9:
		emit_look(p);
		break;
	case 10:
		emit_alias(p);
		break;
	case 11:
		emit_table(p);
		break;
	case 12:
		emit_tables(p);
		break;
	case 13:
		emit_straight(p);
		break;
	default:
		for (uint64_t i = random_next(p) % 4 + 1; i; i--)
			emit_snippet(p);
	}
	uint32_t size = (uint32_t)(p->at - body);
	memcpy(p->ram + begin + 3, &size, sizeof size);
}

static void change_pages(struct program *p)
{
	for (uint64_t page = 0; page < PAGES; page++) {
		uint64_t frame = BOX_DATA + random_next(p) % PAGES * PAGE_SIZE;
		uint64_t rights = PTE_P | PTE_US | (random_next(p) % 5 ? PTE_RW : 0), special = random_next(p) % 16;
		if (special == 0)
			frame = BOX_CODE + 0x1000;
		if (special == 1 && !p->careful)
			frame = PT;
		uint64_t entry = special == 2 ? 0 : frame | rights;
		memcpy(p->ram + PT + 8 * (BOX_DATA / PAGE_SIZE + page), &entry, 8);
	}
}

void account_random(struct box *box, uint64_t seed, bool careful)
{
	struct program p = {.x = seed * 0x9e3779b97f4a7c15ull + 1, .ram = box->m.mem.host, .at = BOX_CODE, .careful = careful};

	for (unsigned i = 0; i < 8; i++)
		random_next(&p);
	change_pages(&p);
	emit_load(&p, RBX, BOX_DATA);
	emit_load(&p, RSI, BOX_DATA + 0x100);
	emit_load(&p, RDI, BOX_DATA + 0x200);
	emit_load(&p, R12, ROUNDS);
	uint64_t loop = p.at;
	emit_load(&p, R15, BOX_LOG);
	emit_load(&p, RSP, BOX_STACK);
	for (unsigned i = 0; i < SNIPPETS; i++)
		emit_one(&p);
	emit(&p, (const uint8_t[]){0x49, 0xff, 0xcc, 0x0f, 0x85}, 5); /* dec r12; jnz loop */
	int32_t back = (int32_t)(loop - (p.at + 4));
	emit(&p, &back, 4);
	emit(&p, (const uint8_t[]){0xfa, 0xf4}, 2); /* cli; hlt */
	box->m.cpu.rip = BOX_CODE;
	box_timer(box, (uint32_t)(random_next(&p) % 3000 + 100), true);
}

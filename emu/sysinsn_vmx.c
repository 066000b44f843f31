/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMX instructions of a processor that does not offer VMX: each is #UD (SDM 3D, "VMX Instruction Reference"). */
#include "emu/sysinsn.h"

#define UNDEFINED(symbol)                                                                                                                  \
	bool sys_##symbol(struct sysinsn *s)                                                                                               \
	{                                                                                                                                  \
		return raise_exception(s->cpu, VEC_UD);                                                                                    \
	}

UNDEFINED(VMXON)
UNDEFINED(VMXOFF)
UNDEFINED(VMCLEAR)
UNDEFINED(VMPTRLD)
UNDEFINED(VMPTRST)
UNDEFINED(VMREAD)
UNDEFINED(VMWRITE)
UNDEFINED(VMLAUNCH)
UNDEFINED(VMRESUME)
UNDEFINED(VMCALL)
UNDEFINED(VMFUNC)
UNDEFINED(INVEPT)
UNDEFINED(INVVPID)

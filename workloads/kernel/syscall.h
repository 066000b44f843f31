/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls' functions: arguments as the program gave them; a result or a negative error number. */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include "trap.h"

#define PROTO_0(name) long sys_##name(void);
#define PROTO_1(name) long sys_##name(u64 a);
#define PROTO_2(name) long sys_##name(u64 a, u64 b);
#define PROTO_3(name) long sys_##name(u64 a, u64 b, u64 c);
#define PROTO_4(name) long sys_##name(u64 a, u64 b, u64 c, u64 d);
#define PROTO_5(name) long sys_##name(u64 a, u64 b, u64 c, u64 d, u64 e);
#define PROTO_6(name) long sys_##name(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
#define PROTO_REGS(name) long sys_##name(struct trap *regs);
#define SYSCALL(number, name, arguments) PROTO_##arguments(name)
#include "syscall.def"
#undef SYSCALL

extern bool syscall_trace; /* each call is logged */

/* Does the call that regs asks for. */
void syscall_do(struct trap *regs);
/* For calls that wait: the mask at from (0: none) is in force until the call is over. false: EFAULT. */
bool syscall_set_mask(u64 from);
struct timer;
/* Reads a struct timespec as nanoseconds (0, -EFAULT, -EINVAL); writes one, or a struct itimerspec. */
long time_read(u64 from, u64 *nanoseconds);
bool time_write_setting(u64 to, const struct timer *timer);
bool time_write(u64 to, u64 nanoseconds);

#endif

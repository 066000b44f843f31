# SPDX-License-Identifier: GPL-2.0-or-later
# The guest kernel (workloads/kernel) runs in the top 2 GiB: its own objects, those of workloads/lib that it uses too, its own layout.
KERNEL_LIB := finish.c gdt.c lapic.c print.c serial.c trap.c trap_stub.S
KERNEL_OBJ := $(patsubst workloads/%,$(IMG)/obj/kernel/%.o,$(wildcard workloads/kernel/*.c workloads/kernel/*.S) $(KERNEL_LIB:%=workloads/lib/%))
KERNEL_CFLAGS := $(IMG_CFLAGS) -mcmodel=kernel -ffunction-sections -fdata-sections -DLAPIC_BASE=0xffffffffc0000000 -Iworkloads/kernel
images: $(IMG)/kernel.elf
$(IMG)/obj/kernel/%.o: workloads/%
	@mkdir -p $(@D)
	@echo "  GUEST   $<"
	$(Q)gcc -m64 $(KERNEL_CFLAGS) -c -o $@ $<
$(IMG)/kernel64.elf: $(KERNEL_OBJ) workloads/kernel/kernel.ld
	@echo "  GUESTLD $@"
	$(Q)ld -m elf_x86_64 -z noexecstack --no-warn-rwx-segments -T workloads/kernel/kernel.ld -o $@ $(KERNEL_OBJ)
$(IMG)/kernel.elf: $(IMG)/kernel64.elf
	$(Q)objcopy -S -O elf32-i386 $< $@

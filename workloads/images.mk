# SPDX-License-Identifier: GPL-2.0-or-later
# Guest images: freestanding, Multiboot 1. build/images/NAME.elf is ELF32 (what `qemu -kernel` takes), NAME64.elf the same as ELF64.
# An image is a folder of workloads/ (or one file NAME.c of tests/guest/, with NAME.S and NAME32.c where they exist), linked with workloads/lib.
IMG := build/images
IMG_CFLAGS := -std=gnu11 -O2 -g0 -Wall -Wextra -Werror -ffreestanding -nostdlib -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -mno-red-zone -mgeneral-regs-only -Iworkloads/lib -MMD -MP
IMG_LIB := $(patsubst workloads/%,$(IMG)/obj/%.o,$(wildcard workloads/lib/*.c workloads/lib/*.S))

# what hypervisors among the images share
IMG_VMX := $(patsubst workloads/%,$(IMG)/obj/%.o,$(wildcard workloads/vmx/*.c workloads/vmx/*.S))
IMG_WORKLOADS := paging reach probe
IMG_GUEST := $(patsubst tests/guest/%.c,%,$(filter-out %32.c,$(wildcard tests/guest/*.c)))
IMAGES := $(IMG_WORKLOADS:%=$(IMG)/%.elf) $(IMG_GUEST:%=$(IMG)/guest-%.elf)
images: $(IMAGES)

$(IMG)/obj/%.c.o: workloads/%.c
	@mkdir -p $(@D)
	@echo "  GUEST   $<"
	$(Q)gcc -m64 $(IMG_CFLAGS) -c -o $@ $<
$(IMG)/obj/%.S.o: workloads/%.S
	@mkdir -p $(@D)
	@echo "  GUEST   $<"
	$(Q)gcc -m64 $(IMG_CFLAGS) -c -o $@ $<
$(IMG)/obj/guest/%.c.o: tests/guest/%.c
	@mkdir -p $(@D)
	@echo "  GUEST   $<"
	$(Q)gcc -m64 $(IMG_CFLAGS) -Itests/guest -c -o $@ $<
$(IMG)/obj/guest/%.S.o: tests/guest/%.S
	@mkdir -p $(@D)
	@echo "  GUEST   $<"
	$(Q)gcc -m64 $(IMG_CFLAGS) -Itests/guest -c -o $@ $<
# 32-bit C inside a 64-bit image: compiled for i386, assembled as .code32 into an ELF64 object
$(IMG)/obj/guest/%32.c.o: tests/guest/%32.c
	@mkdir -p $(@D)
	@echo "  GUEST   $<"
	$(Q)gcc -m32 $(IMG_CFLAGS) -Itests/guest -S -o $(@:.o=.s) $<
	$(Q)(echo .code32; cat $(@:.o=.s)) | as --64 -o $@ -

define image_rule
$(IMG)/$(1)64.elf: $(2) $(3) $(IMG_LIB) workloads/lib/image.ld
	@echo "  GUESTLD $$@"
	$$(Q)ld -m elf_x86_64 -z noexecstack --no-warn-rwx-segments -T workloads/lib/image.ld -o $$@ $(2) $(3) $(IMG_LIB)
$(IMG)/$(1).elf: $(IMG)/$(1)64.elf
	$$(Q)objcopy -O elf32-i386 $$< $$@
endef
$(foreach w,$(IMG_WORKLOADS),$(eval $(call image_rule,$(w),$(patsubst workloads/%,$(IMG)/obj/%.o,$(wildcard workloads/$(w)/*.c workloads/$(w)/*.S)))))
# tests/guest/lib is an archive: an image takes from it what it calls
$(IMG)/obj/libguest.a: $(patsubst tests/guest/%,$(IMG)/obj/guest/%.o,$(wildcard tests/guest/lib/*.c tests/guest/lib/*.S))
	@rm -f $@
	$(Q)ar rcs $@ $^
$(foreach g,$(IMG_GUEST),$(eval $(call image_rule,guest-$(g),$(patsubst tests/guest/%,$(IMG)/obj/guest/%.o,$(wildcard tests/guest/$(g).c tests/guest/$(g).S tests/guest/$(g)32.c)),$(IMG)/obj/libguest.a)))
include tests/metal/metal.mk
include workloads/kernel/kernel.mk
include workloads/programs/programs.mk
# what a BIOS boots: workloads/disk/disk.sh puts it before a kernel and its modules
images: $(IMG)/boot_sector.bin
$(IMG)/boot_sector.bin: workloads/disk/boot_sector.S
	@mkdir -p $(IMG)/obj/disk
	@echo "  GUEST   $<"
	$(Q)gcc -m32 -c -o $(IMG)/obj/disk/boot_sector.o $<
	$(Q)ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o $@ $(IMG)/obj/disk/boot_sector.o

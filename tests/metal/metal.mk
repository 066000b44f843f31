# SPDX-License-Identifier: GPL-2.0-or-later
# The image of tests/metal: metal.elf for a Multiboot loader, metal.disk for a BIOS.
METAL := $(IMG)/obj/metal
METAL_LIB := $(foreach f,boot.S cmdline.c finish.c gdt.c print.c string.c trap.c trap_stub.S,$(IMG)/obj/lib/$(f).o)
METAL_OBJ := $(patsubst tests/metal/%,$(METAL)/%.o,$(filter-out tests/metal/boot_sector.S,$(wildcard tests/metal/*.c tests/metal/*.S))) $(IMG_VMX)
images: $(IMG)/metal.elf $(IMG)/metal.disk

$(METAL)/%.o: tests/metal/%
	@mkdir -p $(@D)
	@echo "  GUEST   $<"
	$(Q)gcc -m64 $(IMG_CFLAGS) -Iworkloads/vmx -Itests/metal -c -o $@ $<
$(IMG)/metal64.elf: $(METAL_OBJ) $(METAL_LIB) workloads/lib/image.ld
	@echo "  GUESTLD $@"
	$(Q)ld -m elf_x86_64 -z noexecstack --no-warn-rwx-segments -T workloads/lib/image.ld -o $@ $(METAL_OBJ) $(METAL_LIB)
$(IMG)/metal.elf: $(IMG)/metal64.elf
	$(Q)objcopy -O elf32-i386 $< $@
$(METAL)/metal.flat: $(IMG)/metal64.elf
	$(Q)objcopy -O binary --set-section-flags .bss=alloc,load,contents $< $@
$(IMG)/metal.disk: tests/metal/boot_sector.S $(METAL)/metal.flat
	@echo "  DISK    $@"
	$(Q)gcc -m32 -c -Wa,-I$(METAL) -DENTRY=0x$$(nm $(IMG)/metal64.elf | sed -n 's/ T _start$$//p') -o $(METAL)/boot_sector.o $<
	$(Q)ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o $@ $(METAL)/boot_sector.o

METAL_CASES ?= 7000
METAL_SEEDS ?= 2 6 7 4711
check-bochs: all images | deps-ensure
	$(Q)for s in $(METAL_SEEDS); do CASES=$(METAL_CASES) SEED=$$s VTXRAY=$(B)/vtxray IMAGES=$(IMG) tests/check_bochs.sh || bad=1; done; [ -z "$$bad" ]

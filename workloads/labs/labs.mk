# SPDX-License-Identifier: GPL-2.0-or-later
# The labs: make lab N=2 builds one and says what to do; make lab N=2 grade grades ANSWER (the lab's own file if not given); make lab N=5 run
# runs it and gives no points.
LABS := workloads/labs
LAB = $(notdir $(wildcard $(LABS)/$(N)-*))
LAB_BUILD := $(B)/labs
# programs of the labs that run on the host, with the emulator as a library: no student's code in them
LAB_PROGRAMS := $(patsubst $(LABS)/%.c,$(LAB_BUILD)/%,$(wildcard $(LABS)/*/*.prog.c))
LAB_ENV = VTXRAY=$(B)/vtxray IMAGES=$(IMG) LAB_BUILD=$(LAB_BUILD) SEED=$(SEED)
SEED ?= 1

$(LAB_BUILD)/%: $(LABS)/%.c $(B)/libvtxray.a
	@mkdir -p $(@D)
	@echo "  LAB     $@"
	$(Q)$(CC) $(CFLAGS_ALL) -fno-lto -o $@ $< $(B)/libvtxray.a -Wl,--as-needed $(LIBS)

# What is linked with a student's file: the harness and what it uses of the emulator as one object, whose other names are its own.
LAB_HARNESSES := $(patsubst $(LABS)/%.c,$(LAB_BUILD)/%.o,$(wildcard $(LABS)/*/harness.c))
$(LAB_BUILD)/%/harness.o: $(LABS)/%/harness.c $(B)/libvtxray.a
	@mkdir -p $(@D)
	@echo "  LAB     $@"
	$(Q)$(CC) $(filter-out -fvisibility=hidden,$(CFLAGS_ALL)) -iquote $(<D) -MT $@ -c -o $(@D)/alone.o $<
	$(Q)ld -r -o $@ $(@D)/alone.o $(B)/libvtxray.a && objcopy --localize-hidden $(NOT_LTO) $@

# what a link with them has to say
$(LAB_BUILD)/link: Makefile
	@mkdir -p $(@D)
	$(Q)echo '$(filter -fsanitize=% --coverage,$(OPT_$(MODE)))' >$@
labs-build: all images $(LAB_PROGRAMS) $(LAB_HARNESSES) $(LAB_BUILD)/link
lab: labs-build ## a lab for students: make lab N=1 (to 6) builds it and says what to do; make lab N=1 grade
	$(Q)[ -n "$(LAB)" ] || { echo "make lab N=k, k one of: $(sort $(notdir $(wildcard $(LABS)/[0-9]-*)))"; exit 2; }
	$(Q)$(if $(filter grade run,$(MAKECMDGOALS)),:,$(LAB_ENV) $(LABS)/lab.sh show $(LAB))
grade: lab
	$(Q)$(LAB_ENV) $(LABS)/lab.sh grade $(LAB) $(ANSWER)
run: lab
	$(Q)$(LAB_ENV) $(LABS)/lab.sh run $(LAB) $(ANSWER)
.PHONY: lab labs-build grade run

# What is linked with a student's guest image: the lab's frame, and of the small library and the VMX instructions what is used.
LAB_FRAMES := $(patsubst $(LABS)/%.c,$(LAB_BUILD)/%.o,$(wildcard $(LABS)/*/frame.c))
LAB_IMAGE_LIB := $(LAB_BUILD)/libimage.a
$(LAB_IMAGE_LIB): $(IMG_LIB) $(IMG_VMX)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)ar rcs $@ $^
$(LAB_BUILD)/%/frame.o: $(LABS)/%/frame.c
	@mkdir -p $(@D)
	@echo "  LAB     $@"
	$(Q)gcc -m64 $(IMG_CFLAGS) -Iworkloads/vmx -I$(<D) -c -o $@ $<
labs-build: $(LAB_IMAGE_LIB) $(LAB_FRAMES)

# lab 5's forgetful hypervisor, made of lab 4's solution
FORGETFUL := $(LAB_BUILD)/5-detective/forgetful
$(FORGETFUL)64.elf: $(LABS)/5-detective/forgetful.c $(LABS)/4-hypervisor/teacher/lab4.c $(LABS)/4-hypervisor/lab4.h $(LAB_IMAGE_LIB)
	@mkdir -p $(@D)
	@echo "  LAB     $@"
	$(Q)for f in $(wordlist 1,2,$^); do gcc -m64 $(IMG_CFLAGS) -Iworkloads/vmx -I$(LABS)/4-hypervisor -MF /dev/null -c -o $(@D)/$$(basename $$f .c).o $$f || exit 1; done
	$(Q)ld -m elf_x86_64 -z noexecstack --no-warn-rwx-segments -T workloads/lib/image.ld -o $@ $(@D)/forgetful.o $(@D)/lab4.o $(LAB_IMAGE_LIB)
$(FORGETFUL).elf: $(FORGETFUL)64.elf
	$(Q)objcopy -O elf32-i386 $< $@
labs-build: $(FORGETFUL).elf

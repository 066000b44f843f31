# SPDX-License-Identifier: GPL-2.0-or-later
# make install [PREFIX=/usr/local] [DESTDIR=]: the program, the library (one public header: emu/vtxray.h; all other symbols are hidden, in the
# archive too), what `share.h` finds, manual pages, completion. What was installed is listed in share/vtxray/installed, which uninstall reads.
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
SHARE := $(DATADIR)/vtxray
VERSION := $(shell sed -n 's/.*VTXRAY_VERSION "\(.*\)"/\1/p' emu/command.h)
SONAME := libvtxray.so.0
I := $(B)/install
LIBS_PC := unicorn capstone libelf libzstd liblzma ncursesw jansson inih

# in the library, where the files are is also known by PREFIX
$(I)/share.o: emu/share.c emu/share.h $(I)/prefix
	$(Q)$(CC) $(CFLAGS_ALL) $(CFLAGS) -DVTXRAY_DATADIR='"$(SHARE)"' -c -o $@ $<
$(I)/prefix: FORCE
	@mkdir -p $(@D)
	@echo '$(SHARE) $(LIBDIR) $(INCLUDEDIR)' | cmp -s - $@ || echo '$(SHARE) $(LIBDIR) $(INCLUDEDIR)' >$@
# the subcommands are the program's
LIBRARY_OBJ := $(filter-out $(B)/emu/share.o $(B)/emu/cmd_%,$(LIB_OBJ)) $(I)/share.o
NO_UNDEFINED := $(if $(findstring sanitize,$(OPT_$(MODE))),,-Wl,-z,defs)
$(I)/libvtxray.so: $(LIBRARY_OBJ)
	@echo "  LD      $@"
	$(Q)$(CC) $(OPT_$(MODE)) $(LTO_$(MODE)) -shared -Wl,-soname,$(SONAME) $(NO_UNDEFINED) -o $@ $^ -Wl,--as-needed $(LIBS)
$(I)/libvtxray.a: $(LIBRARY_OBJ)
	@echo "  AR      $@"
	$(Q)ld -r -o $(I)/libvtxray.o $^ && objcopy --localize-hidden $(NOT_LTO) $(I)/libvtxray.o
	@rm -f $@
	$(Q)ar rcs $@ $(I)/libvtxray.o
$(I)/vtxray.pc: $(I)/prefix emu/install.mk emu/command.h
	$(Q)printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: vtxray' \
		'Description: software emulator of an Intel VT-x processor with EPT' 'Version: $(VERSION)' 'Requires.private: $(LIBS_PC)' \
		'Libs: -L$${libdir} -lvtxray' 'Cflags: -I$${includedir}' | \
		sed -e '/^prefix=/!s|=$(PREFIX)/|=$${prefix}/|' >$@
# the pages of what commands there are, each made of the program's own help
$(I)/man: $(PROGRAM) $(wildcard emu/man/*)
	@echo "  MAN     $@"
	@rm -rf $@ && mkdir -p $@
	$(Q)emu/man/page.sh $(PROGRAM) >$@/vtxray.1
	$(Q)for c in $$($(PROGRAM) help | sed -n 's/^  vtxray \([a-z][a-z-]*\) .*/\1/p'); do emu/man/page.sh $(PROGRAM) $$c >$@/vtxray-$$c.1 || exit 1; done

define installing
put() { # MODE FOLDER FILE [NAME]: installs a file, and notes it
	to=$$2/$${4:-$$(basename "$$3")}
	install -D -m "$$1" "$$3" "$(DESTDIR)$$to" && echo "$$to" >>$(I)/installed || exit 1
}
link() { # FOLDER TARGET NAME
	ln -sfn "$$2" "$(DESTDIR)$$1/$$3" && echo "$$1/$$3" >>$(I)/installed || exit 1
}
: >$(I)/installed
put 755 $(BINDIR) $(PROGRAM)
put 644 $(LIBDIR) $(I)/libvtxray.a
put 755 $(LIBDIR) $(I)/libvtxray.so $(SONAME).$(VERSION)
link $(LIBDIR) $(SONAME).$(VERSION) $(SONAME)
link $(LIBDIR) $(SONAME) libvtxray.so
put 644 $(INCLUDEDIR) emu/vtxray.h
put 644 $(LIBDIR)/pkgconfig $(I)/vtxray.pc
put 644 $(SHARE) $(IMG)/kernel.elf
for f in emu/profiles/*.ini; do put 644 $(SHARE)/profiles $$f; done
for f in $(PROGRAMS); do put 755 $(SHARE)/programs $$f; done
put 644 $(SHARE)/programs $(PRG)/list
for f in $(I)/man/*.1; do put 644 $(DATADIR)/man/man1 $$f; done
put 644 $(DATADIR)/bash-completion/completions emu/completion/vtxray.bash vtxray
echo $(SHARE)/installed >>$(I)/installed
install -m 644 $(I)/installed "$(DESTDIR)$(SHARE)/installed"
endef
export installing

install: all images $(I)/libvtxray.so $(I)/libvtxray.a $(I)/vtxray.pc $(I)/man ## install into PREFIX (/usr/local), below DESTDIR if given
	$(Q)sh -c "$$installing"
	@echo "installed into $(DESTDIR)$(PREFIX)"
uninstall: ## remove what `make install` with the same PREFIX and DESTDIR put there
	$(Q)list="$(DESTDIR)$(SHARE)/installed"; [ -r "$$list" ] || { echo "uninstall: no $$list: nothing is installed there" >&2; exit 2; }; \
	sed 's|^|$(DESTDIR)|' "$$list" | while IFS= read -r f; do rm -f "$$f" || exit 1; done
	$(Q)rmdir "$(DESTDIR)$(SHARE)/profiles" "$(DESTDIR)$(SHARE)/programs" "$(DESTDIR)$(SHARE)" 2>/dev/null || true
FORCE:
.PHONY: install uninstall FORCE

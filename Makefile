# SPDX-License-Identifier: ISC
# One flat Makefile: every variant from one invocation, output only under o/. `make help` lists what it does.
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.DEFAULT_GOAL := all
SHELL  := /bin/bash
O      ?= o
PREFIX ?= /usr/local
PORT   ?= 8080
JOBS   ?= $(shell nproc)
ARCH   := $(shell uname -m)
export O

# ---- variants: one object tree each ----------------------------------------------------------
# linux: gcc and glibc, for tests and host programs     clang: the same by the other compiler
# san: clang with ASan and UBSan     cov: clang with coverage     fuzz: clang with libFuzzer
# image: gcc and musl, what unikernels are linked from  image_arm64: the same for aarch64
# arm64: aarch64 gcc and glibc, run by qemu-user
# bench: for the benches, by the flags that their peers are compiled with
# pic: gcc and glibc, what shared objects are linked from
# static: gcc and musl, position-independent: what leaves low memory to the image that it runs
VARIANTS := linux clang san cov fuzz image image_arm64 arm64 bench pic static

WARN := -Wall -Wextra -Werror -Wshadow -Wcast-qual -Wpointer-arith -Wvla -Wundef -Wconversion \
        -Wstrict-prototypes -Wmissing-prototypes -Wimplicit-fallthrough -Wwrite-strings -Wformat=2
BASE := -std=gnu2x -D_GNU_SOURCE -Iinclude -I. -g -fno-common -fno-strict-aliasing \
        -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(O)=o $(WARN)
SECTIONS := -fstack-protector-strong -ffunction-sections -fdata-sections
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
COVERAGE := -fprofile-instr-generate -fcoverage-mapping

CC_linux := gcc
CF_linux := -O2 $(SECTIONS)
LF_linux := -Wl,--gc-sections
CC_clang := clang
CF_clang := -O2
CC_san   := clang
CF_san   := -O1 $(SANITIZE) -fno-omit-frame-pointer
LF_san   := $(SANITIZE)
CC_cov   := clang
CF_cov   := -O1 $(COVERAGE)
LF_cov   := $(COVERAGE)
CC_fuzz  := clang
CF_fuzz  := -O1 $(SANITIZE) -fsanitize=fuzzer-no-link
LF_fuzz  := $(SANITIZE)
CC_image := musl-gcc
# Nobody unwinds at run time: tables for that are a tenth of an image. Debuggers have their own.
CF_image := -O2 $(SECTIONS) -fno-pie -fno-asynchronous-unwind-tables
LF_image := -static -Wl,--gc-sections
# Atomics in line: the processor is not asked when an image starts.
CC_image_arm64 := aarch64-linux-gnu-gcc
CF_image_arm64 := $(CF_image) -mno-outline-atomics
CC_arm64 := aarch64-linux-gnu-gcc
CF_arm64 := -O2 $(SECTIONS)
LF_arm64 := -static -L$(O)/debian/arm64/usr/lib/aarch64-linux-gnu
RUN_arm64 := qemu-aarch64-static
CC_pic   := gcc
CF_pic   := -O2 -fPIC -fvisibility=hidden $(SECTIONS)
LF_pic   := -shared -Wl,--gc-sections,-z,defs,--exclude-libs,libfa_arch.a
# musl-gcc knows no -static-pie. What musl lacks, the kernel's headers, comes from behind.
CC_static := musl-gcc
CF_static := -O2 $(SECTIONS) -fPIE -fno-asynchronous-unwind-tables \
             -idirafter /usr/include -idirafter /usr/include/$(ARCH)-linux-gnu
LF_static := -static -nostartfiles /usr/lib/$(ARCH)-linux-musl/rcrt1.o \
             -Wl,-pie,--no-dynamic-linker,-z,text,-z,now,--gc-sections
CC_bench := gcc
CF_bench := -O3 -flto=auto
LF_bench := -O3 -flto=auto
AR_bench := gcc-ar

# Where the archives and headers of Debian's libraries are, and musl's headers where no musl-gcc is.
DEBIAN_x86_64  := /usr
DEBIAN_aarch64 := $(O)/debian/arm64/usr
# The file that says so is called after them, so that a longer list is fetched anew.
DEBIAN_arm64 := libmd-dev libssl-dev zlib1g-dev libdeflate-dev libsqlite3-dev
FETCHED_aarch64 := $(O)/debian/arm64/$(subst $() $(),+,$(DEBIAN_arm64))
# What comes from Debian's archive, not from installed packages. Where it is not here and the archive
# cannot be reached, the tests that need it are skipped, and said to be.
FETCHES = $(O)/musl-$(ARCH)/libc.a $(O)/musl-aarch64/libc.a $(FETCHED_aarch64)
FETCHED = $(or $(wildcard $(O)/debian/reached),$(if $(filter-out $(wildcard $(FETCHES)),$(FETCHES)),,yes))
UNFETCHED = echo '1..0 \# SKIP without the archive of Debian no images with a libc are built'
HEADERS_image_arm64 = -nostdinc -isystem $(O)/musl-aarch64/include -isystem $(shell $(CC_image_arm64) -print-file-name=include)

LF_guest := -static -nostdlib -no-pie -Wl,--gc-sections,--build-id=none,-z,max-page-size=4096

$(foreach v,$(VARIANTS),$(eval arch_$v := $(if $(filter %arm64,$v),aarch64,$(ARCH))))

# ---- what there is to build ------------------------------------------------------------------
LIBS := $(sort $(patsubst src/%/pkg,%,$(wildcard src/*/pkg)))
SHARED := packetdrill
TENDER := $(O)/static/tender
HOST := $(filter-out $(SHARED),$(sort $(patsubst host/%/,%,$(dir $(wildcard host/*/*.c)))))
TEST := $(basename $(sort $(wildcard test/unit/*_test.c test/conform/*_test.c)))
SIM  := $(basename $(sort $(wildcard test/sim/*_test.c)))
FUZZ := $(basename $(sort $(wildcard fuzz/*_fuzz.c)))
BENCH := $(basename $(sort $(wildcard bench/*_bench.c)))
# Those that print rows by themselves; the others are run by the script of the same or another name.
BENCH_ROWS := $(filter-out bench/loss_bench bench/tap_bench,$(BENCH))
helpers = $(filter-out %_test.c,$(sort $(wildcard $(1:%=%/*.c))))
MAN := $(sort $(wildcard docs/man/*.scd))

# A test of the world outside (X_linux_test.c) runs on Linux alone, one of what a tender attaches
# (X_guest_test.c) in images alone, one that steers the simulated world there alone, every other on
# both platforms.
TEST_sim   := $(filter-out %_linux_test %_guest_test,$(TEST))
TEST_linux := $(filter-out %_guest_test $(basename $(shell grep -l '"fa/sim.h"' $(TEST:%=%.c) /dev/null)),$(TEST))

# What an image can do: no files, no sockets of the host, no steering of the world.
TEST_guest := $(filter-out %_linux_test $(basename $(wildcard $(TEST:%=%.libs))) $(basename $(shell grep -lE \
              '"(fa/(sim|stream|hostnet|hostblk)\.h|test/tempdir\.h|host/[a-z]*/[a-z_]*\.[ch])"|<(unistd|stdlib|stdio|sys/[a-z]*)\.h>' $(TEST:%=%.c))),$(TEST))
TEST_HELPERS_guest = $(sort $(wildcard test/guest/*.c) $(filter-out $(patsubst test/guest/%,test/%,$(wildcard \
                     test/guest/*.c)) test/conform/packetdrill_%,$(call helpers,test test/unit test/conform)))

# The simulator is a Linux process whose clock, entropy, sleep and end are its own: a file of
# plat/sim takes the place of the one of the same name in plat/linux, the rest is shared.
PLAT_sim := $(sort $(wildcard plat/sim/*.c) $(filter-out \
            $(patsubst plat/sim/%,plat/linux/%,$(wildcard plat/sim/*.c)),$(wildcard plat/linux/*.c)))

# Images that prove something: one each claim, or each library of others.
PLAT_musl := $(filter-out plat/musl/inside.c,$(sort $(wildcard plat/musl/*.c)))
BOOT_LIB := $(basename $(sort $(wildcard test/boot/lib_*.c)))

# What of plat/guest tests on the host can link: it would bring a memcpy() and an end of its own.
GUEST_PURE := $(shell grep -LE '"(fa/plat|plat/guest/guest)\.h"' plat/guest/*.c)
# What an image is linked with for each target that has no Linux below it: a file of the target takes
# the place of the one of the same name in plat/guest. $1 target, $2 architecture
GUESTS := spt virtio
# Where the application runs at CPL 3, ring 0 is an archive of its own: the linker script keeps the two
# apart. It uses no vector register, and every loop stays one: there is no memset() to call.
GATE_virtio := pc
GATE_pc     := plat/gate/ring0 plat/gate/pc
RING0       := -ffreestanding -mgeneral-regs-only -mno-red-zone -fno-stack-protector \
               -fno-tree-loop-distribute-patterns -Wno-array-bounds
guest_own = $(call sources,plat/$1) $(if $(GATE_$1),$(call sources,plat/gate))
guest = $(sort $(guest_own) $(call sources,plat/$1/$2) $(if $(GATE_$1),$(call sources,plat/gate/$2)) $(call sources,plat/guest/$2) $(filter-out \
        $(addprefix plat/guest/,$(notdir $(guest_own))),$(call sources,plat/guest)))

HOST_PKGS := $(patsubst static:%,%,$(patsubst pkg:%,%, \
             $(filter pkg:% static:%,$(foreach h,$(HOST),$(file <host/$h/libs)))))

# ---- rules -----------------------------------------------------------------------------------
quiet = $(if $(V),,@printf '  %-5s %s\n' '$1' '$2';)

# Objects in a folder's archive. The folder itself is a prerequisite, so that a deleted file is seen.
# $1 variant, $2 archive, $3 sources, $4 folder
define archive
$(O)/$1/$2.a: $(patsubst %,$(O)/$1/%.o,$3) $4
	@mkdir -p $$(@D) && rm -f $$@
	$$(call quiet,AR,$$@) $$(or $$(AR_$1),ar) rcsD $$@ $$(filter %.o,$$^)
endef
sources = $(sort $(wildcard $1/*.c $1/*.S))

# What a program needs beyond Fata's own libraries stands in one line beside its source, in
# X.libs (for host programs in host/NAME/libs): host:NAME, a host program's objects; plat:NAME, those
# of a guest's platform, of which a test takes what needs no guest; pkg:NAME and static:NAME, a
# library by its pkg-config name; libc, an image's; anything else goes to the linker as it is.
# $1 variant, $2 programs, $3 their objects, $4 the words
define needs
$2: LIBS_ = $(filter-out libc host:% plat:% pkg:% static:%,$4)
$2: STATIC_ = $(patsubst static:%,%,$(filter static:%,$4))
$2: SHARED_ = $(patsubst pkg:%,%,$(filter pkg:%,$4))
$2: $(patsubst host:%,$(O)/$1/libhost_%.a,$(filter host:%,$4))
$2: $(patsubst plat:%,$(O)/$1/libfa_plat_%.a,$(filter plat:%,$4))
$2: $(if $(filter libc,$4),$(O)/$1/libfa_plat_musl.a $(O)/musl-$(arch_$1)/libc.a)
$3: PKG_ = $(patsubst static:%,%,$(patsubst pkg:%,%,$(filter pkg:% static:%,$4)))
endef
BSTATIC  := -Wl,-Bstatic
BDYNAMIC := -Wl,-Bdynamic
link_libs = $(if $(STATIC_),$(BSTATIC) $$(pkg-config --libs $(STATIC_)) $(BDYNAMIC)) \
            $(if $(SHARED_),$$(pkg-config --libs $(SHARED_))) $(LIBS_)
needs_file = $(if $(wildcard $4),$(eval $(call needs,$1,$2,$3,$(file <$4))))

# Tests as images: no libc, and the target's own linker script. $1 variant, $2 target, $3 which, $4 harness
define guest_images
$(O)/$1/test/$3.$2: $(O)/$1/test/$3.c.o $4 $(LIBS:%=$(O)/$1/libfa_%.a) $(O)/$1/libfa_plat_$2.a $(O)/$1/libfa_arch.a \
    $(GATE_$2:%=$(O)/$1/libfa_gate_%.a) plat/$2/$2.ld plat/guest/image.ld
	$$(call quiet,LD,$$@) $$(CC_$1) $(LF_guest) -T plat/$2/$2.ld -Lplat/guest -L$(DEBIAN_$(arch_$1))/lib/$(arch_$1)-linux-gnu \
	    -Wl,--start-group $$(filter %.o %.a,$$^) $$(LIBS_) -l:libmd.a -lgcc -Wl,--end-group -o $$@
endef

# A libc below libraries, for images alone: it brings a malloc() of its own. $1 variant
define guest_libc
$(call archive,$1,libfa_plat_musl,$(PLAT_musl),plat/musl)
$(patsubst %,$(O)/$1/%.o,$(PLAT_musl) $(BOOT_LIB:%=%.c)): CF_$1 += $(HEADERS_$1) \
    -idirafter $(DEBIAN_$(arch_$1))/include -idirafter $(DEBIAN_$(arch_$1))/include/$(arch_$1)-linux-gnu
$(patsubst %,$(O)/$1/%.o,$(PLAT_musl) $(BOOT_LIB:%=%.c)): | $(O)/musl-$(arch_$1)/libc.a $(FETCHED_$(arch_$1))
$(foreach p,$(BOOT_LIB),$(call needs_file,$1,$(GUESTS:%=$(O)/$1/$p.%),,$p.libs))
endef

# $1 variant
define variant
fa_$1   := $(LIBS:%=$(O)/$1/libfa_%.a)
plat_$1 := $(O)/$1/libfa_plat_linux.a $(O)/$1/libfa_arch.a
guests_$1 := $(patsubst %,$(O)/$1/libfa_plat_%.a,$(if $(filter aarch64,$(arch_$1)),spt,$(GUESTS))) \
             $(if $(filter image,$1),$(O)/$1/libfa_gate_pc.a)
sim_$1  := $(O)/$1/libfa_plat_sim.a $(O)/$1/libfa_arch.a
cc_$1    = $$(CC_$1) $$(BASE) $$(CF_$1) -MMD -MP
link_$1  = $$(call quiet,LD,$$@) $$(CC_$1) $$(LF_$1) -Wl,--start-group $$(filter %.o %.a,$$^) -Wl,--end-group \
           $$(link_libs) -o $$@
libs_$1: $$(fa_$1) $$(plat_$1) $$(sim_$1) $(if $(filter image%,$1),$$(guests_$1))

$(O)/$1/src/%.c.o: src/%.c Makefile
	@mkdir -p $$(@D)
	$$(call quiet,CC,$$@) $$(cc_$1) -ffreestanding -c $$< -o $$@
$(O)/$1/%.c.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(call quiet,CC,$$@) $$(cc_$1) $$(RING0_) $$(if $$(PKG_),$$$$(pkg-config --cflags $$(PKG_))) -c $$< -o $$@
$(O)/$1/%.S.o: %.S Makefile
	@mkdir -p $$(@D)
	$$(call quiet,AS,$$@) $$(cc_$1) -c $$< -o $$@

$(foreach l,$(LIBS),$(eval $(call archive,$1,libfa_$l,$(call sources,src/$l),src/$l)))
$(foreach h,$(HOST) $(SHARED),$(eval $(call archive,$1,libhost_$h,$(call sources,host/$h),host/$h)))
$(eval $(call archive,$1,libfa_plat_linux,$(call sources,plat/linux),plat/linux))
$(eval $(call archive,$1,libfa_plat_sim,$(PLAT_sim),plat/linux plat/sim))
$(eval $(call archive,$1,libfa_plat_guest,$(GUEST_PURE),plat/guest))
$(foreach g,$(GUESTS),$(eval $(call archive,$1,libfa_plat_$g,$(call guest,$g,$(arch_$1)),plat/guest plat/$g)))
$(eval $(call archive,$1,libfa_gate_pc,$(foreach f,$(GATE_pc),$(call sources,$f)),$(GATE_pc)))
$(GATE_pc:%=$(O)/$1/%/%.c.o): RING0_ := $(RING0)
$(eval $(call archive,$1,libfa_arch,$(call sources,plat/arch/$(arch_$1)),plat/arch/$(arch_$1)))
$(eval $(call archive,$1,libtest,$(if $(filter image%,$1),$(TEST_HELPERS_guest),$(call helpers,test test/unit test/conform)),))
$(eval $(call archive,$1,libtest_sim,$(call helpers,test/sim),))

$(HOST:%=$(O)/$1/%): $(O)/$1/%: $(O)/$1/libhost_%.a $$(fa_$1) $$(plat_$1)
	$$(link_$1)
$(O)/$1/test/%_test: $(O)/$1/test/%_test.c.o $(O)/$1/libtest.a $$(fa_$1) $$(plat_$1)
	$$(link_$1)
$(O)/$1/test/%_test.sim: $(O)/$1/test/%_test.c.o $(O)/$1/libtest.a $$(fa_$1) $$(sim_$1)
	$$(link_$1)
$(foreach g,$(GUESTS),$(eval $(call guest_images,$1,$g,boot/%))$(foreach p,boot/lib_% %_test,$(eval $(call \
    guest_images,$1,$g,$p,$(O)/$1/libtest.a))))
$(SIM:%=$(O)/$1/%.sim): $(O)/$1/libtest_sim.a
$(O)/$1/bench/%_bench: $(O)/$1/bench/%_bench.c.o $$(fa_$1) $$(plat_$1)
	$$(link_$1)
$(O)/$1/fuzz/%_fuzz: $(O)/$1/fuzz/%_fuzz.c.o $(O)/$1/fuzz/driver.c.o $$(fa_$1) $$(plat_$1)
	$$(link_$1)
$(O)/$1/fuzz/%_fuzz.lib: $(O)/$1/fuzz/%_fuzz.c.o $$(fa_$1) $$(plat_$1)
	$$(link_$1) -fsanitize=fuzzer

$(foreach h,$(HOST),$(call needs_file,$1,$(O)/$1/$h,$(O)/$1/host/$h/%.c.o,host/$h/libs))
$(foreach p,$(TEST) $(FUZZ) $(BENCH),$(call needs_file,$1,$(addprefix $(O)/$1/$p,.sim .lib) $(O)/$1/$p,$(O)/$1/$p.c.o,$p.libs))
endef
$(foreach v,$(VARIANTS),$(eval $(call variant,$v)))
$(foreach v,$(filter image%,$(VARIANTS)),$(eval $(call guest_libc,$v)))

# Archives for aarch64, unpacked under o/ as the user's system shall not be changed.
$(FETCHED_aarch64): tools/debian
	@mkdir -p $(O)
	$(call quiet,FETCH,$(DEBIAN_arm64) for arm64) tools/debian binary arm64 $(@D) $(DEBIAN_arm64) >$(O)/debian.log 2>&1 || \
	    { tail -n 3 $(O)/debian.log; exit 1; }
	@touch $@
$(patsubst %.libs,$(O)/arm64/%,$(shell grep -l -e ' -l:' $(wildcard test/*/*.libs))): | $(FETCHED_aarch64)

# The libc of images that are no Linux processes, for libraries that need one: 20 s each.
$(O)/musl-%/libc.a: plat/musl/build plat/musl/syscall_arch.h plat/musl/inside.c tools/debian
	@mkdir -p $(O)
	$(call quiet,MUSL,$@) plat/musl/build $* >$(O)/musl-$*.log 2>&1 || { tail -n 3 $(O)/musl-$*.log; exit 1; }

# What enters an image lies out of its way.
$(O)/linux/test/boot/loader $(O)/arm64/test/boot/loader: $(O)/%/test/boot/loader: $(O)/%/test/boot/loader.c.o
	$(call quiet,LD,$@) $(CC_$*) -static-pie $< -o $@

# The tender's filters are compiled, by libseccomp, when it is.
$(O)/filter/tender_filter.inc: $(O)/linux/filter
	@mkdir -p $(@D)
	$(call quiet,GEN,$@) $< $(ARCH) >$@
$(VARIANTS:%=$(O)/%/host/tender/filter.c.o): $(O)/filter/tender_filter.inc
$(VARIANTS:%=$(O)/%/host/tender/filter.c.o): BASE += -I$(O)/filter

# A folder of host/ that is in SHARED becomes libfata_NAME.so.
SHARED_OBJECTS := $(SHARED:%=$(O)/linux/libfata_%.so)
$(SHARED_OBJECTS): $(O)/linux/libfata_%.so: $(O)/pic/libhost_%.a $(fa_pic) $(plat_pic)
	@mkdir -p $(@D)
	$(call quiet,LD,$@) $(CC_pic) $(LF_pic) -Wl,--whole-archive $< -Wl,--no-whole-archive \
	    -Wl,--start-group $(filter-out $<,$^) -Wl,--end-group -o $@

-include $(shell find $(VARIANTS:%=$(O)/%) -name '*.d' 2>/dev/null)

# ---- what people type ------------------------------------------------------------------------
all: libs_image libs_linux $(HOST:%=$(O)/linux/%) $(TENDER) $(SHARED_OBJECTS) man ## build libraries, host programs and man pages

help: ## print this list
	@sed -n 's/^\([a-z][a-z_-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 18

run: ## install what is missing, build the flagship, serve it on http://localhost:$(PORT)/
	@tools/deps run
	@$(MAKE) -j$(JOBS) all site
	$(O)/linux/fata run app/www -p $(PORT):80

deps: ## install the Debian packages that run, check and bench need
	@tools/deps run check bench

# The project's own documents as a folder of pages.
site: $(O)/site/index.html
DOCS := $(sort $(wildcard *.md docs/*/*.md app/*/README.md include/fa/*.h include/fa/*/*.h web/site/*) $(MAN))
$(O)/site/index.html: $(O)/linux/site $(DOCS)
	$(call quiet,SITE,$(@D)) $< --root . --out $(@D)

man: $(MAN:docs/man/%.scd=$(O)/man/%)
$(O)/man/%: docs/man/%.scd
	@mkdir -p $(@D)
	$(call quiet,MAN,$@) SOURCE_DATE_EPOCH=0 scdoc <$< >$@

# ---- tests: every item is a program that prints TAP; tools/check runs them and counts ---------
SEEDS ?= 2000
SEED  ?= 1
# One seed of alone_test is forty small worlds: it has a quarter of the seeds.
SIM_PART_alone_test := :4
# $1: how many. 200 see nearly all pairs of states that can be reached.
sim_run = tools/sim --seeds $1 --first $(SEED) --jobs $(JOBS) $(if $(filter 200 2000,$1),--pairs 90) \
          $(foreach s,$(SIM),$(O)/linux/$s.sim$(SIM_PART_$(notdir $s)))
LINUX_TESTS = $(TEST_linux:%=$(O)/linux/%) $(TEST_sim:%=$(O)/linux/%.sim)
SAN_TESTS   = $(TEST_linux:%=$(O)/san/%) $(TEST_sim:%=$(O)/san/%.sim)
# Of what Debian has for the other architecture, archives alone are fetched: no host programs there.
ARM64_TESTS = $(patsubst %,$(O)/arm64/%,$(filter-out $(basename $(shell grep -lE \
              '(host|pkg|static):$(if $(FETCHED),,| -l:)' $(wildcard test/*/*.libs))),$(TEST_linux)))
FUZZ_REPLAY = $(FUZZ:%=$(O)/san/%)
# One tiny image for each claim, entered by test/boot/boot.t and, on bare machines, test/boot/virtio.t.
BOOT        = $(filter-out test/boot/lib_% test/boot/loader,$(basename $(wildcard test/boot/*.c)))
BOOT_BUILD  = $(patsubst %,$(O)/image/%.spt,$(filter-out test/boot/gate,$(BOOT))) \
              $(patsubst %,$(O)/image/test/boot/%.virtio,args exit gate) $(O)/linux/test/boot/loader
# Images of other people's libraries: under the tender's strictest filter, on an emulated machine, and
# on aarch64 by a loader, since the filter would end qemu-user itself.
BOOT_IMAGES = $(BOOT_LIB:%=$(O)/image/%.spt) $(BOOT_LIB:%=$(O)/image/%.virtio) $(BOOT_LIB:%=$(O)/image_arm64/%.spt)
BOOT_TESTS  = $(BOOT_LIB:%='$(O)/linux/tender --mem=64 --strict=solo5 $(O)/image/%.spt') \
              $(BOOT_LIB:%='test/boot/microvm $(O)/image/%.virtio') \
              $(BOOT_LIB:%='$(RUN_arm64) $(O)/arm64/test/boot/loader --mem 64 $(O)/image_arm64/%.spt') \
              'tools/calls.py $(foreach t,$(GUESTS),$(patsubst %,$t=%,$(filter %.$t,$(CALLS_NOWHERE_ELSE))))'
# Each image that is built but one, which tries what it must not.
CALLS_NOWHERE_ELSE = $(BOOT_IMAGES) $(filter-out %/gate.virtio,$(BOOT_BUILD))
E2E         = $(sort $(wildcard test/e2e/*.t))
SCRIPTS     = $(filter-out $(E2E) test/boot/boot.t $(if $(FETCHED),,test/boot/lib.t),$(sort $(wildcard test/*/*.t)))
STYLE_ITEMS = tools/tidy.py tools/house.py tools/layers.py tools/format

quick-build: $(LINUX_TESTS) $(SHARED_OBJECTS) $(BOOT_BUILD) $(patsubst %,$(O)/image/test/conform/%_guest_test.spt,device memory)
check-build: all site npm quick-build $(if $(FETCHED),images) $(TEST_guest:%=$(O)/image/%.spt) $(O)/arm64/test/boot/loader $(SAN_TESTS) $(ARM64_TESTS) $(FUZZ_REPLAY) $(SIM:%=$(O)/linux/%.sim) \
             $(foreach f,$(LIBS:%=src/%) plat/linux plat/sim plat/arch/$(ARCH) $(HOST:%=host/%) $(SHARED:%=host/%) fuzz bench test \
             test/unit test/conform test/sim,$(patsubst %,$(O)/clang/%.o,$(call sources,$f)))

images: $(BOOT_IMAGES) ## images of the libraries of others, on each target and architecture

# What the browser tests drive Chromium with. Without a registry in reach they are skipped.
npm: $(O)/npm/package-lock.json
$(O)/npm/package-lock.json: test/e2e/npm/package-lock.json test/e2e/npm/package.json
	@mkdir -p $(@D) && cp test/e2e/npm/package.json $(@D)/
	$(call quiet,NPM,$(@D)) cp $< $(@D)/.lock && mv $(@D)/.lock $@ && cd $(@D) && \
	    npm ci --no-audit --no-fund --silent || { echo 'npm could not install the browser driver'; rm -rf node_modules; }

check-quick: ## style, and the tests on Linux and in the simulator: under a minute
	@$(MAKE) -j$(JOBS) quick-build
	@tools/check --log $(O)/log $(STYLE_ITEMS) $(LINUX_TESTS) test/boot/boot.t

check: ## everything that must hold of a commit: at most ten minutes on two cores
	@tools/deps run check
	@tools/debian reach arm64 >/dev/null || true
	@$(MAKE) -j$(JOBS) check-build
	@$(MAKE) check-run

check-run:
	@tools/check --log $(O)/log --limit 300 $(STYLE_ITEMS) tools/headers tools/docs.py tools/size tools/abi.py \
	    $(if $(FETCHED),$(BOOT_TESTS),"$(UNFETCHED)") $(LINUX_TESTS) $(SAN_TESTS) $(ARM64_TESTS:%='$(RUN_arm64) %') \
	    $(foreach f,$(FUZZ),'$(O)/san/$f fuzz/corpus/$(f:fuzz/%_fuzz=%)') \
	    'test/boot/boot.t $(filter-out %_guest_test,$(TEST_guest))' $(SCRIPTS) --serial $(if $(SIM),'$(call sim_run,200)') tools/repro --limit 600 $(E2E)

check-full: check ## check, then lint, a GiB at 5 % loss, ten minutes of each fuzzer, coverage and the benches
	@$(MAKE) lint soak fuzz fuzz-cov cov bench

sim: $(SIM:%=$(O)/linux/%.sim) ## SEEDS=2000 worlds of the simulator of each test (of alone_test a quarter) from SEED=1 on
	@$(call sim_run,$(SEEDS))

soak: $(O)/linux/test/sim/soak_test.sim ## MIB=1024 each way at 5 % loss, in the simulator, from SEED=1
	FATA_SIM_MIB=$(or $(MIB),1024) $< --seed $(SEED)

flood: $(O)/linux/test/unit/tcp_cookie_test ## SYNS=1000000 of a flood while a client fetches pages, in virtual time
	FATA_FLOOD=$(or $(SYNS),1000000) $<

# ---- fuzzing and coverage --------------------------------------------------------------------
FUZZ_SECONDS ?= 600
FUZZ_NOW = $(if $(TARGET),fuzz/$(TARGET)_fuzz,$(FUZZ))

fuzz: $(FUZZ_NOW:%=$(O)/fuzz/%.lib) ## FUZZ_SECONDS=600 of libFuzzer on each target, two at a time; TARGET=name for one
	@tools/fuzz.py run --seconds $(FUZZ_SECONDS) $^

fuzz-replay: $(FUZZ_REPLAY) ## run every target over its corpus, under sanitizers
	@tools/check --log $(O)/log $(foreach f,$(FUZZ),'$(O)/san/$f fuzz/corpus/$(f:fuzz/%_fuzz=%)')

fuzz-cov: $(FUZZ_NOW:%=$(O)/cov/%) ## lines of each decoder that its corpus reaches; under 90 % fails
	@tools/fuzz.py cov $^

COV_TESTS := $(TEST_linux:%=$(O)/cov/%) $(TEST_sim:%=$(O)/cov/%.sim)
cov: $(COV_TESTS) ## lines and branches that tests reach: a table, o/cov/index.html; under 85 % fails
	@nice tools/cov.py --out $(O)/cov --bar src/wire=85 --bar src/net=85 $(COV_TESTS)

# ---- mutants: are the tests any good? ---------------------------------------------------------
# The tests that include a header of the mutated code and need no library beside; the tool puts them into
# two programs.
N ?= 200
MUTATED := $(sort $(wildcard src/net/*.c src/wire/*.c))
space := $() $()
MUTANT_TESTS := $(patsubst %.c,$(O)/linux/%.c.o,$(shell grep -lE \
    '"(src/net/|test/unit/|fa/(wire/|ip|posix|$(subst $(space),|,$(basename $(notdir $(MUTATED))))))' $(patsubst %,%.c,$(filter-out $(basename $(wildcard $(TEST:%=%.libs))),$(TEST_sim)))))
mutant_libs = $(O)/linux/libtest_sim.a $(O)/linux/libtest.a $(fa_linux) $(sim_linux)

mutants: $(MUTANT_TESTS) $(O)/linux/test/sim/tcp_test.c.o $(mutant_libs) ## N=200 single faults in src/net: 80 % must be found; FILE=tcp_ack, FILE=src/wire/; EVERY=1 for all
	@nice tools/mutants.py run --out $(O)/mutants --count $(N) --jobs $(JOBS) --file $(or $(FILE),src/net/) $(if $(EVERY),--every) \
	    --seed $(or $(MUTANT_SEED),$(shell git rev-parse HEAD)) \
	    --compile '$(CC_linux) $(BASE) -O1 -g0 -w -Wno-error -ffreestanding -c {source} -o {object}' \
	    --link '$(CC_linux) {object} -Wl,--start-group $(mutant_libs) -Wl,--end-group -o {program}' \
	    --world $(O)/linux/test/sim/tcp_test.c.o --tests '$(MUTANT_TESTS)' $(MUTATED)

# ---- benches ---------------------------------------------------------------------------------
bench: ## AREA=net: benches and their peers in turn; RECORD=1 adds to bench/history.csv, REBASE=1 instruction counts
	@tools/deps bench
	@$(MAKE) -j$(JOBS) bench-build
	@tools/bench $(if $(AREA),--area $(AREA)) $(if $(RECORD),--record) $(if $(REBASE),--rebase) $(if $(RUNS),--runs $(RUNS)) \
	    --out $(O)/bench/results.json \
	    $(BENCH_ROWS:%=$(O)/bench/%) $(wildcard bench/*_bench.py bench/*_bench.sh) \
	    $$(ls -d $(O)/lwip/lwip_bench_*k 2>/dev/null)

bench-build: all $(BENCH:%=$(O)/bench/%)
	@bench/lwip_peer/build || echo 'Without lwIP, its column stays empty.'

# ---- style, analysis, pages ------------------------------------------------------------------
tidy: ## style rules, as a test
	@tools/check --log $(O)/log tools/tidy.py tools/house.py
layers: ## who may include whom, as a test
	@tools/layers.py
headers: ## every public header compiles alone: gcc, clang, C++20
	@tools/headers
format: ## rewrite the sources as clang-format wants them
	@tools/format --fix
format-check: ## say which sources clang-format would change
	@tools/format
docs: ## links resolve, code blocks marked `compile` do
	@tools/docs.py
lint: $(O)/filter/tender_filter.inc ## clang-tidy, cppcheck and shellcheck
	@tools/lint $(BASE) -I$(<D) $$(pkg-config --cflags $(HOST_PKGS))
size: libs_image ## bytes of each library against tools/size.txt
	@tools/size
abi: ## what changed for users since the last tag: o/abi/breakage.md
	@tools/abi.py
golden: all ## rewrite expected outputs under test/; read the diff
	@for t in $(SCRIPTS); do ! grep -q -e --golden $$t || $$t --golden; done

# ---- for developers and packagers ------------------------------------------------------------
hooks: ## run check-quick before each commit, and check the message's form
	git config core.hooksPath tools/hooks

compdb: ## compile_commands.json for editors
	@$(MAKE) -Bn V=1 libs_clang $(HOST:%=$(O)/clang/libhost_%.a) $(TEST:%=$(O)/clang/%.c.o) | tools/compdb.py >compile_commands.json

DIR := $(DESTDIR)$(PREFIX)
install: all ## DESTDIR= PREFIX=/usr/local
	install -d $(DIR)/bin $(DIR)/include/fa/wire $(DIR)/share/fata/pkg $(DIR)/lib/fata/{image,sim}-$(ARCH)
	install -m 755 $(O)/linux/fata $(O)/linux/embed $(DIR)/bin/
	install -m 755 $(TENDER) $(DIR)/bin/fata-tender
	install -m 755 $(SHARED_OBJECTS) $(DIR)/lib/
	install -m 644 include/fa/*.* $(DIR)/include/fa/
	install -m 644 include/fa/wire/*.h $(DIR)/include/fa/wire/
	install -m 644 $(fa_image) $(plat_image) $(O)/image/libfa_plat_spt.a $(DIR)/lib/fata/image-$(ARCH)/
	install -D -m 644 plat/spt/spt.ld $(DIR)/share/fata/plat/spt/spt.ld
	install -D -m 644 plat/guest/image.ld $(DIR)/share/fata/plat/guest/image.ld
	install -m 644 $(fa_linux) $(sim_linux) $(DIR)/lib/fata/sim-$(ARCH)/
	for p in src/*/pkg plat/*/pkg; do install -m 644 $$p $(DIR)/share/fata/pkg/$$(sed -n 's/^name: //p' $$p).pkg; done
	install -D -m 644 host/fata/completion.bash $(DIR)/share/bash-completion/completions/fata
	install -D -m 644 host/fata/completion.zsh $(DIR)/share/zsh/site-functions/_fata
	install -D -m 644 host/fata/completion.fish $(DIR)/share/fish/vendor_completions.d/fata.fish
	for m in $(notdir $(MAN:.scd=)); do install -D -m 644 $(O)/man/$$m $(DIR)/share/man/man$${m##*.}/$$m; done

VERSION = $(shell git describe --always --dirty 2>/dev/null)
dist: ## o/fata-VERSION.tar.gz of the last commit
	@mkdir -p $(O)
	git archive --prefix=fata-$(VERSION)/ HEAD | gzip -9n >$(O)/fata-$(VERSION).tar.gz

clean: ## remove o/
	rm -rf $(O)

.PHONY: all help run deps site man images npm quick-build check-build check-quick check check-run check-full sim soak flood fuzz fuzz-replay fuzz-cov cov mutants \
        bench bench-build tidy layers headers format format-check docs lint size abi golden hooks compdb install dist clean \
        $(VARIANTS:%=libs_%)

# SPDX-License-Identifier: ISC
# One flat Makefile: no recursion, every variant from one invocation, output only under o/.
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
SHELL := /bin/bash
O     ?= o
ARCH  := $(shell uname -m)

# ---- variants: one object tree each -------------------------------------------------------------
# linux: gcc and glibc, for tests and host programs     clang: the same by the other compiler
# san: clang with ASan and UBSan     cov: gcc with coverage     fuzz: clang with libFuzzer
# image: gcc and musl, what unikernels are linked from  arm64: aarch64 gcc, run by qemu-user
VARIANTS := linux clang san cov fuzz image arm64

WARN := -Wall -Wextra -Werror -Wshadow -Wcast-qual -Wpointer-arith -Wvla -Wundef -Wconversion \
        -Wstrict-prototypes -Wmissing-prototypes -Wimplicit-fallthrough -Wwrite-strings -Wformat=2
BASE := -std=gnu2x -D_GNU_SOURCE -Iinclude -I. -g -fno-common -fno-strict-aliasing \
        -ffile-prefix-map=$(CURDIR)=. $(WARN)

CC_linux := gcc
CF_linux := -O2 -fstack-protector-strong -ffunction-sections -fdata-sections
CC_clang := clang
CF_clang := -O2
CC_san   := clang
CF_san   := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CC_cov   := gcc
CF_cov   := -O0 --coverage -fprofile-abs-path
CC_fuzz  := clang
CF_fuzz  := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
CC_image := musl-gcc
CF_image := -O2 -fstack-protector-strong -ffunction-sections -fdata-sections -fno-pie
CC_arm64 := aarch64-linux-gnu-gcc
CF_arm64 := -O2 -fstack-protector-strong -ffunction-sections -fdata-sections
LF_linux := -Wl,--gc-sections
LF_san   := -fsanitize=address,undefined
LF_cov   := --coverage
LF_fuzz  := -fsanitize=fuzzer,address,undefined
LF_image := -static -Wl,--gc-sections
LF_arm64 := -static
ARCH_arm64 := aarch64

# ---- libraries: one folder, one archive ---------------------------------------------------------
LIBS := core wire net dev http
SRC_DIRS := $(LIBS:%=src/%)
# What a test or an image is linked with, in order; the platform comes last.
LINK_LIBS = $(foreach l,http net dev wire core,$(O)/$1/libfa_$l.a)

FREESTANDING := -ffreestanding

# $1 variant, $2 archive name, $3 folder
define archive
$(O)/$1/libfa_$2.a: $(patsubst %,$(O)/$1/%.o,$(sort $(wildcard $3/*.c $3/*.S)))
	@rm -f $$@
	$$(call quiet,AR,$$@) ar rcsD $$@ $$^
endef

quiet = @$(if $(V),,printf '  %-5s %s\n' '$1' '$2';)

define variant
$(O)/$1/src/%.c.o: src/%.c Makefile
	@mkdir -p $$(@D)
	$$(call quiet,CC,$$@) $$(CC_$1) $$(BASE) $$(CF_$1) $$(FREESTANDING) -MMD -MP -c $$< -o $$@
$(O)/$1/%.c.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(call quiet,CC,$$@) $$(CC_$1) $$(BASE) $$(CF_$1) $$(CF_of_$$(firstword $$(subst /, ,$$<))) -MMD -MP -c $$< -o $$@
$(O)/$1/%.S.o: %.S Makefile
	@mkdir -p $$(@D)
	$$(call quiet,AS,$$@) $$(CC_$1) $$(BASE) $$(CF_$1) -c $$< -o $$@
$(foreach l,$(LIBS),$(eval $(call archive,$1,$l,src/$l)))
$(eval $(call archive,$1,plat_linux,plat/linux))
$(eval $(call archive,$1,plat_sim,plat/sim))
$(eval $(call archive,$1,arch,plat/arch/$(or $(ARCH_$1),$(ARCH))))
$(O)/$1/test/%_test: $(O)/$1/test/%_test.c.o $(O)/$1/test/t.c.o $(call LINK_LIBS,$1) $(O)/$1/libfa_plat_linux.a $(O)/$1/libfa_arch.a
	$$(call quiet,LD,$$@) $$(CC_$1) $$(LF_$1) -Wl,--start-group $$^ -Wl,--end-group -o $$@
$(O)/$1/test/%_test.sim: $(O)/$1/test/%_test.c.o $(O)/$1/test/t.c.o $(call LINK_LIBS,$1) $(O)/$1/libfa_plat_sim.a $(O)/$1/libfa_arch.a
	$$(call quiet,LD,$$@) $$(CC_$1) $$(LF_$1) -Wl,--start-group $$^ -Wl,--end-group -o $$@
$(O)/$1/bench/%_bench: $(O)/$1/bench/%_bench.c.o $(call LINK_LIBS,$1) $(O)/$1/libfa_plat_linux.a $(O)/$1/libfa_arch.a
	$$(call quiet,LD,$$@) $$(CC_$1) $$(LF_$1) -Wl,--start-group $$^ -Wl,--end-group -o $$@
-include $$(shell find $(O)/$1 -name '*.d' 2>/dev/null)
endef

all:
$(foreach v,$(VARIANTS),$(eval $(call variant,$v)))

UNIT := $(basename $(sort $(wildcard test/unit/*_test.c test/conform/*_test.c)))

test-unit: $(UNIT:%=$(O)/linux/%) $(UNIT:%=$(O)/linux/%.sim)
	prove -j2 -e '' $^

clean:
	rm -rf $(O)
.PHONY: all clean test-unit

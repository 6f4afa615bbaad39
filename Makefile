# SPDX-License-Identifier: GPL-2.0
#
# tsoffset: see README.md, or make help.

# The module, for a kernel that is installed or built already.
KERNELRELEASE ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KERNELRELEASE)/build
PREFIX ?= /usr/local

.DEFAULT_GOAL := module
.PHONY: kernel-tree module modules_install install uninstall rust-analyzer clean help run test guest race audit bench deb test-system \
	gauntlet soak clean-cache rustdoc upstream

modules_install rust-analyzer clean: kernel-tree

kernel-tree:
	@test -e $(KDIR)/Makefile || { echo "tsoffset: no kernel build tree in $(KDIR);" \
		"name one with KDIR=, or see docs/install.md" >&2; false; }

# What headers lack is made in metadata/.
module:
	+@scripts/dist/build "$(KDIR)"

modules_install rust-analyzer clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/src $@
	$(if $(filter clean,$@),rm -rf metadata)

install: module
	+@scripts/dist/install install "$(KDIR)" "$(if $(filter file,$(origin KERNELRELEASE)),,$(KERNELRELEASE))" "$(DESTDIR)" "$(PREFIX)"

uninstall:
	@scripts/dist/install uninstall "$(DESTDIR)"

# Everything below runs in the toolroot and keeps what it makes in the cache.
KERNEL ?= 7.3-kcsan
export KERNEL ACCEL MEM SMP TIMEOUT CMD COPY UPDATE FORMAT BENCH BENCH_ARGUMENTS DEBFULLNAME DEBEMAIL \
	PACKAGES HOOKS PARTS CHECKS LOADS NAMESPACES FUZZ_SECONDS MINUTES UPSTREAM CACHE TOOLROOT TREE COMMIT CONFIG PATCH TREE_CC DEFAULTED \
	PATHS STRUCTS LATER BASE FIELD
# A kernel tree of the user's, where one was named; built by clang, or by CC= of the command line.
# Where KERNEL= was not given, the archive decides whether the default can be had.
DEFAULTED = $(if $(filter file,$(origin KERNEL)),1)
TREE_CC = $(if $(TREE),$(if $(filter command,$(firstword $(origin CC))),$(CC)))
ifdef TREE
override KERNEL := tree$(if $(COMMIT),:$(COMMIT))
endif
# By the shell's variable: a commit may be called anything, and is no shell.
KERNELS = $(if $(TREE),"$$KERNEL",$$KERNEL)

run:
	@scripts/harness/enter scripts/harness/run

test:
	@scripts/harness/enter scripts/checks/test $(KERNELS)

guest:
	@scripts/harness/enter scripts/harness/guest-command

# Both sides of the story, unless KERNEL= was given.
race:
	@scripts/harness/enter scripts/race/race $(if $(filter file,$(origin KERNEL)),6.12-kcsan 7.3-kcsan,$(KERNELS))

audit:
	@scripts/harness/enter scripts/audit/audit $(KERNELS)

# On the stock kernel, unless KERNEL= was given.
bench:
	@KERNEL=$(if $(filter file,$(origin KERNEL)),stock,"$$KERNEL") scripts/harness/enter bench/bench

deb:
	@scripts/harness/enter scripts/dist/deb

# Longer than make test has time for; on the stock kernel, unless KERNEL= was given.
test-system:
	@scripts/harness/enter scripts/checks/test-system $(if $(filter file,$(origin KERNEL)),stock,$(KERNELS))

# On the kernel with the detectors, unless KERNEL= was given.
gauntlet:
	@scripts/harness/enter scripts/checks/gauntlet $(if $(filter file,$(origin KERNEL)),7.3-debug,$(KERNELS))

soak:
	@PARTS=soak scripts/harness/enter scripts/checks/gauntlet $(KERNELS)

rustdoc:
	@scripts/harness/enter scripts/harness/rustdoc

# On 7.3-kcsan, whose source the patches are for.
upstream:
	@scripts/harness/enter scripts/checks/upstream

clean-cache:
	@scripts/harness/clean-cache

help:
	@sed 's/^|//' scripts/harness/help.txt

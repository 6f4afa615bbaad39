# SPDX-License-Identifier: GPL-2.0
#
# tsoffset: see README.md, or make help.

# The module, for a kernel that is installed or built already.
KERNELRELEASE ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KERNELRELEASE)/build
PREFIX ?= /usr/local

.DEFAULT_GOAL := module
.PHONY: kernel-tree module modules_install install uninstall rust-analyzer clean help run test guest race bench deb test-system \
	gauntlet soak clean-cache rustdoc upstream

modules_install rust-analyzer clean: kernel-tree

kernel-tree:
	@test -e $(KDIR)/Makefile || { echo "tsoffset: no kernel build tree in $(KDIR);" \
		"name one with KDIR=, or see docs/install.md" >&2; false; }

# What headers lack is made in metadata/.
module:
	+@scripts/build "$(KDIR)"

modules_install rust-analyzer clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/src $@
	$(if $(filter clean,$@),rm -rf metadata)

install: module
	+@scripts/install install "$(KDIR)" "$(if $(filter file,$(origin KERNELRELEASE)),,$(KERNELRELEASE))" "$(DESTDIR)" "$(PREFIX)"

uninstall:
	@scripts/install uninstall "$(DESTDIR)"

# Everything below runs in the toolroot and keeps what it makes in the cache.
KERNEL ?= 7.3-kcsan
export KERNEL ACCEL MEM SMP TIMEOUT CMD COPY UPDATE FORMAT BENCH BENCH_ARGUMENTS DEBFULLNAME DEBEMAIL \
	PACKAGES HOOKS PARTS CHECKS LOADS NAMESPACES FUZZ_SECONDS MINUTES UPSTREAM CACHE TOOLROOT

run:
	@scripts/enter scripts/run

test:
	@scripts/enter scripts/test $(KERNEL)

guest:
	@scripts/enter scripts/guest-command

# Both sides of the story, unless KERNEL= was given.
race:
	@scripts/enter scripts/race $(if $(filter file,$(origin KERNEL)),6.12-kcsan 7.3-kcsan,$(KERNEL))

# On the stock kernel, unless KERNEL= was given.
bench:
	@KERNEL=$(if $(filter file,$(origin KERNEL)),stock,$(KERNEL)) scripts/enter scripts/bench

deb:
	@scripts/enter scripts/deb

# Longer than make test has time for; on the stock kernel, unless KERNEL= was given.
test-system:
	@scripts/enter scripts/test-system $(if $(filter file,$(origin KERNEL)),stock,$(KERNEL))

# On the kernel with the detectors, unless KERNEL= was given.
gauntlet:
	@scripts/enter scripts/gauntlet $(if $(filter file,$(origin KERNEL)),7.3-debug,$(KERNEL))

soak:
	@PARTS=soak scripts/enter scripts/gauntlet $(KERNEL)

rustdoc:
	@scripts/enter scripts/rustdoc

# On 7.3-kcsan, whose source the patches are for.
upstream:
	@scripts/enter scripts/upstream

clean-cache:
	@scripts/clean-cache

help:
	@sed 's/^|//' scripts/help.txt

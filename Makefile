# SPDX-License-Identifier: GPL-2.0
#
# README.md and make help describe the targets.

# The module, for an installed or built kernel.
KERNELRELEASE ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KERNELRELEASE)/build
PREFIX ?= /usr/local

.DEFAULT_GOAL := module
.PHONY: kernel-tree module viewer modules_install install uninstall rust-analyzer clean help run test guest race fields audit bench sharing instructions deb dist test-system \
	gauntlet soak clean-cache rustdoc upstream container test-container

modules_install rust-analyzer clean: kernel-tree

kernel-tree:
	@test -e $(KDIR)/Makefile || { echo "tsoffset: no kernel build tree in $(KDIR);" \
		"name one with KDIR=, or see docs/install.md" >&2; false; }

# The build makes metadata/ if the headers lack Rust metadata. The kernel's Makefile takes RUSTC from the command line only.
module:
	+@RUSTC_OF_MODULE="$(if $(filter command%,$(origin RUSTC)),$(RUSTC))" scripts/dist/build "$(KDIR)"

# tsoffset-top. make install installs it where it is built. A tarball of make dist has the crates.
viewer:
	@scripts/dist/viewer

modules_install rust-analyzer clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/src $@
	$(if $(filter clean,$@),rm -rf metadata)

install: module
	+@scripts/dist/install install "$(KDIR)" "$(if $(filter file,$(origin KERNELRELEASE)),,$(KERNELRELEASE))" "$(DESTDIR)" "$(PREFIX)"

uninstall:
	@scripts/dist/install uninstall "$(DESTDIR)"

# The targets below run in the toolroot, with their results in the cache.
KERNEL ?= 7.3-kcsan
settings := KERNEL ACCEL MEM SMP TIMEOUT CMD COPY UPDATE FORMAT BENCH BENCH_ARGUMENTS DEBFULLNAME DEBEMAIL \
	PACKAGES HOOKS PARTS CHECKS LOADS NAMESPACES FUZZ_SECONDS MINUTES UPSTREAM SHORT CACHE TOOLROOT MIRROR TREE COMMIT CONFIG PATCH TREE_CC DEFAULTED \
	PATHS STRUCTS LATER BASE FIELD LOG BUILD BY SOURCE ENGINE IMAGE
export $(settings)
# make would expand a $ in a variable of its command line. The settings reach the scripts as typed.
define as_typed
ifeq ($$(origin $(1)),command line)
override $(1) := $$(value $(1))
endif
endef
$(foreach setting,$(settings),$(eval $(call as_typed,$(setting))))
# TREE= replaces KERNEL= by the user's own kernel tree. clang builds that tree, or CC= of the command line.
# Without KERNEL=, scripts/harness/default replaces a default that the archive lacks.
DEFAULTED = $(if $(filter file,$(origin KERNEL)),1)
TREE_CC = $(if $(TREE),$(if $(filter command,$(firstword $(origin CC))),$(CC)))
ifdef TREE
override KERNEL := tree$(if $(COMMIT),:$(COMMIT))
endif
# The recipes pass a commit as a variable of the shell, because its name can contain the shell's special characters.
KERNELS = $(if $(TREE),"$$KERNEL",$$KERNEL)

run:
	@WHOLE=1 scripts/harness/enter scripts/harness/run

test:
	@scripts/harness/enter scripts/checks/test $(KERNELS)

guest:
	@scripts/harness/enter scripts/harness/guest-command

# On a kernel with the race and one without, unless KERNEL= is given.
race:
	@scripts/harness/enter scripts/race/race $(if $(filter file,$(origin KERNEL)),6.12-kcsan 7.3-kcsan,$(KERNELS))

# BY=function takes several kernels.
fields:
	@scripts/harness/enter scripts/fields/fields $(KERNELS)

audit:
	@scripts/harness/enter scripts/audit/audit $(KERNELS)

# On the stock kernel, unless KERNEL= is given.
bench:
	@KERNEL=$(if $(filter file,$(origin KERNEL)),stock,"$$KERNEL") scripts/harness/enter bench/bench

# On the stock kernel with 1, 2, 4, 8 and 16 processors, unless KERNEL= and SMP= are given.
sharing:
	@KERNEL=$(if $(filter file,$(origin KERNEL)),stock,"$$KERNEL") scripts/harness/enter bench/sharing/sharing

# On the stock kernel, unless KERNEL= is given.
instructions:
	@KERNEL=$(if $(filter file,$(origin KERNEL)),stock,"$$KERNEL") scripts/harness/enter bench/instructions/instructions

deb:
	@scripts/harness/enter scripts/dist/deb

dist:
	@scripts/harness/enter scripts/dist/tarball

# Too long for make test. On the stock kernel, unless KERNEL= is given.
test-system:
	@scripts/harness/enter scripts/checks/test-system $(if $(filter file,$(origin KERNEL)),stock,$(KERNELS))

# On the kernel with the detectors, unless KERNEL= is given.
gauntlet:
	@scripts/harness/enter scripts/checks/gauntlet $(if $(filter file,$(origin KERNEL)),7.3-debug,$(KERNELS))

soak:
	@PARTS=soak scripts/harness/enter scripts/checks/gauntlet $(KERNELS)

rustdoc:
	@scripts/harness/enter scripts/harness/rustdoc

# On 7.3-kcsan: the patches are for its source.
upstream:
	@scripts/harness/enter scripts/checks/upstream

# In a container of podman or docker, for hosts without the tools of the targets above.
container:
	@scripts/harness/container

# Too long for make test, and not in the toolroot: requires podman or docker.
test-container:
	@scripts/checks/test-container

clean-cache:
	@scripts/harness/clean-cache

help:
	@sed 's/^|//' scripts/harness/help.txt

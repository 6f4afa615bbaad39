# SPDX-License-Identifier: GPL-2.0
#
# How long a symbol's name may be.
#
# Shorter than KSYM_NAME_LEN: where a module has a longer one, a kernel that prints such an address, as every stack trace does,
# writes in front of its buffer, which is on the stack: module_address_lookup() (kernel/module/kallsyms.c) returns strscpy()'s
# -E2BIG, and __sprint_symbol() (kernel/kallsyms.c) takes it for a length. 6.12 and 7.3 do.
#
# Shorter than 256, too: programs of libbpf-tools read /proc/kallsyms into so many bytes and die of a longer name (biosnoop,
# biotop, klockstat of 0.31). A build warns of such names, but on kernels that are not optimized for performance: where the
# kernel crate's smallest functions are not inlined, it makes some itself.
#
# Rust's names hold those of all types that a function is generic over, so that a chain of iterator adaptors is soon too long:
# an iterator type of its own, or a loop, is not.

tsoffset-name-buffer := $(if $(CONFIG_CC_OPTIMIZE_FOR_PERFORMANCE),256,$(tsoffset-name-limit))

# Not "&&": what fails before it does not end the shell.
quiet_cmd_tsoffset-names = NAMES   $<
      cmd_tsoffset-names = $(NM) $< | $(AWK) -v limit=$(tsoffset-name-limit) -v buffer=$(tsoffset-name-buffer) '\
	BEGIN { if (buffer > limit) buffer = limit } \
	length($$NF) >= buffer { long++; if (length($$NF) > length(longest)) longest = $$NF } \
	END { if (!NR) { print "tsoffset: error: no symbols in $<" > "/dev/stderr"; exit 1 } \
	kind = length(longest) >= limit ? "error" : "warning"; \
	if (long) print "tsoffset: " kind ": names of " long " symbols have more than " buffer - 1 " characters (the kernel has room for " \
	limit - 1 "), such as " longest > "/dev/stderr"; exit kind == "error" }'; touch $@

always-y += tsoffset.names
$(obj)/tsoffset.names: $(obj)/tsoffset.o FORCE
	$(call if_changed,tsoffset-names)

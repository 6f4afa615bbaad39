# SPDX-License-Identifier: GPL-2.0
#
# The limit of a symbol name's length.
#
# The name is shorter than KSYM_NAME_LEN. A longer name makes __sprint_symbol() write before its buffer, on 6.12 and 7.3.
# There module_address_lookup() (kernel/module/kallsyms.c) returns strscpy()'s -E2BIG, and __sprint_symbol() (kernel/kallsyms.c) takes
# -E2BIG for a length. The buffer is on the stack. Every stack trace calls __sprint_symbol().
#
# A name shorter than 256 is better. biosnoop, biotop and klockstat of libbpf-tools 0.31 read names of /proc/kallsyms into 256
# bytes, and crash on a longer name. The build warns of such names only on kernels that are optimized for performance. On other
# kernels the kernel crate's smallest functions stay out of line, some with such names.
#
# A Rust symbol contains all generic types. Long iterator chains exceed the limit. A separate iterator type or a loop has a short
# symbol.

tsoffset-name-buffer := $(if $(CONFIG_CC_OPTIMIZE_FOR_PERFORMANCE),256,$(tsoffset-name-limit))

# With "&&", the shell ignores a failure of the left command.
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

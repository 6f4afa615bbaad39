# SPDX-License-Identifier: GPL-2.0
#
# How long a symbol's name may be: shorter than KSYM_NAME_LEN. Where a module has a longer one, a kernel that prints such an
# address, as every stack trace does, writes in front of its buffer, which is on the stack: module_address_lookup()
# (kernel/module/kallsyms.c) returns strscpy()'s -E2BIG, and __sprint_symbol() (kernel/kallsyms.c) takes it for a length.
# 6.12 and 7.3 do.
#
# Rust's names hold those of all types that a function is generic over, so that a chain of iterator adaptors is soon too long:
# an iterator type of its own, or a loop, is not.

# Not "&&": what fails before it does not end the shell.
quiet_cmd_tsoffset-names = NAMES   $<
      cmd_tsoffset-names = $(NM) $< | $(AWK) -v limit=$(tsoffset-name-limit) '\
	length($$NF) >= limit { long++; if (length($$NF) > length(longest)) longest = $$NF } \
	END { if (long) print "tsoffset: error: names of " long " symbols are longer than the " limit - 1 \
	" characters that the kernel has room for, such as " longest > "/dev/stderr"; exit long > 0 }'; touch $@

always-y += tsoffset.names
$(obj)/tsoffset.names: $(obj)/tsoffset.o FORCE
	$(call if_changed,tsoffset-names)

# SPDX-License-Identifier: GPL-2.0
"""Lists fields of a kernel that one function reads without a lock and another one stores plainly."""

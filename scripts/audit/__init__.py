# SPDX-License-Identifier: GPL-2.0
"""Fields that some function reads without a lock and another one stores plainly, in the source of a kernel."""

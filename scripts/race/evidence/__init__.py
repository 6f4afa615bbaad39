# SPDX-License-Identifier: GPL-2.0
"""Evidence for or against a race on tp->tsoffset in a kernel tree."""

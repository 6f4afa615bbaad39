# SPDX-License-Identifier: GPL-2.0
"""Three kinds of evidence for or against a race on tp->tsoffset in a kernel tree."""

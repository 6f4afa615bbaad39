# SPDX-License-Identifier: GPL-2.0
"""KCSAN's reports by the field of a structure that they are about, whoever pasted them."""

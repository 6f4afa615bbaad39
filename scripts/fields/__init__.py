# SPDX-License-Identifier: GPL-2.0
"""Attributes KCSAN's reports in any log to fields of structures."""

# SPDX-License-Identifier: GPL-2.0
"""The verdict on a patch for a kernel, by the evidence before and after the patch."""

from .source import WRITERS


def races(kernel):
    """Returns the writers that race, or None if the evidence does not tell."""
    if kernel["missing"] or kernel["contradictions"]:
        return None
    paths = {writer: kernel if writer == "v6" else kernel["paths"][writer] for writer in WRITERS}
    return {writer for writer, path in paths.items() if path["verdict"] == "races"}


class Effect:
    """The effect of one patch on one kernel."""

    def __init__(self, patch, applies, before, after):
        self.patch, self.applies, self.before, self.after = patch, applies, before, after

    @property
    def verdict(self):
        """Returns the verdict, or None if the evidence does not tell."""
        before, after = races(self.before), races(self.after)
        if before is None or after is None:
            return None
        if after - before:
            return "breaks"
        if not before:
            return "nothing to fix"
        return "does not fix" if after else "fixes"

    def document(self):
        return {"patch": self.patch, "applies": self.applies, "kernel": self.before["name"], "verdict": self.verdict}

    def __str__(self):
        verdict = self.verdict or "the evidence does not tell"
        return f"{self.patch} on {self.before['name']} ({self.before['release']}): {verdict} (applies {self.applies})"

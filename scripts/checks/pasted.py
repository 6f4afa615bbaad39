# SPDX-License-Identifier: GPL-2.0
"""A small build under KCSAN, and reports about its accesses as people paste them.

Usage: pasted.py --build DIRECTORY                      makes the build: net/some.c, its object and the command for it
       pasted.py DIRECTORY FORM WRITER [READER] [EDIT]  prints a report about a write in one function and a read in another
FORM: a key of PREFIXES, console, callers, coloured, decoded, syzbot or wrapped. EDIT: a key of EDITS, or release=RELEASE.
"""

import pathlib
import re
import subprocess
import sys

HEADER = """
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) do { *(volatile typeof(x) *)&(x) = (v); } while (0)
#define hide(s, v) \\
	((s)->hidden = (v))
#define hide_one(s) hide(s, 1)
struct head { struct head *next; };
struct some {
	int plain, hidden, through, unwritten;
	char byte;
	unsigned int first : 1, second : 1;
	union { int one; unsigned int two; };
	int array[4];
	struct head list;
	struct { int len; } backlog;
};
struct other { int plain; };
"""
SOURCE = """#include "some.h"
static inline struct head *first_of(struct head *head) { return READ_ONCE(head->next); }
static inline void put(struct head *head, struct head *one) { head->next = one; }
void write_plain(struct some *s) { s->plain = 1; }
int read_plain(struct some *s) { return READ_ONCE(s->plain); }
void write_hidden(struct some *s) { hide(s, 1); }
int read_hidden(struct some *s) { return READ_ONCE(s->hidden); }
void write_through(struct some *s)
{
	int *local = &s->through;

	WRITE_ONCE(*local, 1);
}
int read_through(struct some *s) { return s->through; }
void write_first(struct some *s) { s->first = 1; }
int read_first(struct some *s) { return s->first; }
int read_second(struct some *s) { return s->second; }
void write_one(struct some *s) { s->one = 1; }
unsigned int read_two(struct some *s) { return READ_ONCE(s->two); }
void write_array(struct some *s) { s->array[2] = 1; }
int read_array(struct some *s) { return READ_ONCE(s->array[2]); }
void write_list(struct some *s, struct head *one) { put(&s->list, one); }
struct head *read_list(struct some *s) { return first_of(&s->list); }
void write_other(struct other *o) { o->plain = 1; }
int read_other(struct other *o) { return READ_ONCE(o->plain); }
void write_both(struct some *s) { s->plain = 1; s->hidden = 2; }
int read_both(struct some *s) { return READ_ONCE(s->plain) + READ_ONCE(s->hidden); }
int read_mixed(struct some *s) { return READ_ONCE(s->plain) + s->hidden; }
void write_byte(struct some *s) { s->byte = 1; s->plain = 2; }
int read_byte(struct some *s) { return s->byte + s->plain; }
void write_copy(struct some *s) { s->plain = s->hidden; }
void write_member(struct some *s) { s->backlog.len = 1; }
int read_member(struct some *s) { return READ_ONCE(s->backlog.len); }
void write_split(struct some *s) { s->plain = 1; s->through = 3; s->byte = 4; s->array[1] = 5; s->array[2] = 6; }
void part(struct some *s) __asm__("write_split.part.0");
void part(struct some *s) { s->plain = 1; }
"""
# Other files: one names only a macro of the header, the other one names neither macro nor member.
AWAY = """#include "some.h"
void write_away(struct some *s) { hide_one(s); }
"""
NOTHING = """#include "some.h"
int nothing(struct some *s) { return s->plain; }
"""
COMMAND = ("clang -nostdinc -O2 -fsanitize=thread -mllvm -tsan-distinguish-volatile=1 -mllvm -tsan-instrument-func-entry-exit=0 "
           "-mllvm -tsan-compound-read-before-write=1 -c -o net/NAME.o net/NAME.c")
RULE = "=" * 66


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def build(into):
    (into / "net").mkdir(parents=True)
    (into / ".config").write_text("CONFIG_KCSAN=y\n")
    (into / "net/some.h").write_text(HEADER)
    for name, text in (("some", SOURCE), ("away", AWAY), ("nothing", NOTHING)):
        command = COMMAND.replace("NAME", name)
        (into / f"net/{name}.c").write_text(text)
        subprocess.run(command.split(), cwd=into, check=True)
        (into / f"net/.{name}.o.cmd").write_text(f"savedcmd_net/{name}.o := {command}\n\nsource_net/{name}.o := net/{name}.c\n\n"
                                                 f"deps_net/{name}.o := \\\n  net/some.h \\\n")


def hook(into, function, kind):
    """Returns (offset after the call of KCSAN's hook, size of the function, bytes, whether marked) of the first access of that kind."""
    name = into / "net/some.o"
    symbols = map(str.split, run("llvm-nm", "--print-size", str(name)).splitlines())
    start, size = next((int(words[0], 16), int(words[1], 16)) for words in symbols if words[-1] == function)
    lines = run("llvm-objdump", "-dr", "--no-show-raw-insn", f"--disassemble-symbols={function}", str(name)).splitlines()
    for number, line in enumerate(lines):
        if match := re.search(r"R_(?:X86_64_P(?:LT|C)32|AARCH64_(?:CALL|JUMP)26)\s+__tsan_(volatile_)?(read_write|write|read)(\d+)", line):
            if kind in match[2] or match[2] == "read_write":
                after = next(int(found[1], 16) for later in lines[number + 1:] if (found := re.match(r"\s*([0-9a-f]+):", later)))
                return after - start, size, int(match[3]), bool(match[1]), match[2].replace("_", "-")
    # A jump to the hook replaces a call and a return: the next address belongs to the next function.
    raise SystemExit(f"pasted: no {kind} in {function}()")


def places(into, function, address):
    """Returns source lines as other programs add them: [(function, line)], innermost first."""
    object_ = into / "debug.o"
    if not object_.exists():
        subprocess.run(COMMAND.replace("-o net/NAME.o", f"-g -o {object_}").replace("NAME", "some").split(), cwd=into, check=True)
    start = next(int(words[0], 16) for words in map(str.split, run("llvm-nm", str(object_)).splitlines()) if words[-1] == function)
    lines = run("llvm-symbolizer", f"--obj={object_}", "--output-style=GNU", "--inlines", "--functions=linkage",
                hex(start + address - 1)).splitlines()
    return [(name, "net/some.c:" + place.rsplit(":", 1)[1]) for name, place in zip(lines[::2], lines[1::2]) if ":" in place]


def side(into, function, kind, form, who):
    offset, size, count, marked, kind = hook(into, function, kind)
    how = [word for word, said in (("marked", marked), ("reordered", form == "unknown")) if said]
    yield f"{'race at unknown origin, with ' if form == 'unknown' else ''}{kind}{' (' + ', '.join(how) + ')' if how else ''} " \
        f"to 0xffff888012345680 of {count} bytes by {who}:"
    symbol = f"{function}+0x{offset:x}/0x{size + 16:x}"
    known = places(into, function, offset)
    if form == "syzbot":
        yield from (f" {name} {place} [inline]" for name, place in known[:-1])
        yield f" {symbol} {known[-1][1]}"
    elif form == "decoded":
        # With the symbol kept, as newer versions of the script do.
        yield f" {symbol} ({' '.join(place for _, place in known)})"
    else:
        yield f" {symbol}"
    yield " entry_SYSCALL_64_after_hwframe+0x77/0x7f"


def report(into, form, writer, reader):
    yield RULE
    if form == "unknown":
        offset, size, *_ = hook(into, writer, "write")
        yield f"BUG: KCSAN: data-race in {writer}+0x{offset:x}/0x{size + 16:x}"
    else:
        yield f"BUG: KCSAN: data-race in {' / '.join(sorted(name for name in (writer, reader) if name))}"
    yield ""
    yield from side(into, writer, "write", form, "task 12 on cpu 0")
    if reader:
        yield ""
        yield from side(into, reader, "read", form, "interrupt on cpu 1")
    yield ""
    if form != "wrapped":
        yield "value changed: 0x00000000 -> 0x00000001"
        yield ""
    yield "Reported by Kernel Concurrency Sanitizer on:"
    yield "CPU: 1 UID: 0 PID: 12 Comm: a Not tainted"
    yield RULE


# What programs write before each line.
PREFIXES = {
    "dmesg": "[   12.345678] ",
    "unknown": "[   12.345678] ",
    "journal": "Nov 28 07:00:00 host kernel: [   12.345678] ",
    "precise": "Nov 28 07:00:00.123456 host kernel: ",
    "quoted": "> > ",
    "tap": "# # ",
    # dmesg with -x, -d, -T -d, -H, --time-format iso, and as CI systems print it.
    "levels": "kern  :warn  : [   12.345678] ",
    "raw": "<4>[   12.345678] ",
    "delta": "[   12.345678 <    0.000012>] ",
    "delta-only": "[<    0.000012>] ",
    "ctime": "[Sat Nov 28 07:00:00 2026] ",
    "human": "[  +0.000012] ",
    "iso": "2026-11-28T07:00:00,123456+00:00 ",
    "bracketed": "[2026-11-28 07:00:00] ",
}


def dressed(lines, form):
    for number, line in enumerate(lines):
        if form == "callers":
            yield f"[   12.345678][  T12] {line}"
            # Another processor's output in between.
            yield "[   12.345679][   C1] tcp_v4_rcv+0x1/0x2"
        elif form == "human" and number == 0:
            # The first line of each minute has the time.
            yield f"[Nov28 07:00] {line}"
        elif form == "coloured":
            # dmesg ends a colour with "[0m", and tput with "(B" and "[m".
            yield f"\x1b[32m[   12.345678] \x1b(B\x1b[m\x1b[1;31m{line}\x1b[0m"
        elif form == "wrapped":
            yield from re.split(r" (?=/ |by )", line)
        else:
            yield PREFIXES.get(form, "") + line


def grown(lines, most=None):
    """Returns the lines with a larger size for the functions, or for the first ones."""
    changed = 0
    for line in lines:
        changed += (found := "/0x" in line)
        if found and (most is None or changed <= most):
            line = re.sub(r"/0x([0-9a-f]+)$", lambda match: f"/0x{int(match[1], 16) + 256:x}", line)
        yield line


def recursive(lines, more=0):
    """Returns the lines with each innermost function as its own caller too. more: bytes that the size of that caller has too many."""
    for number, line in enumerate(lines):
        yield line
        if number and lines[number - 1].endswith(":") and "/0x" in line:
            yield re.sub(r"(?<=/0x)[0-9a-f]+", lambda match: f"{int(match[0], 16) + more:x}", line)


def lost_frame(lines):
    """Returns the lines of a report whose writer has lost its innermost frame: the title has the name of another function."""
    return [re.sub(r"\bwrite_\w+", "called", line) if line.startswith("BUG: ") else line for line in lines]


def second(lines):
    """Returns the line numbers of the second access, and of the line after its frames."""
    start = next(number for number, line in enumerate(lines) if line.startswith("read"))
    return start, next(number for number in range(start, len(lines)) if not lines[number])


def doubled(lines):
    """Returns the lines with the second side twice, as if the end of one report and the title of the next one were lost."""
    start, end = second(lines)
    return lines[:end] + [""] + lines[start:]


def apart(lines):
    start, _ = second(lines)
    return lines[:start] + [lines[start].replace("to 0xffff888012345680", "to 0xffff888012345684")] + lines[start + 1:]


def beyond(lines):
    """Returns the lines with a frame whose size has lost its last digits."""
    start, _ = second(lines)
    return lines[:start + 1] + [re.sub(r"(/0x[0-9a-f])[0-9a-f]+$", r"\1", lines[start + 1])] + lines[start + 2:]


def ends_in_line(lines):
    """Returns the lines up to the last frame, without the end of that line."""
    _, end = second(lines)
    return lines[:end - 1] + [lines[end - 1][:-1]]


def ends_with_values(lines):
    """Returns the lines up to the change of the value."""
    return lines[:next(number for number, line in enumerate(lines) if line.startswith("value")) + 1]


def ends_in_values(lines):
    """Returns the same without the last digit."""
    *before, last = ends_with_values(lines)
    return [*before, last[:-1]]


EDITS = {
    "doubled": doubled,
    "apart": apart,
    "beyond": beyond,
    "ends-in-line": ends_in_line,
    "ends-with-values": ends_with_values,
    "ends-in-values": ends_in_values,
    "cut": lambda lines: lines[:next(number for number, line in enumerate(lines) if line.startswith("read")) + 1],
    "grown": grown,
    "half": lambda lines: grown(lines, 1),
    "lost-frame": lost_frame,
    "recursive": recursive,
    "grown-callers": lambda lines: recursive(lines, 256),
}


def main():
    if sys.argv[1] == "--build":
        build(pathlib.Path(sys.argv[2]))
        return
    into, form, writer, *rest = sys.argv[1:]
    edits = [word for word in rest if word in EDITS]
    releases = [word.split("=", 1)[1] for word in rest if word.startswith("release=")]
    reader = next((word for word in rest if word not in edits and "=" not in word), None)
    lines = list(report(pathlib.Path(into), form, writer, reader))
    for release in releases:
        lines = [line.replace("Not tainted", f"Tainted: G        W  O        {release} #1") for line in lines]
    for edit in edits:
        lines = list(EDITS[edit](lines))
    print("\n".join(dressed(lines, form)), end="" if any(edit.startswith("ends-") for edit in edits) else "\n")


if __name__ == "__main__":
    main()

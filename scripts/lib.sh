# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the scripts share: messages, progress, packages, and steps of which the cache keeps the result.
# Sourced, after `set -euo pipefail`. Messages go to standard error.

say() { printf 'tsoffset: %s\n' "$*" >&2; }

die() {
	say "$*"
	exit 1
}

# A path of the cache as the host sees it.
shown() { printf '%s\n' "${1/#"$CACHE"/"${SHOWN_CACHE:-$CACHE}"}"; }

# A short name for what the arguments and standard input say.
digest() { { printf '%s\n' "$@"; cat; } | sha256sum | cut -c 1-16; }

# apt_own COMMAND...: apt, in the toolroot, with lists and downloads of our own: the toolroot itself is read-only. One at a
# time, as the lists may be on their way. With apt_arch set, apt of a system of that architecture on which nothing is installed; with
# apt_suite set, of that suite alone, such as sid or bookworm-security.
apt_own() {
	local own=$CACHE/apt${apt_arch:+-$apt_arch}${apt_suite:+-$apt_suite} options=()
	mkdir -p "$own/lists/partial" "$own/archives/partial"
	[[ -z ${apt_arch-} ]] || options=(-o APT::Architecture="$apt_arch" -o APT::Architectures="$apt_arch" -o Dir::State::status=/dev/null)
	if [[ -n ${apt_suite-} ]]; then
		sources_of_suite "$apt_suite" > "$own/sources.list.$BASHPID" && mv "$own/sources.list.$BASHPID" "$own/sources.list"
		options+=(-o Dir::Etc::SourceList="$own/sources.list" -o Dir::Etc::SourceParts=/dev/null)
	fi
	flock "$own/lock" "$1" -o Dir::State::Lists="$own/lists" -o Dir::Cache="$own" "${options[@]}" \
		-o APT::Sandbox::User=root -o Debug::NoLocking=true -qq "${@:2}"
}

# sources_of_suite SUITE: a line of sources.list, at the mirror that the toolroot's own have, or those of a host that stands in for it.
sources_of_suite() {
	{ grep -s '^deb ' /etc/apt/sources.list || "$PROJECT/scripts/harness/toolroot" sources; } |
		awk -v suite="$1" '$3 == (suite ~ /-security$/ ? "trixie-security" : "trixie") { $3 = suite; print }'
}

update_lists() {
	say "updating the package lists"
	apt_own apt-get update >&2
}

# tally RESULTS: closes a test by what its lines "ok|failed COUNT NAME" say; fails where one failed, or none was. Indented lines say
# more about what failed before them.
tally() {
	local passed failed
	passed=$(awk '$1 == "ok" { n += $2 } END { print n + 0 }' "$1")
	failed=$(awk '$1 == "failed" { n += $2 } END { print n + 0 }' "$1")
	if ((failed > 0)); then
		grep -E '^(failed|    )' "$1" >&2
	fi
	echo "$passed passed, $failed failed"
	((failed == 0 && passed > 0))
}

# mutated VARIANT INTO: copies src/ to INTO/src and applies selftests/mutants/VARIANT.patch there, as patch -p1 --fuzz=0 does from
# the root of the project. No variant and kunit have no patch. A patch that does not apply stops the caller with one line.
mutated() {
	local patch=$PROJECT/selftests/mutants/$1.patch output
	cp -r "$PROJECT/src" "$2/src"
	[[ -n $1 && $1 != kunit ]] || return 0
	[[ -f $patch ]] || die "there is no mutant '$1' in selftests/mutants"
	output=$(patch --batch --forward --strip=1 --fuzz=0 --no-backup-if-mismatch --reject-file=- --directory="$2" < "$patch" 2>&1) ||
		die "selftests/mutants/$1.patch does not apply to src/:" \
			"$(awk '/^patching file/ { file = $3 ": " } /would create/ { file = $NF " " } /can.t find|exists|FAILED|\*\*\*\*/ { print file $0; exit }' <<< "$output")"
}

# on_host PATH: where a file of the host that the user named is here (scripts/harness/enter).
on_host() {
	local path=$1
	[[ $path == /* ]] || path=$HOST_PWD/$path
	printf '%s\n' "$HOST_ROOT$path"
}

# readable VARIABLE PATH: stops where that is no file of the host, or one that the user may not read.
readable() {
	[[ -f $(on_host "$2") ]] || die "$1: no file $2"
	[[ -r $(on_host "$2") ]] || die "$1: $2 cannot be read"
}

# describes KERNEL: the file in kernels/ that describes it. A tree of the user's (tree, tree:COMMIT) is built like the default.
describes() {
	case $1 in
	tree | tree:*) echo "$PROJECT/kernels/7.3-kcsan" ;;
	*) echo "$PROJECT/kernels/$1" ;;
	esac
}

# says KERNEL PATTERN: a line of its file in kernels/ matches.
says() { grep --quiet --no-messages "$2" "$(describes "$1")"; }

# must_be_known KERNEL
must_be_known() {
	[[ -f $(describes "$1") ]] || die "no kernel '$1'; there are: $(cd "$PROJECT/kernels" && find . -maxdepth 1 -type f -printf '%P ')"
	[[ $1 != tree* || -n ${TREE-} ]] || die "the kernel '$1' needs TREE="
}

# file_name KERNEL: its name as a part of a file's.
file_name() { tr --complement '[:alnum:]._\n-' - <<< "$1"; }

# slowness KERNEL: how many times as long what runs in its guest may take (slow= in kernels/).
slowness() {
	local slow
	slow=$(sed -n 's/^slow=//p' "$(describes "$1")")
	echo "${slow:-1}"
}

# tracers KERNEL-DIRECTORY: perf and bpftrace, for a kernel that has what both take: they are large.
tracers() {
	grep --quiet --line-regexp CONFIG_BPF_EVENTS=y "$1/build/.config" || return 0
	! grep --quiet --line-regexp CONFIG_DEBUG_INFO_BTF=y "$1/build/.config" || echo perf bpftrace
}

# track LABEL LINES LOG COMMAND...
#
# Runs a command with its output in LOG and shows how far it is: its output is expected to have
# LINES lines (0: not known). A bar on a terminal, a line now and then elsewhere and where ONE_OF_MANY is set. When the command
# fails, the end of the log is shown, and where the rest is.
track() {
	local label=$1 lines=$2 log=$3 start=$SECONDS pid status=0
	shift 3
	mkdir -p "$(dirname "$log")"
	"$@" > "$log" 2>&1 < /dev/null &
	pid=$!
	if [[ -t 2 && -z ${ONE_OF_MANY-} ]]; then
		progress_bar "$label" "$lines" "$log" "$pid" "$start"
	else
		say "$label ..."
		progress_lines "$label" "$lines" "$log" "$pid" "$start"
	fi
	wait "$pid" || status=$?
	if ((status != 0)); then
		say "$label: failed with status $status; the end of $(shown "$log"):"
		tail -n 25 "$log" >&2
		return "$status"
	fi
	say "$label: done in $((SECONDS - start)) s"
}

# percent LINES LOG: how far the log is, in percent, or nothing where that is not known.
percent() {
	local now
	(($1 > 0)) || return 0
	now=$(($(wc -l < "$2") * 100 / $1))
	echo $((now > 99 ? 99 : now))
}

progress_bar() {
	local label=$1 lines=$2 log=$3 pid=$4 start=$5 percent filled
	while kill -0 "$pid" 2>&-; do
		percent=$(percent "$lines" "$log")
		filled=$((${percent:-0} / 4))
		printf '\r\033[Ktsoffset: %s [%-25s] %s%s s' "$label" \
			"$(printf '%*s' "$filled" '' | tr ' ' '#')" "${percent:+$percent %, }" \
			"$((SECONDS - start))" >&2
		sleep 0.5
	done
	printf '\r\033[K' >&2
}

progress_lines() {
	local label=$1 lines=$2 log=$3 pid=$4 start=$5 next=$((SECONDS + 30)) percent
	while kill -0 "$pid" 2>&-; do
		if ((SECONDS >= next)); then
			percent=$(percent "$lines" "$log")
			say "$label: ${percent:+$percent %, }$((SECONDS - start)) s"
			next=$((SECONDS + 30))
		fi
		sleep 0.2
	done
}

# make_once TARGET COMMAND...
#
# Makes TARGET (a directory of the cache) by running COMMAND with a directory beside it as last
# argument, which is renamed when the command has succeeded: what is there is whole. What a command that fails has made goes. A second run
# that wants the same waits for the first. The command is in a shell of its own, which it may exit.
make_once() {
	local target=$1 lock status=0
	shift
	[[ ! -e $target ]] || return 0
	mkdir -p "$(dirname "$target")"
	while :; do
		exec {lock}> "$target.lock"
		if ! flock --nonblock "$lock"; then
			say "waiting for another run that makes ${target##*/}"
			flock "$lock"
		fi
		# The run that had it has removed it: another may have made a new one.
		[[ ! /proc/self/fd/$lock -ef $target.lock ]] || break
		exec {lock}>&-
	done
	if [[ ! -e $target ]]; then
		rm -rf "$target.new"
		mkdir "$target.new" && ("$@" "$target.new") && mv "$target.new" "$target" || status=$?
		((status == 0)) || rm -rf "$target.new" 2>&- || :
	fi
	rm -f "$target.lock"
	exec {lock}>&-
	return "$status"
}

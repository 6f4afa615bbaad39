# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Functions that the scripts share: messages, progress, apt, kernels' descriptions, and steps with results in the cache.
# A script sources this file after `set -euo pipefail`. Messages go to standard error.

# shellcheck source=scripts/lib-progress.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-progress.sh"

say() { printf 'tsoffset: %s\n' "$*" >&2; }

die() {
	say "$*"
	exit 1
}

# shown PATH: prints a path of the cache as the host sees it.
shown() { printf '%s\n' "${1/#"$CACHE"/"${SHOWN_CACHE:-$CACHE}"}"; }

# digest ARGUMENT...: prints a short hash of the arguments and of standard input.
digest() { { printf '%s\n' "$@"; cat; } | sha256sum | cut -c 1-16; }

# hold LOCK WHAT: holds the file LOCK until the end of this shell. Says that it waits for another run that WHAT, unless the wait
# is shorter than two seconds. Sets held to the file's descriptor, which frees the lock when it is closed.
hold() {
	exec {held}> "$1"
	flock --timeout 2 "$held" || {
		say "waiting for another run that $2"
		flock "$held"
	}
}

# apt_own COMMAND ARGUMENT...: runs an apt command in the toolroot. Lists and downloads are in the cache, because the toolroot
# is read-only. A lock admits one command at a time, because another command can be updating the lists. With apt_arch set,
# apt works for a system of that architecture without installed packages. With apt_suite set, apt uses only that suite, such
# as sid or bookworm-security. On the host, APT_SOURCES names a file with the toolroot's sources. APT_STATUS names another list of
# installed packages than the host's. APT_SETTINGS is the file of scripts/harness/apt-settings, whose settings override those of
# the toolroot.
apt_own() {
	local own=$CACHE/apt${apt_arch:+-$apt_arch}${apt_suite:+-$apt_suite} options=() sources=${APT_SOURCES-}
	mkdir -p "$own/lists/partial" "$own/archives/partial"
	[[ -z ${apt_arch-} ]] || options=(-o APT::Architecture="$apt_arch" -o APT::Architectures="$apt_arch" -o Dir::State::status=/dev/null)
	if [[ -n ${apt_suite-} ]]; then
		sources_of_suite "$apt_suite" > "$own/sources.list.$BASHPID" && mv "$own/sources.list.$BASHPID" "$own/sources.list"
		sources=$own/sources.list
	fi
	[[ -z ${APT_SETTINGS-} ]] || options+=(-c "$APT_SETTINGS")
	[[ -z $sources ]] || options+=(-o Dir::Etc::SourceList="$sources" -o Dir::Etc::SourceParts=/dev/null)
	[[ -z ${APT_STATUS-} ]] || options+=(-o Dir::State::status="$APT_STATUS")
	(
		hold "$own/lock" "uses apt"
		"$1" -o Dir::State::Lists="$own/lists" -o Dir::Cache="$own" "${options[@]}" \
			-o APT::Sandbox::User=root -o Debug::NoLocking=true -qq "${@:2}"
	)
}

# sources_of_suite SUITE: prints the lines of a sources.list for SUITE, with the mirrors of the toolroot's sources. Options in
# brackets can contain blanks.
sources_of_suite() {
	awk -v suite="$1" -v own="$([[ $1 == *-security ]] && echo trixie-security || echo trixie)" '$1 == "deb" {
		field = 3
		if ($2 ~ /^\[/)
			while ($(field++ - 1) !~ /\]$/ && field <= NF);
		if ($field == own) { $field = suite; print }
	}' "${TOOLROOT_SOURCES:-${APT_SOURCES:-/etc/apt/sources.list}}"
}

# update_lists: fetches the package lists. Without Error-Mode, apt keeps old lists and succeeds where it reaches no mirror.
update_lists() {
	local log=$CACHE/log/update-lists why
	mkdir -p "$CACHE/log"
	say "updating the package lists"
	apt_own apt-get -o quiet=1 -o APT::Update::Error-Mode=any update > "$log" 2>&1 && return
	if why=$(cause "$log"); then
		say "the package lists: $why"
	else
		tail -n 5 "$log" >&2
	fi
	return 1
}

# room DIRECTORY: prints the free space of DIRECTORY's file system in MB.
room() { df --output=avail --block-size=1M -- "$1" | tail -n 1 | tr -d ' '; }

# too_little_room: says that CACHE has too little free space.
too_little_room() {
	echo "only $(room "$CACHE") MB are free in $(shown "$CACHE"); free some, or name a directory on another disk: CACHE=DIRECTORY"
}

# cause LOG: prints the reason why a command failed, if its reason is a full disk, the network or the mirror. Fails for other
# reasons. A full disk can leave LOG empty.
cause() {
	local lines line other="or name another mirror of Debian: MIRROR=URL"
	if (($(room "$CACHE") < 5)) || grep -qE 'No space left on device|Disk quota exceeded|enough free space' "$1"; then
		echo "the disk is full: $(too_little_room)"
		return
	fi
	# The errors of apt and cargo. Those before an update of the package lists are of an earlier attempt.
	lines=$(awk '/^tsoffset: updating the package lists/ { lines = "" }
		/^([EW]: |tsoffset: the package lists: |  +(\[[0-9]+\] |Could not load certificates))/ {
			gsub(/ +/, " ")
			lines = lines $0 "\n"
		}
		END { printf "%s", lines }' "$1")
	cause_by "$lines" \
		'^tsoffset: the package lists: (.*)' '<1>' \
		'407 Proxy Authentication Required|CONNECT tunnel failed, response 407' "the proxy wants a name and a password (407 Proxy\
 Authentication Required); put them into http_proxy and https_proxy, or into apt's Acquire::http::Proxy:\
 http://NAME:PASSWORD@HOST:PORT" \
		'Invalid response from proxy: HTTP/[^ ]+ ([0-9]+)' "the proxy rejects the mirror (status <1>); name another proxy with\
 https_proxy, $other" \
		'CONNECT tunnel failed, response ([0-9]+)' "the proxy rejects the server of the crates (status <1>); name another proxy with\
 https_proxy" \
		'Could not load certificates from (/run/apt)?([^ ]+)' "the file of certificate authorities cannot be read: <2>; mend apt's\
 Acquire::https::CaInfo" \
		'Failed to fetch (https[^ ]*) .*The certificate is NOT trusted\. ([^.]*(expired|not yet activated)[^.]*)\.' "the certificate is not\
 valid now: <1> (<2>); set this host's clock, $other" \
		'Failed to fetch (https[^ ]*) .*The certificate is NOT trusted\. ([^.]*does not match[^.]*)\.' "the certificate is that of another\
 server: <1> (<2>); check the address and the proxy, $other" \
		'Failed to fetch (https[^ ]*) .*The certificate is NOT trusted\. ([^.]*)\.' "$(untrusted '<1> (<2>)'), $other" \
		'Failed to fetch (https[^ ]*) .*(certificate verify failed)' "$(untrusted '<1> (<2>)'), $other" \
		'(SSL certificate problem: [^)]*)' "$(untrusted 'the server of the crates (<1>)')" \
		'Failed to fetch (https[^ ]*) .*(SSL connection failed|Could not handshake): ([^[]*[^[ ])' "<1> does not speak TLS (<3>); check\
 the address and the proxy, $other" \
		"ProxyAutoDetect (command '[^']*' can not be executed|returned an error code.*)" "apt's Acquire::http::Proxy-Auto-Detect fails\
 (<1>); mend or remove that setting" \
		'The method driver [^ ]*/([^ /]+) could not be found' "apt lacks the method <1>; $(cut -d ' ' -f 2- <<< "$other")" \
		"Failed to fetch ([^ ]+) (Clearsigned file isn't valid.*)" "<1> is not from an archive (<2>); log in where the network asks for\
 a login, $other" \
		'(error|failed): ([^ ]+) .*(NO_PUBKEY [0-9A-F]+|Missing key [0-9A-F]+)' "Debian's keys lack that of <2> (<3>); update the\
 package debian-archive-keyring, $other" \
		'(GPG error|signature verification failed): ([^ ]+) .*(signatures were invalid|error message is): (.*)' "the signature of <2>\
 is invalid (<4>); try again later, update the package debian-archive-keyring, $other" \
		'Release file for ([^ ]+) is expired \(invalid since ([^)]*)\)' "<1> has expired (<2> ago); check this host's clock, $other;\
 for a snapshot of the archive, set apt's Acquire::Check-Valid-Until to false" \
		'Release file for ([^ ]+) is not valid yet \(invalid for another ([^)]*)\)' "<1> is not valid yet (for another <2>); set this\
 host's clock" \
		'Failed to fetch ([^ ]+) (File has unexpected size [^.]*|Hash Sum mismatch)' "the mirror is being updated (<1>: <2>); try again\
 later, $other" \
		'Failed to fetch ([^ ]+) ([45][0-9][0-9] [^[]*[^[ ])' "the mirror does not give <1> (<2>); try again later, $other" &&
		return
	line="(Could not|Couldn't|Temporary failure|Failed to|Unable to) (resolv|connect)[^)]*|Network is unreachable|No route to host"
	line=$(grep -aoEm 1 "$line|[Cc]onnection (failed|timed out|refused).*" "$1") || :
	# One line of the log can have several matches.
	line=${line%%$'\n'*}
	if [[ -n $line ]]; then
		echo "no server answers (${line%% }); check the network, $other"
		return
	fi
	# apt also says so where it reaches no server.
	cause_by "$lines" \
		"The repository '([^ ]+) ([^ ]+) Release' (does not have|no longer has) a Release file" "<1> has no suite <2> (no Release\
 file); check the address, $other" \
		"The repository '([^ ]+) ([^ ]+) [^ ]+ (is not|is no longer) signed" "<1> has no signature for the suite <2>; check the\
 address, $other"
}

# untrusted WHERE: prints the reason of a failed verification of a certificate, and what to do.
untrusted() {
	echo "the certificate is not trusted: $1; install ca-certificates and add the authority of the server or the proxy" \
		"(update-ca-certificates)"
}

# cause_by LINES [PATTERN REASON]...: prints the REASON of the first PATTERN that a line of LINES matches. <1>, <2> and so on are
# the groups of the match.
cause_by() {
	local lines=$1 line reason group
	shift
	while (($#)); do
		while read -r line; do
			[[ $line =~ $1 ]] || continue
			reason=$2
			for group in "${!BASH_REMATCH[@]}"; do
				reason=${reason//"<$group>"/"${BASH_REMATCH[group]}"}
			done
			printf '%s\n' "$reason"
			return
		done <<< "$lines"
		shift 2
	done
	return 1
}

# tally RESULTS: prints the sums of a test's lines "ok|failed COUNT NAME". Fails if a check failed or none passed. Prints the
# failed checks to standard error, with the indented lines that explain them.
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

# mutated MUTANT INTO: copies src/ to INTO/src and applies selftests/mutants/MUTANT.patch there, as patch -p1 --fuzz=0 does
# from the root of the project. The empty name and kunit have no patch. A patch that does not apply ends the caller with one
# line.
mutated() {
	local patch=$PROJECT/selftests/mutants/$1.patch output
	cp -r "$PROJECT/src" "$2/src"
	[[ -n $1 && $1 != kunit ]] || return 0
	[[ -f $patch ]] || die "there is no mutant '$1' in selftests/mutants"
	output=$(patch --batch --forward --strip=1 --fuzz=0 --no-backup-if-mismatch --reject-file=- --directory="$2" < "$patch" 2>&1) ||
		die "selftests/mutants/$1.patch does not apply to src/:" \
			"$(awk '/^patching file/ { file = $3 ": " } /would create/ { file = $NF " " } /can.t find|exists|FAILED|\*\*\*\*/ { print file $0; exit }' <<< "$output")"
}

# on_host PATH: prints the toolroot's path of a file that the user named by its PATH on the host (scripts/harness/enter). The path
# has no link, because in the toolroot a link of the host leads elsewhere. A loop of links stays in the path.
on_host() {
	local rest=$1 path='' part target followed=0
	[[ $rest == /* ]] || rest=$HOST_PWD/$rest
	while [[ -n $rest ]]; do
		part=${rest%%/*}
		rest=${rest:${#part}}
		rest=${rest#/}
		case $part in
		'' | .) ;;
		..) path=${path%/*} ;;
		*)
			path+=/$part
			if [[ -L $HOST_ROOT$path ]] && ((++followed <= 40)); then
				target=$(readlink -- "$HOST_ROOT$path")
				rest=$target${rest:+/$rest}
				path=${path%/*}
				[[ $target != /* ]] || path=''
			fi
			;;
		esac
	done
	printf '%s\n' "$HOST_ROOT${path:-/}"
}

# project_git ARGUMENT...: runs git on the project. With PROJECT_GIT set, the repository is there (scripts/harness/enter).
project_git() {
	git ${PROJECT_GIT:+"--git-dir=$PROJECT_GIT" "--work-tree=$PROJECT"} -c safe.directory="$PROJECT" -C "$PROJECT" "$@"
}

# readable VARIABLE PATH: ends the script unless PATH is a file of the host that the user can read.
readable() {
	[[ -f $(on_host "$2") ]] || die "$1: no file $2"
	[[ -r $(on_host "$2") ]] || die "$1: $2 cannot be read"
}

# describes KERNEL: prints the file in kernels/ that describes KERNEL. A tree of the user (tree, tree:COMMIT) is built like
# the default kernel.
describes() {
	case $1 in
	tree | tree:*) echo "$PROJECT/kernels/7.3-kcsan" ;;
	*) echo "$PROJECT/kernels/$1" ;;
	esac
}

# says KERNEL PATTERN: succeeds if a line of KERNEL's file in kernels/ matches PATTERN.
says() { grep --quiet --no-messages "$2" "$(describes "$1")"; }

# must_be_known KERNEL: ends the script if KERNEL has no file in kernels/, or is a tree without TREE=.
must_be_known() {
	[[ -f $(describes "$1") ]] || die "no kernel '$1'; there are: $(cd "$PROJECT/kernels" && find . -maxdepth 1 -type f -printf '%P ')"
	[[ $1 != tree* || -n ${TREE-} ]] || die "the kernel '$1' needs TREE="
}

# file_name KERNEL: prints KERNEL as a part of a file name.
file_name() { tr --complement '[:alnum:]._\n-' - <<< "$1"; }

# slowness KERNEL: prints the factor for time limits in KERNEL's guest (slow= in kernels/).
slowness() {
	local slow
	slow=$(sed -n 's/^slow=//p' "$(describes "$1")")
	echo "${slow:-1}"
}

# tracers KERNEL-DIRECTORY: prints "perf bpftrace" for a kernel with the options that both require. Other kernels get neither,
# because both are large.
tracers() {
	grep --quiet --line-regexp CONFIG_BPF_EVENTS=y "$1/build/.config" || return 0
	! grep --quiet --line-regexp CONFIG_DEBUG_INFO_BTF=y "$1/build/.config" || echo perf bpftrace
}

# make_once TARGET COMMAND...
#
# Makes TARGET, a directory of the cache, if it is missing. COMMAND gets the empty directory TARGET.new as its last argument
# and fills it. If COMMAND succeeds, make_once renames the directory: an existing TARGET is complete. If COMMAND fails,
# make_once removes the directory. COMMAND runs in a subshell, which it may exit. A second run that needs the same TARGET
# waits for the first. SIGINT, SIGTERM and SIGHUP end COMMAND with its descendants, and then the script with status 130.
make_once() {
	local target=$1 lock status=0 traps step_name
	shift
	[[ ! -e $target ]] || return 0
	mkdir -p "$(dirname "$target")"
	while :; do
		exec {lock}> "$target.lock"
		if ! flock --nonblock "$lock"; then
			say "waiting for another run that makes ${target##*/}"
			flock "$lock"
		fi
		# The previous holder of the lock removes the file, and another run can have made a new file since.
		[[ ! /proc/self/fd/$lock -ef $target.lock ]] || break
		exec {lock}>&-
	done
	if [[ ! -e $target ]]; then
		rm -rf "$target.new"
		# shellcheck disable=SC2016 # for the trap
		trap_step 'end_step "$target.new" "$target.lock"'
		# In the background, because a shell that waits for a foreground command handles no signal until its end.
		{ as_step; mkdir "$target.new" && "$@" "$target.new" || exit; } <&0 &
		wait "$!" && mv "$target.new" "$target" || status=$?
		((status == 0)) || rm -rf "$target.new" 2>&- || :
		untrap_step
	fi
	rm -f "$target.lock"
	exec {lock}>&-
	return "$status"
}

# make_recent TARGET COMMAND...: makes TARGET as make_once does, and removes its neighbours that no run has used for a day. The time of
# a directory is that of its last use, so that a run leaves the directories of another run, or of its own earlier steps.
make_recent() {
	local target=$1
	touch --no-create "$target"
	make_once "$@" || return
	find "$(dirname "$target")" -mindepth 1 -maxdepth 1 -type d -mmin +1440 ! -path "$target" -exec rm -rf {} +
}

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Queries of Debian's archive, and downloads from it. A script sources this file after scripts/lib.sh, in the toolroot. The
# functions that choose a kernel read variables of a file in kernels/ (package, flavour, suite).

# shellcheck source=scripts/harness/lib-arch.sh
. "$PROJECT/scripts/harness/lib-arch.sh"

# read_file KERNEL: sets the variables of KERNEL's file in kernels/, those of its architecture, and the lists that apt_own reads.
read_file() {
	name=$1
	must_be_known "$name"
	package='' fragments='' unfixed='' flavour='' suite='' release='' cc='' rust=''
	# A file without arch= is for this machine's own architecture.
	arch=$(host_architecture)
	architecture "$arch"
	# shellcheck source=kernels/7.3-kcsan
	. "$(describes "$name")"
	architecture "$arch"
	# Of another suite or architecture than the toolroot's: its own lists.
	apt_suite='' apt_arch=''
	[[ -z $package ]] || apt_suite=$suite
	[[ -z $flavour ]] || ! foreign || apt_arch=$debian_arch
}

# names PREFIX REGULAR-EXPRESSION: prints the names of packages that consist of PREFIX and a match.
names() { apt_own apt-cache pkgnames "$1" | grep -E "^$1$2\$" | sort --version-sort || :; }

# offers PACKAGE...: prints lines "version suite package", the newest version first.
offers() {
	apt_own apt-cache madison "$@" | awk -F ' *[|] *' '{ gsub(/ /, "", $1); split($3, from, "[ /]"); sub(/^[^ ]* /, "", $3)
		sub("/.*", "", $3); print $2, $3, $1 }' | sort --version-sort --reverse
}

# choose_source: sets version to apt's newest version of $package. Without any version, fails and sets missing to the reason.
choose_source() {
	version=$(apt_own apt-cache madison "$package" | awk -F '|' 'NR == 1 { gsub(/ /, "", $2); print $2 }')
	[[ -n $version ]] || {
		missing="the archive has no $package any more; it has: $(names linux-source- '[0-9.]+' | xargs)."
		missing+=" Put one of them into kernels/$name, as package=."
		return 1
	}
}

# newest SUITE NAME: prints the first five versions from the output of offers, for suites and packages that match. Prints
# "none" if no line matches.
newest() {
	awk -v suite="$1" -v name="$2" '$2 ~ suite && $3 ~ name { print $1 }' | uniq | head -n 5 | xargs | grep . || echo none
}

# choose_image: sets release, version and package to the newest suitable image of $flavour in $suite. For a suitable image, the
# archive has headers and source of exactly the same version. The archive has several versions of a series at a time. Images
# and sources do not always come and go together. Without a suitable image, fails and sets missing to the reason.
choose_image() {
	local kinds all
	mapfile -t kinds < <(names linux-image- "[0-9][^-]*-$flavour"; names linux-headers- "[0-9][^-]*-$flavour"
		names linux-source- '[0-9.]+')
	all=$(offers "${kinds[@]}")
	read -r release version package < <(awk -v suite="$suite" '
		sub(/^linux-source-/, "", $3) { source[$1] = $3 }
		sub(/^linux-headers-/, "", $3) { headers[$1, $3] = 1 }
		sub(/^linux-image-/, "", $3) && $2 == suite { version[++images] = $1; release[images] = $3 }
		END { for (i = 1; i <= images; i++)
			if (version[i] in source && (version[i], release[i]) in headers) {
				print release[i], version[i], "linux-source-" source[version[i]]
				exit
			} }' <<< "$all") || {
		missing="no linux-image of $flavour in $suite has its source in the archive, at the same version;"
		missing+=" images: $(newest "$suite" '^linux-image-' <<< "$all"), sources: $(newest '.*' '^linux-source-' <<< "$all")"
		return 1
	}
}

# download DIRECTORY PACKAGE[=VERSION]...: downloads the packages' .deb files into an empty DIRECTORY.
download() {
	local into=$1
	shift
	rm -rf "$into"
	mkdir -p "$into"
	(cd "$into" && apt_own apt-get download "$@")
}

# extract DIRECTORY INTO: extracts the packages of DIRECTORY into INTO, and removes DIRECTORY.
extract() {
	local deb
	for deb in "$1"/*.deb; do
		dpkg-deb --extract "$deb" "$2" && rm "$deb" || return
	done
	rmdir "$1"
}

# with_parts PACKAGE VERSION: prints "package=version" of the package, and of its dependencies on exactly that version.
with_parts() {
	echo "$1=$2"
	apt_own apt-cache show "$1=$2" | sed -n 's/^Depends: //p' | tr ',' '\n' |
		awk -v version="$2" 'index($0, "(= " version ")") { print $1 "=" version }'
}

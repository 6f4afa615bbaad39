# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# What Debian's archive offers, and how it comes here. Sourced after scripts/lib.sh, in the toolroot. What chooses a kernel takes the
# variables of a file in kernels/ (package, flavour, suite).

# names PREFIX REGULAR-EXPRESSION: of packages.
names() { apt_own apt-cache pkgnames "$1" | grep -E "^$1$2\$" | sort --version-sort || :; }

# offers PACKAGE...: lines "version suite package", the newest first.
offers() {
	apt_own apt-cache madison "$@" | awk -F ' *[|] *' '{ gsub(/ /, "", $1); split($3, from, "[ /]"); sub(/^[^ ]* /, "", $3)
		sub("/.*", "", $3); print $2, $3, $1 }' | sort --version-sort --reverse
}

# Sets version, of the package that is named so: the newest, as apt sees it. Fails where there is none.
choose_source() {
	version=$(apt_own apt-cache madison "$package" | awk -F '|' 'NR == 1 { gsub(/ /, "", $2); print $2 }')
	[[ -n $version ]] || {
		missing="the archive has no $package any more; it has: $(names linux-source- '[0-9.]+' | xargs)."
		missing+=" Put one of them into kernels/$name, as package=."
		return 1
	}
}

# newest SUITE NAME: the first few versions that offers says, of suites and packages that match.
newest() {
	awk -v suite="$1" -v name="$2" '$2 ~ suite && $3 ~ name { print $1 }' | uniq | head -n 5 | xargs | grep . || echo none
}

# Sets release, version and package: the newest image of $flavour in $suite of which the archive has the headers and the
# source, too, at exactly the same version. It has several versions of a series at a time, and images and sources do not
# always come and go together. Fails where there is none.
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

# download DIRECTORY PACKAGE[=VERSION]...: their .deb files, and nothing else, by apt_own.
download() {
	local into=$1
	shift
	rm -rf "$into"
	mkdir -p "$into"
	(cd "$into" && apt_own apt-get download "$@")
}

# extract DIRECTORY INTO: the files of these packages, side by side. The packages go.
extract() {
	local deb
	for deb in "$1"/*.deb; do
		dpkg-deb --extract "$deb" "$2" && rm "$deb" || return
	done
	rmdir "$1"
}

# with_parts PACKAGE VERSION: "package=version" of it and of those that it needs at exactly that version.
with_parts() {
	echo "$1=$2"
	apt_own apt-cache show "$1=$2" | sed -n 's/^Depends: //p' | tr ',' '\n' |
		awk -v version="$2" 'index($0, "(= " version ")") { print $1 "=" version }'
}

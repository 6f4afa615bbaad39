# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Small archives in files, for tests of apt's sources. A script sources this file with $scratch set.

# an_archive PATH ORIGIN LABEL SUITE [VALID-UNTIL]: makes an archive with one package.
an_archive() {
	local lists=$scratch/$1/dists/$4 architecture
	architecture=$(dpkg --print-architecture)
	mkdir -p "$lists/main/binary-$architecture"
	printf 'Package: none\nVersion: 1\nArchitecture: all\nFilename: none.deb\nSize: 1\n\n' > "$lists/main/binary-$architecture/Packages"
	{
		printf 'Origin: %s\nLabel: %s\nSuite: %s\nCodename: %s\nDate: Thu, 01 Jan 2026 00:00:00 UTC\n' "$2" "$3" "$4" "$4"
		printf '%s' "${5:+Valid-Until: $5$'\n'}"
		printf "Architectures: %s\nComponents: main\nSHA256:\n %s %s main/binary-$architecture/Packages\n" "$architecture" \
			"$(sha256sum < "$lists/main/binary-$architecture/Packages" | cut -d ' ' -f 1)" "$(stat -c %s "$lists/main/binary-$architecture/Packages")"
	} > "$lists/Release"
}

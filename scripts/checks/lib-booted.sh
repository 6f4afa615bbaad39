# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Tests of an installation in a guest with systemd as PID 1. A script sources this file after scripts/checks/lib-system.sh.

# boot_systemd RUN PATTERN DESCRIPTION SCRIPT [ARGUMENT...]: does what boot_system does, in a guest with systemd as PID 1. The guest has
# all files that the installation has added to the system.
boot_systemd() {
	# Packages. systemd loads modules with libkmod2 only.
	# shellcheck disable=SC2034 # boot_system reads it
	local booted="systemd libkmod2"
	mkdir -p "$scratch/guest"
	comm -13 <(cut -f 1 "$scratch/before" | LC_ALL=C sort) <(system_files | cut -f 1 | LC_ALL=C sort) |
		grep -E '^/(etc|usr/lib/systemd|usr/local|usr/sbin|usr/share/man)/' | (cd "$system" && sed 's|^/||' |
			cpio --pass-through --make-directories --quiet "$scratch/guest")
	install "$PROJECT/selftests/guest/systemd-init" "$scratch/guest/init"
	# Documented in docs/install.md.
	install -D -m 644 <(echo tsoffset) "$scratch/guest/etc/modules-load.d/tsoffset.conf"
	boot_system "$@" --memory 2G
	rm -rf "$scratch/guest"
}

# The task of boot_systemd: the documented commands of docs/install.md and docs/fleet.md, and their effects.
# shellcheck disable=SC2034,SC2016 # for the scripts that source this file; the guest's shell expands it
documented_commands='
directory=/var/lib/prometheus/node-exporter

# within SECONDS COMMAND...: expects COMMAND to succeed within that time.
within() {
	end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		if [ "$(date +%s)" -ge "$end" ]; then
			echo "never: $*"
			return 1
		fi
		sleep 1
	done
}
has() { grep -sqx "$2" "$directory/$1"; }
result() { [ "$(systemctl show --property=Result --value "$1")" = "$2" ]; }
fail() { echo "$*"; exit 1; }

[ "$(cat /proc/1/comm)" = systemd ] || fail "PID 1 is not systemd"
systemctl is-active systemd-modules-load.service || fail "systemd has not loaded the modules"
grep -x "connects_called 0" /proc/tsoffset/stats || fail "the module is not loaded at boot"
mkdir -p "$directory"
! systemctl is-enabled tsoffset-exporter.timer || fail "the installation enables the timer"
systemctl enable --now tsoffset-exporter.timer || fail "the timer does not start"
systemctl is-enabled tsoffset-exporter.timer && systemctl is-active tsoffset-exporter.timer || fail "the timer is not enabled"
tsoffset-workload connect --serve --threads 2 --connects 200
within 90 has tsoffset.prom "tsoffset_up 1" || fail "no metrics"
within 90 has tsoffset.prom "tsoffset_connects_called_total 200" || fail "old metrics"
result tsoffset-exporter.service success || fail "the service fails"

ip netns add blue
systemctl enable --now tsoffset-exporter@blue.timer || fail "the timer of the namespace does not start"
within 90 has tsoffset-blue.prom "tsoffset_up{netns=.blue.} 1" || fail "no metrics of the namespace"
ip netns exec blue ip link set lo up
ip netns exec blue tsoffset-workload connect --serve --threads 2 --connects 20
within 90 has tsoffset-blue.prom "tsoffset_connects_called_total{netns=.blue.} 20" || fail "old metrics of the namespace"
within 90 has tsoffset.prom "tsoffset_connects_called_total 220" || fail "the host does not count the namespace"
systemctl disable --now tsoffset-exporter@blue.timer || fail "the timer of the namespace does not stop"

# The control: where the service cannot write, no new metrics come, and the unit fails.
mkdir -p /run/systemd/system/tsoffset-exporter.service.d
printf "[Service]\nReadWritePaths=\nReadOnlyPaths=%s\n" "$directory" > /run/systemd/system/tsoffset-exporter.service.d/control.conf
systemctl daemon-reload
tsoffset-workload connect --serve --threads 2 --connects 200
within 90 result tsoffset-exporter.service exit-code || fail "a service that cannot write does not fail"
! has tsoffset.prom "tsoffset_connects_called_total 420" || fail "a service that cannot write has written"
rm -r /run/systemd/system/tsoffset-exporter.service.d
systemctl daemon-reload
within 90 has tsoffset.prom "tsoffset_connects_called_total 420" || fail "the service does not come back"

modprobe -r tsoffset || fail "the module stays"
within 90 has tsoffset.prom "tsoffset_up 0" || fail "no sign of the missing module"
journalctl --unit=tsoffset-exporter.service --output=cat | grep "^tsoffset-exporter: .*/proc/tsoffset/stats" || fail "no line in the journal"
systemctl disable --now tsoffset-exporter.timer || fail "the timer does not stop"
! systemctl is-enabled tsoffset-exporter.timer || fail "the timer stays enabled"
echo "the units work"'

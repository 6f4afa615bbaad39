# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# A guest in which systemd is process 1, to test the units as docs/fleet.md says. A script sources this file after
# scripts/checks/lib-system.sh.

# The command of docs/fleet.md that switches the metrics on.
documented=$(sed -nE 's/^    (systemctl enable --now tsoffset-exporter\.timer).*/\1/p' "$PROJECT/docs/fleet.md")
[[ -n $documented ]] || die "docs/fleet.md does not enable tsoffset-exporter.timer"

# boot_systemd RUN PATTERN DESCRIPTION SCRIPT PATH...: does what "must 0" does, in a guest that boots the system's kernel and
# systemd. PATH... are files and directories of the system that the guest gets, too. When systemd has reached its target, a unit
# runs SCRIPT, with its results on the guest's ports (selftests/guest/init).
boot_systemd() {
	local run=$1 pattern=$2 what=$3 script=$4 above=$scratch/image image=$scratch/initramfs path
	shift 4
	system_kernel "$above"
	for path; do
		(cd "$system" && cp -a --parents ".$path" "$above/")
	done
	mkdir -p "$above"/{etc/systemd/system/multi-user.target.wants,var/lib/prometheus/node-exporter,usr/sbin}
	ln -s /usr/bin/kmod "$above/usr/sbin/depmod"
	# The maintainer scripts of the guest's packages have not run.
	printf '%s\n' root:x:0:0::/root:/bin/sh prometheus:x:100:100::/:/bin/sh nobody:x:65534:65534::/:/bin/sh > "$above/etc/passwd"
	printf '%s\n' root:x:0: prometheus:x:100: nogroup:x:65534: > "$above/etc/group"
	: > "$above/etc/fstab"
	# Without it, systemd asks questions on the console.
	digest machine < /dev/null | sed 's/.*/&&/' > "$above/etc/machine-id"
	echo 'tsoffset guest' > "$above/etc/os-release"
	ln -s /usr/lib/systemd/system/multi-user.target "$above/etc/systemd/system/default.target"
	echo '[Unit]
Description=The task of a test
After=basic.target
[Service]
Type=oneshot
ExecStart=/usr/lib/tsoffset/booted
TimeoutStartSec=infinity' > "$above/etc/systemd/system/task.service"
	ln -s ../task.service "$above/etc/systemd/system/multi-user.target.wants/"
	mkdir -p "$above/usr/lib/tsoffset"
	install -m 755 "$PROJECT/selftests/guest/booted" "$above/usr/lib/tsoffset/booted"
	system_image "$above" --packages "systemd prometheus-node-exporter coreutils mawk"
	local kernel=$scratch/kernel
	# On a busy host, the emulated timer can be too late for the kernel's check of it.
	must 0 "$run" "$pattern" "$what" "$script" --memory 2G \
		--append "rdinit=/usr/lib/tsoffset/booted systemd.getty_auto=no no_timer_check"
}

# task_of_units SBIN: prints a script for a guest. It enables the timers, reads the metrics as a node exporter serves them, and
# unloads the module. SBIN is the exporter's directory.
task_of_units() {
	echo "
	set -e
	trap 'journalctl --no-pager --boot | tail -n 40' EXIT
	ps -o pid,comm | grep -E '^ *1 systemd'
	textfile=/var/lib/prometheus/node-exporter
	# line FILE LINE: waits until a line of FILE is LINE. The timer runs twice a minute.
	line() {
		tries=0
		until grep -qxF \"\$2\" \"\$textfile/\$1\"; do
			tries=\$((tries + 1))
			[ \$tries -lt 300 ] || { cat \"\$textfile/\$1\"; systemctl --no-pager status 'tsoffset*'; return 1; }
			sleep 1
		done
	}
	modprobe tsoffset
	tsoffset-workload connect --serve --connects 200
	$documented
	systemctl is-enabled tsoffset-exporter.timer | grep -x enabled
	systemctl is-active tsoffset-exporter.timer | grep -x active
	line tsoffset.prom 'tsoffset_connects_called_total 200'
	[ \"\$(command -v tsoffset-exporter)\" = $1/tsoffset-exporter ]
	tsoffset-exporter - | grep -x 'tsoffset_connects_called_total 200'
	systemctl start prometheus-node-exporter.service
	tries=0
	until wget -qO- http://127.0.0.1:9100/metrics > /tmp/served; do
		tries=\$((tries + 1))
		[ \$tries -lt 60 ]
		sleep 1
	done
	grep -x 'tsoffset_connects_called_total 200' /tmp/served
	echo 'the node exporter serves the metrics of the timer'

	ip netns add blue
	ip -n blue link set lo up
	ip netns exec blue tsoffset-workload connect --serve --connects 7
	systemctl enable --now tsoffset-exporter@blue.timer
	line tsoffset-blue.prom 'tsoffset_connects_called_total{netns=\"blue\"} 7'
	line tsoffset.prom 'tsoffset_connects_called_total 207'
	ip netns delete blue
	! systemctl start tsoffset-exporter@blue.service || exit 1
	systemctl show --property=ExecMainStatus tsoffset-exporter@blue.service | grep -x ExecMainStatus=225
	echo 'the namespace has metrics of its own'

	rmmod tsoffset
	line tsoffset.prom 'tsoffset_up 0'
	systemctl is-failed tsoffset-exporter.service | grep -x failed
	journalctl --no-pager --unit=tsoffset-exporter.service | grep 'the module is not loaded'
	echo 'an unloaded module shows'
	"
}

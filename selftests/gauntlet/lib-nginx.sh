# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Programs connect to nginx over both families. The counts of the program, of the kernel, of nginx and of the module are
# compared, at both ends. A script sources this file after lib-clients.sh.

# Loads the module with all features, makes the namespaces, and starts nginx in "right": on port 8080 of each family, and on
# port 8081 of IPv4 only. nginx prints its counts on a Unix socket.
set_up_nginx() {
	load_with witness=1 outcomes=1024 ipv4=1
	make_namespaces
	rm -rf /tmp/nginx
	mkdir /tmp/nginx
	echo content > /tmp/nginx/file
	cat > /tmp/nginx.conf <<-'END'
		daemon off;
		user root root;
		worker_processes 2;
		pid /tmp/nginx/pid;
		events { }
		http {
			access_log off;
			keepalive_requests 1000000;
			server {
				listen 8081;
				listen 8080;
				listen [::]:8080 ipv6only=on;
				root /tmp/nginx;
			}
			server {
				listen unix:/tmp/nginx/status;
				location / { stub_status; }
			}
		}
	END
	start right nginx -e /tmp/nginx/error -c /tmp/nginx.conf
	workers=/proc/$!/task/$!/children
	listens "$right" 8080 tcp
	listens "$right" 8080
	wait_for 20 has_workers
	# Workers outlive a killed master.
	started="$started $(< "$workers")"
	questions=0
	failures=0
	# Programs get both addresses from this name, that of IPv6 first.
	echo 'multi on' > /etc/host.conf
	printf '%s\n' '2001:db8::2 both.example' '192.0.2.2 both.example' > /etc/hosts
}

has_workers() { [ "$(wc -w < "$workers")" -eq 2 ]; }

# ask_nginx: sets nginx to the numbers of TCP connections that nginx has accepted and has handled. Each question is one more
# connection.
ask_nginx() {
	questions=$((questions + 1))
	curl --silent --fail --unix-socket /tmp/nginx/status http://status/ > /tmp/status
	nginx=$(awk -v questions="$questions" '/^ [0-9]/ { print $1 - questions, $2 - questions }' /tmp/status)
}

# counted V6 V4 [RIGHT-V6 RIGHT-V4]: expects "left" to have made V6 connects over IPv6 and V4 over IPv4, and "right" to have
# accepted all but $failures of them. Every offset has to match. A proxy in "right" has made RIGHT-V6 and RIGHT-V4 connects
# to nginx.
counted() {
	local left_v6=$1 left_v4=$2 right_v6=${3-0} right_v4=${4-0} accepted served count
	accepted=$((left_v6 + left_v4 + right_v6 + right_v4 - failures))
	served=$(($# == 4 ? right_v6 + right_v4 : accepted))
	count="$nginx $(opens "$left") $(opens "$right") $(tcp_count "$right" PassiveOpens)"
	[ "$count" = "$served $served $((left_v6 + left_v4)) $((right_v6 + right_v4)) $accepted" ] || {
		echo "nginx and the kernel count $count"
		return 1
	}
	settle
	connected "$left_v6" "$left_v4" "$failures" < "$left/tsoffset" &&
		connected "$right_v6" "$right_v4" 0 < "$right/tsoffset" &&
		compare accepted_match="$accepted" accepted_zero=0 accepted_absent=0 accepted_syncookie=0 accepted_chosen=0 \
			accepted_unjudged=0 accepted_owned=0 < "$right/tsoffset"
}

# connected V6 V4 FAILURES: compares the lines of a namespace on standard input. All handshakes but FAILURES have ended with a
# connection.
connected() {
	compare ipv4=on connects_called="$1" connects_entered="$1" connects_returned="$1" offset_match="$1" \
		connects_v4_called="$2" connects_v4_entered="$2" connects_v4_returned="$2" offset_v4_match="$2" \
		outcome_established=$(($1 + $2 - $3)) outcomes_begun=$(($1 + $2)) ledger=balanced
}

# all_agree V6 V4 [RIGHT-V6 RIGHT-V4]: expects these counts. The same counts must fail with one connect more over a family,
# and with a connect in the other family.
all_agree() {
	local v6=$1 v4=$2
	shift 2
	ask_nginx
	counted "$v6" "$v4" "$@"
	for wrong in "$((v6 + 1)) $v4" "$v6 $((v4 + 1))" "$((v6 + 1)) $((v4 - 1))"; do
		# shellcheck disable=SC2086 # two words
		if counted $wrong "$@" > /dev/null; then
			echo "$wrong are the counts, too"
			return 1
		fi
	done
}

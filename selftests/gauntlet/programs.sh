#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A server, its load generator, a proxy, and clients that choose between two addresses: nginx, wrk, curl, Python, Node and
# microsocks. Their own counts, the kernel's counters and stats must agree, over both families.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"
# shellcheck source=selftests/gauntlet/lib-clients.sh
. "$(dirname "$0")/lib-clients.sh"
# shellcheck source=selftests/gauntlet/lib-nginx.sh
. "$(dirname "$0")/lib-nginx.sh"

NOLOAD=1
PROGRAMS=$(cd "$(dirname "$0")" && pwd)
V6='[2001:db8::2]:8080' V4=192.0.2.2:8080

# requests: prints the number of requests in wrk's report on standard input. A report of errors fails.
requests() { awk '/requests in/ { n = $1 } /errors|Non-2xx/ { exit 1 } END { print n }'; }

# wrk keeps its connections open. One more connection of wrk tests the address.
nginx_and_wrk() {
	set_up_nginx
	inside left wrk --threads 2 --connections 20 --duration 2s "http://$V6/file" > /tmp/wrk6
	inside left wrk --threads 2 --connections 30 --duration 2s "http://$V4/file" > /tmp/wrk4
	cat /tmp/wrk6 /tmp/wrk4
	figure "nginx and wrk" "$(($(requests < /tmp/wrk6) + $(requests < /tmp/wrk4))) requests, 52 connections"
	all_agree 21 31
}

# wrk makes a new connection after each answer. Those that wrk gives up at its end have no request.
nginx_and_wrk_without_keepalive() {
	set_up_nginx
	inside left wrk --threads 2 --connections 10 --duration 2s --header 'Connection: close' "http://$V6/file" > /tmp/wrk6
	v6=$(opens "$left")
	inside left wrk --threads 2 --connections 10 --duration 2s --header 'Connection: close' "http://$V4/file" > /tmp/wrk4
	v4=$(($(opens "$left") - v6))
	all_agree "$v6" "$v4"
	for count in "$v6 $(requests < /tmp/wrk6)" "$v4 $(requests < /tmp/wrk4)"; do
		[ $((${count% *} - ${count#* })) -ge 1 ]
		[ $((${count% *} - ${count#* })) -le 11 ]
	done
	figure "nginx and wrk without keepalive" "$(($(requests < /tmp/wrk6) + $(requests < /tmp/wrk4))) requests," \
		"$((v6 + v4)) connections"
}

python_asyncio() {
	set_up_nginx
	inside left python3 "$PROGRAMS/asyncio_client.py" 8080 2001:db8::2 30 192.0.2.2 20 > /tmp/python
	[ "$(xargs < /tmp/python)" = '2001:db8::2 30 192.0.2.2 20' ]
	figure "python3 asyncio" "50 answers on 50 connections"
	all_agree 30 20
}

# curl_tries REASON V4 [OPTION...]: fetches from the name with two addresses. curl reports one connection, over IPv4 if V4 is 1.
# Counts the attempts that curl reports: tries_v6 and tries_v4.
curl_tries() {
	local reason=$1 address='2001:db8::2'
	[ "$2" -eq 0 ] || address=192.0.2.2
	shift 2
	inside left curl --silent --verbose --output /dev/null --write-out '%{num_connects} %{remote_ip} %{http_code}\n' "$@" \
		2> /tmp/trace > /tmp/curl || { cat /tmp/trace && return 1; }
	grep -E 'Trying|fail' /tmp/trace
	[ "$(< /tmp/curl)" = "1 $address 200" ] || { cat /tmp/curl && return 1; }
	tries_v6=$((tries_v6 + $(grep -c 'Trying \[' /tmp/trace))) || :
	tries_v4=$((tries_v4 + $(grep -c 'Trying 192' /tmp/trace))) || :
	[ "$reason" = none ] || echo "$reason" >> /tmp/reasons
}

# treat VERDICT: lets "right" treat each SYN over IPv6 that way.
treat() {
	inside right nft -f - <<-END
		table ip6 broken
		delete table ip6 broken
		table ip6 broken {
			chain input {
				type filter hook input priority 0;
				tcp dport 8080 tcp flags syn $1
			}
		}
	END
}

# Five ways in which the attempt over IPv6 fails, and curl connects over IPv4.
curl_happy_eyeballs() {
	set_up_nginx
	tries_v6=0
	tries_v4=0
	: > /tmp/reasons
	echo event=failed > /proc/tsoffset/filter
	later='--happy-eyeballs-timeout-ms 5000'
	# shellcheck disable=SC2086 # two words
	{
		curl_tries none 0 $later http://both.example:8080/file
		curl_tries refused 1 $later http://both.example:8081/file
		treat 'reject with icmpv6 addr-unreachable'
		curl_tries unreachable 1 $later http://both.example:8080/file
		treat 'reject with icmpv6 admin-prohibited'
		curl_tries filtered 1 $later http://both.example:8080/file
		treat drop
		curl_tries closed 1 http://both.example:8080/file
		failures=4
		all_agree 5 4
		# The call fails, but not that of getaddrinfo(), which is about UDP.
		ip -n left -6 rule add to 2001:db8::2 ipproto tcp unreachable
		curl_tries no_route 1 $later http://both.example:8080/file
	}
	[ "$tries_v6 $tries_v4" = '6 5' ]
	[ "$(tcp_count "$left" ActiveOpens)" -eq 10 ]
	STATS=$left/tsoffset expect connects_called=6 connects_failed=1 connects_v4_called=5 outcome_established=6 outcome_refused=1 \
		outcome_unreachable=1 outcome_error=1 outcome_closed=1 failed_refused=1 failed_unreachable=1 failed_filtered=1 \
		failed_closed=1 failed_no_route=1 failed_timeout=0 failed_error=0 failures_recorded=5 ledger=balanced
	tsoffset-workload follow /proc/tsoffset/events --oldest --lines 5 > /tmp/events
	sed -nE 's/.*"destination":"2001:db8::2".*"reason":"([a-z_]*)".*"comm":"curl".*"family":"v6".*/\1/p' /tmp/events |
		diff - /tmp/reasons
	figure "curl with two addresses" "$tries_v6 attempts over IPv6 and $tries_v4 over IPv4, 6 connections"
}

# Node selects a family like curl, or connects to the first address only.
node_select_family() {
	set_up_nginx
	inside left node "$PROGRAMS/node_client.js" 2001:db8::2 8080 20 false 192.0.2.2 8080 10 false both.example 8080 10 true \
		both.example 8081 10 true both.example 8081 5 false > /tmp/node
	xargs < /tmp/node
	[ "$(xargs < /tmp/node)" = '20 20 10 10 10 10 20 10 5 0' ]
	figure "node" "65 attempts, 50 connections"
	failures=15
	all_agree 45 20
	STATS=$left/tsoffset expect failed_refused=15 outcome_refused=15
}

# Each connect of curl to the proxy makes one of the proxy to nginx, by another task in another namespace.
microsocks_proxy() {
	set_up_nginx
	start right microsocks -q -i :: -p 1080
	proxy=$!
	listens "$right" 1080
	for to in "$V6" "$V4"; do
		inside left curl --silent --fail --proxy 'socks5h://[2001:db8::2]:1080' --header 'Connection: close' --output /dev/null \
			--write-out '%{num_connects}\n' "http://$to/file?[1-10]"
	done > /tmp/curl
	[ "$(awk '{ n += $1 } END { print NR, n }' /tmp/curl)" = '20 20' ]
	all_agree 20 0 10 10
	awk -v proxy="$proxy" 'NR > 1 { print ($5 == proxy ? "proxy" : "client"), $7, $8, $12, $13, $24 }' /proc/tsoffset/connects |
		sort | uniq -c > /tmp/tasks
	space() { readlink "${1%net}ns/net" | tr -dc 0-9; }
	diff /tmp/tasks - <<-END
		     20 client curl $(space "$left") 2001:db8::2 1080 v6
		     10 proxy microsocks $(space "$right") 2001:db8::2 8080 v6
		     10 proxy microsocks $(space "$right") ::ffff:192.0.2.2 8080 v4
	END
	figure "curl through microsocks" "20 connects to the proxy, 20 of the proxy"
}

# The controls: "counted" must fail if the server accepts a connection from elsewhere, and if the module sees no IPv4.
miscount_is_noticed() {
	set_up_nginx
	inside left curl --silent --fail --output /dev/null "http://$V6/file" "http://$V4/file"
	all_agree 1 1
	inside right curl --silent --fail --output /dev/null "http://$V6/file"
	ask_nginx
	[ "$nginx" = "3 3" ]
	if counted 1 1; then return 1; fi
	if counted 2 1; then return 1; fi
	rmmod tsoffset
	load_with outcomes=64
	inside left curl --silent --fail --output /dev/null "http://$V4/file"
	STATS=$left/tsoffset expect ipv4=off connects_called=0 connects_v4_called=0 outcomes_begun=0
	STATS=$right/tsoffset expect accepted_match=0
}

run_checks nginx_and_wrk nginx_and_wrk_without_keepalive curl_happy_eyeballs python_asyncio node_select_family microsocks_proxy \
	miscount_is_noticed

// SPDX-License-Identifier: GPL-2.0
/*
 * sk_err SECONDS [6]: an ICMP error stores sk->sk_err, while another thread polls the socket
 * that caused it.
 *
 * udp_err() stores it for 127.0.0.1. With the 6, udpv6_err() stores it for ::1.
 */
#include <poll.h>
#include <string.h>

#define NAME "sk_err"
#include "two_threads.h"

/* The kernel's answer is the error that the other thread's datagram caused. */
static int question(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return !(poll(&one, 1, 0) > 0 && one.revents & POLLERR);
}

int main(int argc, char **argv)
{
	/* Nobody listens at this port: each datagram comes back as an error. */
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	struct sockaddr_in6 to6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(9),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT
	};
	int six = argc > 2 && !strcmp(argv[2], "6");
	struct sockaddr *peer = six ? (struct sockaddr *)&to6 : (struct sockaddr *)&to;
	int fd = socket(peer->sa_family, SOCK_DGRAM, 0);
	long sent = 0;
	time_t end;

	if (argc > 2 && !six) {
		fprintf(stderr, "sk_err: usage: sk_err SECONDS [6]\n");
		return 1;
	}
	if (connect(fd, peer, six ? sizeof(to6) : sizeof(to)))
		fail("connect");
	share(fd);
	/* Every other one says ECONNREFUSED, the error of the one before. */
	for (end = start(argc, argv); time(NULL) < end; sent++)
		send(fd, "", 1, 0);
	return counts("datagrams", sent);
}

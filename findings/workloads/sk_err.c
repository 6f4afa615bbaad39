// SPDX-License-Identifier: GPL-2.0
/*
 * sk_err SECONDS [6]: an ICMP error stores sk->sk_err, while another thread polls the socket
 * that caused it.
 *
 * udp_err() stores it for 127.0.0.1. With the 6, udpv6_err() stores it for ::1.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static long polled, errors;

static void *ask(void *socket)
{
	for (;;) {
		struct pollfd one = { .fd = *(int *)socket, .events = POLLIN };

		if (poll(&one, 1, 0) > 0 && one.revents & POLLERR)
			__atomic_fetch_add(&errors, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&polled, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 30);
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
	pthread_t asker;
	long sent = 0;

	if (argc > 2 && !six) {
		fprintf(stderr, "sk_err: usage: sk_err SECONDS [6]\n");
		return 1;
	}
	if (fd < 0 || connect(fd, peer, six ? sizeof(to6) : sizeof(to)) ||
	    pthread_create(&asker, NULL, ask, &fd)) {
		perror("sk_err");
		return 1;
	}
	/* Every other one says ECONNREFUSED, the error of the one before. */
	for (; time(NULL) < end; sent++)
		send(fd, "", 1, 0);
	printf("datagrams %ld, polls %ld, of them %ld with an error\n", sent, polled, errors);
	if (!errors)
		fprintf(stderr, "sk_err: no datagram came back as an error\n");
	return !errors;
}

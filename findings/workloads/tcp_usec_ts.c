// SPDX-License-Identifier: GPL-2.0
/*
 * tcp_usec_ts SECONDS: connect() stores tp->tcp_usec_ts (tcp_v6_connect()), while another
 * thread asks for TCP_TIMESTAMP.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long asked;

static void *ask(void *socket)
{
	for (;;) {
		int timestamp;
		socklen_t length = sizeof(timestamp);

		if (!getsockopt(*(int *)socket, IPPROTO_TCP, TCP_TIMESTAMP, &timestamp, &length))
			__atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 30);
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT
	};
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	int listener = socket(AF_INET6, SOCK_STREAM, 0), fd = socket(AF_INET6, SOCK_STREAM, 0);
	socklen_t size = sizeof(to);
	long connects = 0;
	pthread_t asker;

	if (bind(listener, (struct sockaddr *)&to, size) || listen(listener, 64) ||
	    getsockname(listener, (struct sockaddr *)&to, &size) ||
	    pthread_create(&asker, NULL, ask, &fd)) {
		perror("tcp_usec_ts");
		return 1;
	}
	for (; time(NULL) < end; connects++) {
		if (connect(fd, (struct sockaddr *)&to, size) ||
		    connect(fd, &nobody, sizeof(nobody))) {
			perror("connect");
			return 1;
		}
		close(accept(listener, NULL, NULL));
	}
	printf("connects %ld, getsockopts %ld\n", connects, asked);
	if (!asked) {
		fprintf(stderr, "tcp_usec_ts: no getsockopt(TCP_TIMESTAMP) succeeded\n");
		return 1;
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * nonagle SECONDS: setsockopt(TCP_NODELAY) stores tp->nonagle, while another thread asks for
 * the same socket's TCP_NODELAY.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static long asked;

static void *ask(void *socket)
{
	for (;;) {
		int on;
		socklen_t length = sizeof(on);

		if (!getsockopt(*(int *)socket, IPPROTO_TCP, TCP_NODELAY, &on, &length))
			__atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 30);
	int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 0;
	pthread_t asker;
	long set = 0;

	if (fd < 0 || pthread_create(&asker, NULL, ask, &fd)) {
		perror("nonagle");
		return 1;
	}
	for (; time(NULL) < end; set++) {
		on = !on;
		if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on))) {
			perror("setsockopt");
			return 1;
		}
	}
	printf("setsockopts %ld, getsockopts %ld\n", set, asked);
	if (!asked) {
		fprintf(stderr, "nonagle: no getsockopt(TCP_NODELAY) succeeded\n");
		return 1;
	}
	return 0;
}

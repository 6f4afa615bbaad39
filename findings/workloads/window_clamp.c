// SPDX-License-Identifier: GPL-2.0
/*
 * window_clamp SECONDS: connect(AF_UNSPEC) stores tp->window_clamp (tcp_disconnect()), while
 * another thread asks for TCP_WINDOW_CLAMP.
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
		int clamp;
		socklen_t length = sizeof(clamp);

		if (!getsockopt(*(int *)socket, IPPROTO_TCP, TCP_WINDOW_CLAMP, &clamp, &length))
			__atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 30);
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	long disconnects = 0;
	pthread_t asker;

	if (fd < 0 || pthread_create(&asker, NULL, ask, &fd)) {
		perror("window_clamp");
		return 1;
	}
	for (; time(NULL) < end; disconnects++) {
		if (connect(fd, &nobody, sizeof(nobody))) {
			perror("connect");
			return 1;
		}
	}
	printf("disconnects %ld, getsockopts %ld\n", disconnects, asked);
	if (!asked) {
		fprintf(stderr, "window_clamp: no getsockopt(TCP_WINDOW_CLAMP) succeeded\n");
		return 1;
	}
	return 0;
}

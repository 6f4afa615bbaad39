// SPDX-License-Identifier: GPL-2.0
/*
 * mss_cache SECONDS: connect() stores tp->mss_cache (tcp_sync_mss()), while another thread
 * asks for the same socket's TCP_MAXSEG.
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

static int shared = -1;
static long asked;

static void *ask(void *unused)
{
	for (;;) {
		int fd = __atomic_load_n(&shared, __ATOMIC_ACQUIRE), size;
		socklen_t length = sizeof(size);

		if (fd >= 0 && !getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &size, &length))
			__atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED);
	}
	return unused;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 30);
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT
	};
	socklen_t size = sizeof(to);
	int listener = socket(AF_INET6, SOCK_STREAM, 0);
	pthread_t asker;
	long connects = 0;

	if (bind(listener, (struct sockaddr *)&to, size) || listen(listener, 64) ||
	    getsockname(listener, (struct sockaddr *)&to, &size) ||
	    pthread_create(&asker, NULL, ask, NULL)) {
		perror("mss_cache");
		return 1;
	}
	while (time(NULL) < end) {
		int fd = socket(AF_INET6, SOCK_STREAM, 0);
		long before;

		__atomic_store_n(&shared, fd, __ATOMIC_RELEASE);
		/* Both sides have to be at it. A failing call must not hold up the program. */
		before = __atomic_load_n(&asked, __ATOMIC_RELAXED);
		while (__atomic_load_n(&asked, __ATOMIC_RELAXED) < before + 3 && time(NULL) < end)
			;
		if (connect(fd, (struct sockaddr *)&to, size)) {
			perror("connect");
			return 1;
		}
		close(accept(listener, NULL, NULL));
		__atomic_store_n(&shared, -1, __ATOMIC_RELEASE);
		close(fd);
		connects++;
	}
	printf("connects %ld, getsockopts %ld\n", connects, asked);
	if (!asked) {
		fprintf(stderr, "mss_cache: no getsockopt(TCP_MAXSEG) succeeded\n");
		return 1;
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * write_seq SECONDS: tcp_send_fin() stores tp->write_seq, while another thread asks for the
 * same socket's SIOCOUTQ.
 *
 * The send queue is full at shutdown(): tcp_send_fin() then adds the FIN to the last segment
 * of the queue.
 */
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int shared = -1;
static long asked;

static void *ask(void *unused)
{
	for (;;) {
		int fd = __atomic_load_n(&shared, __ATOMIC_ACQUIRE), queued;

		if (fd >= 0 && !ioctl(fd, SIOCOUTQ, &queued))
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
	/* Little fills them, which saves time. */
	int small = 4096;
	int listener = socket(AF_INET6, SOCK_STREAM, 0);
	static char block[16384];
	pthread_t asker;
	long sent = 0;

	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(listener, (struct sockaddr *)&to, size) || listen(listener, 64) ||
	    getsockname(listener, (struct sockaddr *)&to, &size) ||
	    pthread_create(&asker, NULL, ask, NULL)) {
		perror("write_seq");
		return 1;
	}
	while (time(NULL) < end) {
		int fd = socket(AF_INET6, SOCK_STREAM, 0), peer;
		long before;

		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		if (connect(fd, (struct sockaddr *)&to, size)) {
			perror("connect");
			return 1;
		}
		peer = accept(listener, NULL, NULL);
		while (send(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
			;
		__atomic_store_n(&shared, fd, __ATOMIC_RELEASE);
		/* Both sides have to be at it. A failing call must not hold up the program. */
		before = __atomic_load_n(&asked, __ATOMIC_RELAXED);
		while (__atomic_load_n(&asked, __ATOMIC_RELAXED) < before + 3 && time(NULL) < end)
			;
		shutdown(fd, SHUT_WR);
		__atomic_store_n(&shared, -1, __ATOMIC_RELEASE);
		close(peer);
		close(fd);
		sent++;
	}
	printf("shutdowns %ld, ioctls %ld\n", sent, asked);
	if (!asked) {
		fprintf(stderr, "write_seq: no ioctl(SIOCOUTQ) succeeded\n");
		return 1;
	}
	return 0;
}

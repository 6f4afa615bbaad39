// SPDX-License-Identifier: GPL-2.0
/*
 * write_seq SECONDS: tcp_send_fin() stores tp->write_seq, while another thread asks for the
 * same socket's SIOCOUTQ.
 *
 * The send queue is full at shutdown(): tcp_send_fin() then adds the FIN to the last segment
 * of the queue.
 */
#include <linux/sockios.h>
#include <sys/ioctl.h>

#define NAME "write_seq"
#include "two_threads.h"

static int question(int fd)
{
	int queued;

	return ioctl(fd, SIOCOUTQ, &queued);
}

int main(int argc, char **argv)
{
	int listener = socket(AF_INET6, SOCK_STREAM, 0);
	static char block[16384];
	struct sockaddr_in6 to;
	/* Little fills them, which saves time. */
	int small = 4096;
	long sent = 0;
	time_t end;

	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	listen_at(listener, &to);
	for (end = start(argc, argv); time(NULL) < end; sent++) {
		int fd = socket(AF_INET6, SOCK_STREAM, 0), peer;

		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		connect_to(fd, &to);
		peer = accept(listener, NULL, NULL);
		while (send(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
			;
		share(fd);
		wait_for_answers(end);
		shutdown(fd, SHUT_WR);
		share(-1);
		close(peer);
		close(fd);
	}
	return counts("shutdowns", sent);
}

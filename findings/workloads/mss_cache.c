// SPDX-License-Identifier: GPL-2.0
/*
 * mss_cache SECONDS: connect() stores tp->mss_cache (tcp_sync_mss()), while another thread
 * asks for the same socket's TCP_MAXSEG.
 */
#define NAME "mss_cache"
#include "two_threads.h"

static int question(int fd)
{
	return ask_option(fd, TCP_MAXSEG);
}

int main(int argc, char **argv)
{
	int listener = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 to;
	long connects = 0;
	time_t end;

	listen_at(listener, &to);
	for (end = start(argc, argv); time(NULL) < end; connects++) {
		int fd = socket(AF_INET6, SOCK_STREAM, 0);

		share(fd);
		wait_for_answers(end);
		connect_to(fd, &to);
		close(accept(listener, NULL, NULL));
		share(-1);
		close(fd);
	}
	return counts("connects", connects);
}

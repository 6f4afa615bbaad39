// SPDX-License-Identifier: GPL-2.0
/*
 * tcp_usec_ts SECONDS: connect() stores tp->tcp_usec_ts (tcp_v6_connect()), while another
 * thread asks for TCP_TIMESTAMP.
 */
#define NAME "tcp_usec_ts"
#include "two_threads.h"

static int question(int fd)
{
	return ask_option(fd, TCP_TIMESTAMP);
}

int main(int argc, char **argv)
{
	int listener = socket(AF_INET6, SOCK_STREAM, 0), fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 to;
	long connects = 0;
	time_t end;

	listen_at(listener, &to);
	share(fd);
	for (end = start(argc, argv); time(NULL) < end; connects++) {
		connect_to(fd, &to);
		disconnect(fd);
		close(accept(listener, NULL, NULL));
	}
	return counts("connects", connects);
}

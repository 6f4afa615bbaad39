// SPDX-License-Identifier: GPL-2.0
/*
 * nonagle SECONDS: setsockopt(TCP_NODELAY) stores tp->nonagle, while another thread asks for
 * the same socket's TCP_NODELAY.
 */
#define NAME "nonagle"
#include "two_threads.h"

static int question(int fd)
{
	return ask_option(fd, TCP_NODELAY);
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 0;
	long set = 0;
	time_t end;

	share(fd);
	for (end = start(argc, argv); time(NULL) < end; set++) {
		on = !on;
		if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
			fail("setsockopt");
	}
	return counts("setsockopts", set);
}

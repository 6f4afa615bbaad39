// SPDX-License-Identifier: GPL-2.0
/*
 * window_clamp SECONDS: connect(AF_UNSPEC) stores tp->window_clamp (tcp_disconnect()), while
 * another thread asks for TCP_WINDOW_CLAMP.
 */
#define NAME "window_clamp"
#include "two_threads.h"

static int question(int fd)
{
	return ask_option(fd, TCP_WINDOW_CLAMP);
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	long disconnects = 0;
	time_t end;

	share(fd);
	for (end = start(argc, argv); time(NULL) < end; disconnects++)
		disconnect(fd);
	return counts("disconnects", disconnects);
}

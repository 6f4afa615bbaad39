/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two threads with one socket: main() writes, and a second thread reads without the lock.
 * A workload includes this file once, and defines question() and the program's NAME.
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

/* The socket of both threads; -1 where there is none. */
static int shared = -1;
/* The number of questions that the kernel has answered. */
static long answers;

/* Asks the kernel for the field once. Returns 0 if the kernel answers. */
static int question(int fd);

/* The usual question: a TCP option that is a number. */
static inline int ask_option(int fd, int option)
{
	int value;
	socklen_t length = sizeof(value);

	return getsockopt(fd, IPPROTO_TCP, option, &value, &length);
}

static inline void share(int fd)
{
	__atomic_store_n(&shared, fd, __ATOMIC_RELEASE);
}

static void *ask(void *unused)
{
	for (;;) {
		int fd = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);

		if (fd >= 0 && !question(fd))
			__atomic_fetch_add(&answers, 1, __ATOMIC_RELAXED);
	}
	return unused;
}

static inline void fail(const char *call)
{
	fprintf(stderr, "%s: ", NAME);
	perror(call);
	exit(1);
}

/* Starts the thread that asks. Returns the time of the end: argv[1] seconds from now. */
static inline time_t start(int argc, char **argv)
{
	pthread_t asker;

	if (pthread_create(&asker, NULL, ask, NULL))
		fail("pthread_create");
	return time(NULL) + (argc > 1 ? atoi(argv[1]) : 30);
}

/* Both sides have to be at it. A failing question must not hold up the program. */
static inline void wait_for_answers(time_t end)
{
	long before = __atomic_load_n(&answers, __ATOMIC_RELAXED);

	while (__atomic_load_n(&answers, __ATOMIC_RELAXED) < before + 3 && time(NULL) < end)
		;
}

/* Listens at a port of ::1, and puts the address into to. */
static inline void listen_at(int fd, struct sockaddr_in6 *to)
{
	socklen_t size = sizeof(*to);

	*to = (struct sockaddr_in6) {
		.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT
	};
	if (bind(fd, (struct sockaddr *)to, size) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)to, &size))
		fail("listen");
}

static inline void connect_to(int fd, struct sockaddr_in6 *to)
{
	if (connect(fd, (struct sockaddr *)to, sizeof(*to)))
		fail("connect");
}

static inline void disconnect(int fd)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	if (connect(fd, &nobody, sizeof(nobody)))
		fail("connect(AF_UNSPEC)");
}

/* Prints the counts. Returns the exit status: 1 if the kernel has answered no question. */
static inline int counts(const char *writes, long written)
{
	printf("%s %ld, answers %ld\n", writes, written, answers);
	if (!answers)
		fprintf(stderr, "%s: the kernel answered no question\n", NAME);
	return !answers;
}

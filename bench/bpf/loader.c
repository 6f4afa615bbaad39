// SPDX-License-Identifier: GPL-2.0
/*
 * loader attach OBJECT: loads a BPF object and attaches its programs, which stay attached.
 * loader detach OBJECT: detaches them. Of an object with the memory of record.h, prints the number
 * of calls that it has seen, if its counts and its records agree with each other and with the calls
 * of the bench. Of any other object, prints -.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/types.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "record.h"

/* Links and the memory are pinned here between the two commands. */
#define PINS "/sys/fs/bpf/bench"

/* The bench's connects: ::1, this port, and the program's name. */
#define PORT 7000
#define COMM "tsoffset-worklo"

/* BPF_TRACE_FSESSION of Linux 7.0 and later: libbpf of Debian trixie has no name for it. */
#define TRACE_FSESSION 58

#define fail(format, ...)                                               \
	do {                                                            \
		fprintf(stderr, "loader: " format "\n", ##__VA_ARGS__); \
		exit(1);                                                \
	} while (0)

static const char *pin(const char *kind, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), PINS "-%s-%s", kind, name);
	return path;
}

/* Returns whether the program is to be attached. The other one prepares the memory. */
static bool follows_calls(struct bpf_program *program)
{
	return bpf_program__type(program) == BPF_PROG_TYPE_TRACING;
}

/* Returns the map of the object's memory, or NULL. */
static struct bpf_map *memory_of(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (strstr(bpf_map__name(map), ".bss"))
			return map;
	return NULL;
}

/* Makes the kernel draw the key of its hash. Port 1 refuses the connection. */
static void draw_key(void)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
		.sin6_port = htons(1),
	};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd < 0 || !connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    errno != ECONNREFUSED)
		fail("port 1 of ::1 refuses no connection: %s", strerror(errno));
	close(fd);
}

static void set_memory_up(struct bpf_object *object)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, "prepare");
	struct bpf_test_run_opts options = { .sz = sizeof(options) };
	struct bpf_map *map = memory_of(object);

	if (!program)
		return;
	draw_key();
	if (bpf_prog_test_run_opts(bpf_program__fd(program), &options) || options.retval)
		fail("cannot prepare the memory: %s", strerror(errno));
	if (bpf_map__pin(map, pin("map", "memory")))
		fail("cannot pin the memory: %s", strerror(errno));
}

static void attach_all(struct bpf_object *object)
{
	struct bpf_program *program;
	struct bpf_link *link;
	const char *name;

	bpf_object__for_each_program(program, object)
		if (!strcmp(bpf_program__name(program), "session") &&
		    bpf_program__set_expected_attach_type(program, TRACE_FSESSION))
			fail("cannot make a session program: %s", strerror(errno));
	if (bpf_object__load(object))
		fail("the kernel rejects the object");
	set_memory_up(object);
	bpf_object__for_each_program(program, object) {
		if (!follows_calls(program))
			continue;
		name = bpf_program__name(program);
		link = bpf_program__attach(program);
		if (!link)
			fail("cannot attach %s: %s", name, strerror(errno));
		if (bpf_link__pin(link, pin("link", name)))
			fail("cannot pin the link of %s: %s", name, strerror(errno));
	}
}

/* Returns how often the kernel did not run the program, because the CPU ran it already. */
static __u64 misses(const char *name)
{
	struct bpf_prog_info program = {};
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int link, fd;

	link = bpf_obj_get(pin("link", name));
	if (link < 0 || bpf_link_get_info_by_fd(link, &info, &size))
		fail("no link of %s: %s", name, strerror(errno));
	fd = bpf_prog_get_fd_by_id(info.prog_id);
	size = sizeof(program);
	if (fd < 0 || bpf_prog_get_info_by_fd(fd, &program, &size))
		fail("no program %s: %s", name, strerror(errno));
	close(fd);
	close(link);
	return program.recursion_misses;
}

/* Returns the number of the loader's network namespace, which is that of the bench. */
static __u32 own_netns(void)
{
	struct stat found;

	if (stat("/proc/self/ns/net", &found))
		fail("/proc/self/ns/net: %s", strerror(errno));
	return found.st_ino;
}

/* Ends the program unless a record is that of one of the bench's connects. */
static void check(const struct memory *memory, int cpu, __u64 position, bool hashed)
{
	const struct record *records = memory->cpus[cpu].records;
	const struct record *record = &records[position % RECORDS];
	const struct record *previous = &records[(position - 1) % RECORDS];
	static const __u8 loopback[16] = { [15] = 1 };
	char comm[16] = COMM;
	const char *wrong = NULL;

	if (record->sequence != position * 2 + 2)
		wrong = "sequence";
	else if (memcmp(record->comm, comm, sizeof(comm)))
		wrong = "comm";
	else if (!record->duration || record->duration >= record->time)
		wrong = "time or duration";
	else if (previous->sequence == position * 2 &&
		 (previous->time >= record->time || previous->cookie >= record->cookie))
		wrong = "order in time or cookie";
	else if (!record->pid || record->pid != record->tgid || record->uid)
		wrong = "task";
	else if (record->netns != own_netns() || !record->cookie)
		wrong = "namespace or cookie";
	else if (memcmp(record->source, loopback, sizeof(loopback)) || !(__u16)record->ports)
		wrong = "source";
	else if (memcmp(record->destination, loopback, sizeof(loopback)) ||
		 record->ports >> 16 != htons(PORT))
		wrong = "destination";
	else if (!memory->cgroup || record->cgroup != memory->cgroup << 16)
		wrong = "cgroup or error";
	else if (record->flags || record->parent)
		wrong = "flags, parent or overlaps";
	else if (!record->offset || record->verdict != (hashed ? VERDICT_MATCH : VERDICT_UNJUDGED))
		wrong = "offset or verdict";
	else if (record->expected != (hashed ? record->offset : 0))
		wrong = "expected offset";
	if (wrong)
		fail("record %llu of CPU %d has a wrong %s", position, cpu, wrong);
}

/* Checks the memory, and returns the number of calls. */
static __u64 seen(bool hashed)
{
	__u64 entered = 0, recorded = 0, verdicts = 0, durations = 0, rest = 0;
	struct memory *memory = calloc(1, sizeof(*memory));
	int fd = bpf_obj_get(pin("map", "memory"));
	__u64 position;
	__u32 key = 0;
	int cpu, i;

	if (!memory || fd < 0 || bpf_map_lookup_elem(fd, &key, memory))
		fail("cannot read the memory: %s", strerror(errno));
	close(fd);
	for (cpu = 0; cpu < CPUS; cpu++) {
		const struct cpu_memory *found = &memory->cpus[cpu];

		entered += found->entered;
		recorded += found->head;
		rest += found->no_start + found->v4_mapped;
		for (i = 0; i < VERDICTS; i++)
			verdicts += found->verdicts[i];
		for (i = 0; i < BUCKETS; i++)
			durations += found->durations[i];
		position = found->head > RECORDS ? found->head - RECORDS : 0;
		for (; position < found->head; position++)
			check(memory, cpu, position, hashed);
	}
	if (entered != recorded || verdicts != recorded || durations != recorded || rest)
		fail("entered %llu, recorded %llu, judged %llu, timed %llu, rest %llu",
		     entered, recorded, verdicts, durations, rest);
	free(memory);
	return recorded;
}

static void detach_all(struct bpf_object *object, bool hashed)
{
	bool records = bpf_object__find_program_by_name(object, "prepare");
	struct bpf_program *program;
	__u64 calls = 0;

	if (records)
		calls = seen(hashed);
	bpf_object__for_each_program(program, object) {
		if (!follows_calls(program))
			continue;
		if (misses(bpf_program__name(program)))
			fail("%llu calls are missed", misses(bpf_program__name(program)));
		if (unlink(pin("link", bpf_program__name(program))))
			fail("%s: %s", bpf_program__name(program), strerror(errno));
	}
	if (!records) {
		puts("-");
		return;
	}
	if (unlink(pin("map", "memory")))
		fail("cannot unpin the memory: %s", strerror(errno));
	printf("%llu\n", calls);
}

int main(int argc, char **argv)
{
	struct bpf_object *object;

	if (argc != 3)
		fail("usage: loader attach|detach OBJECT");
	object = bpf_object__open_file(argv[2], NULL);
	if (!object)
		fail("cannot open %s: %s", argv[2], strerror(errno));
	if (!strcmp(argv[1], "attach"))
		attach_all(object);
	else if (!strcmp(argv[1], "detach"))
		detach_all(object, strstr(argv[2], "hash"));
	else
		fail("unknown command '%s'", argv[1]);
	return 0;
}

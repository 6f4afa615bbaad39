// SPDX-License-Identifier: GPL-2.0
/*
 * loader attach OBJECT: loads a BPF object and attaches its programs, which stay attached.
 * loader detach OBJECT: detaches them. Of an object with the maps of record.h, prints the number of
 * calls that it has seen, if its counts and its records agree with each other and with the calls of
 * the bench. Of any other object, prints -.
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
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "record.h"

/* Links and maps are pinned here between the two commands. */
#define PINS "/sys/fs/bpf/bench"

/* The bench's connects: ::1, this port, and the program's name. */
#define PORT 7000
#define COMM "tsoffset-worklo"

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

static void attach_all(struct bpf_object *object)
{
	struct bpf_program *program;
	struct bpf_link *link;
	struct bpf_map *map;
	const char *name;

	if (bpf_object__load(object))
		fail("the kernel rejects the object");
	bpf_object__for_each_map(map, object) {
		if (bpf_map__is_internal(map))
			continue;
		if (bpf_map__pin(map, pin("map", bpf_map__name(map))))
			fail("cannot pin %s: %s", bpf_map__name(map), strerror(errno));
	}
	/*
	 * The exit first: a call in between has a return without a start, which is counted. The
	 * other order would leave a start without a return.
	 */
	program = NULL;
	while ((program = bpf_object__prev_program(object, program))) {
		name = bpf_program__name(program);
		link = bpf_program__attach(program);
		if (!link)
			fail("cannot attach %s: %s", name, strerror(errno));
		if (bpf_link__pin(link, pin("link", name)))
			fail("cannot pin the link of %s: %s", name, strerror(errno));
	}
}

/* Returns how often the kernel did not run a program, because the CPU ran it already. */
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

/* Reads the values of all CPUs. */
static void *values(const char *map, __u32 key, size_t size, int cpus)
{
	static void *found;
	int fd;

	free(found);
	/* The kernel rounds each value up to eight bytes. */
	found = calloc(cpus, (size + 7) & ~7UL);
	fd = bpf_obj_get(pin("map", map));
	if (!found || fd < 0 || bpf_map_lookup_elem(fd, &key, found))
		fail("cannot read %s: %s", map, strerror(errno));
	close(fd);
	return found;
}

/* Ends the program unless a record is that of one of the bench's connects. */
static void check(const struct record *record, __u64 position, int cpu, bool hashed)
{
	static const __u8 loopback[16] = { [15] = 1 };
	char comm[16] = COMM;
	const char *wrong = NULL;

	if (record->sequence != position * 2 + 2)
		wrong = "sequence";
	else if (memcmp(record->comm, comm, sizeof(comm)))
		wrong = "comm";
	else if (!record->time || !record->duration || record->duration >= record->time)
		wrong = "time or duration";
	else if (!record->pid || record->pid != record->tgid || record->uid)
		wrong = "task";
	else if (!record->netns || !record->cookie)
		wrong = "namespace or cookie";
	else if (memcmp(record->source, loopback, sizeof(loopback)) || !record->source_port)
		wrong = "source";
	else if (memcmp(record->destination, loopback, sizeof(loopback)) ||
		 record->destination_port != PORT)
		wrong = "destination";
	else if (record->error || record->flags || record->parent_low || record->parent_high)
		wrong = "error, flags or parent";
	else if (!record->offset || record->verdict != (hashed ? VERDICT_MATCH : VERDICT_UNJUDGED))
		wrong = "offset or verdict";
	else if (hashed && record->expected != record->offset)
		wrong = "expected offset";
	if (wrong)
		fail("record %llu of CPU %d has a wrong %s", position, cpu, wrong);
}

static __u64 seen(int cpus, bool hashed)
{
	struct counts sum = {}, all[cpus];
	__u64 verdicts = 0, durations = 0;
	int cpu, i;

	memcpy(all, values("counts", 0, sizeof(*all), cpus), sizeof(all));
	for (cpu = 0; cpu < cpus; cpu++) {
		sum.entered += all[cpu].entered;
		sum.returned += all[cpu].returned;
		sum.head += all[cpu].head;
		sum.no_room += all[cpu].no_room;
		sum.no_start += all[cpu].no_start;
		for (i = 0; i < VERDICTS; i++)
			verdicts += all[cpu].verdicts[i];
		for (i = 0; i < BUCKETS; i++)
			durations += all[cpu].durations[i];
		if (all[cpu].returned && !all[cpu].last_offset)
			fail("CPU %d has no last offset", cpu);
	}
	if (sum.entered != sum.returned || sum.head != sum.returned || verdicts != sum.returned ||
	    durations != sum.returned)
		fail("entered %llu, returned %llu, recorded %llu, judged %llu, timed %llu",
		     sum.entered, sum.returned, sum.head, verdicts, durations);
	if (sum.no_room || sum.no_start || misses("entered") || misses("returned"))
		fail("%llu calls without room, %llu without a start, %llu and %llu missed",
		     sum.no_room, sum.no_start, misses("entered"), misses("returned"));
	for (i = 0; i < RECORDS; i++) {
		const struct record *slots = values("records", i, sizeof(*slots), cpus);

		for (cpu = 0; cpu < cpus; cpu++) {
			/* The last position of this slot that the CPU has written. */
			__u64 last = all[cpu].head - 1 - ((all[cpu].head - 1 - i) & (RECORDS - 1));

			if ((__u64)i < all[cpu].head)
				check(&slots[cpu], last, cpu, hashed);
		}
	}
	return sum.returned;
}

static void detach_all(struct bpf_object *object, bool hashed)
{
	bool counts = bpf_object__find_map_by_name(object, "counts");
	struct bpf_program *program;
	__u64 calls = 0;
	struct bpf_map *map;

	if (counts)
		calls = seen(libbpf_num_possible_cpus(), hashed);
	bpf_object__for_each_program(program, object)
		if (unlink(pin("link", bpf_program__name(program))))
			fail("%s: %s", bpf_program__name(program), strerror(errno));
	bpf_object__for_each_map(map, object)
		if (!bpf_map__is_internal(map) && unlink(pin("map", bpf_map__name(map))))
			fail("%s: %s", bpf_map__name(map), strerror(errno));
	if (counts)
		printf("%llu\n", calls);
	else
		puts("-");
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

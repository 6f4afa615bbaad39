// SPDX-License-Identifier: GPL-2.0
// Each kind of access. The macros as include/asm-generic/rwonce.h and include/linux/compiler.h have them, in short.
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) do { *(volatile typeof(x) *)&(x) = (v); } while (0)
#define smp_store_release(p, v) do { __sync_synchronize(); WRITE_ONCE(*(p), v); } while (0)
#define data_race(e) ({ __kcsan_disable_current(); typeof(e) v_ = (e); __kcsan_enable_current(); v_; })
#define hidden(s, v) ((s)->in_macro = (v))
#define xchg(p, v) ({ volatile int *p_ = (volatile int *)(p); asm volatile("" : "+m" (*p_)); (v); })
void __kcsan_disable_current(void);
void __kcsan_enable_current(void);
void use(int *);
void *memcpy(void *, const void *, unsigned long);
struct inner { int deep; };
struct some {
	int plain, marked, released, raced, in_macro, through, counted, compound, taken, exchanged, sized, other;
	unsigned int bit : 1;
	union { int one; float two; };
	struct inner inner;
	int array[4];
	int *pointer;
};
struct not_asked { int plain; };
int read_all(struct some *s, struct not_asked *n)
{
	unsigned long size = sizeof(s->sized);
	typeof(s->other) other = 1;

	return s->plain + READ_ONCE(s->marked) + data_race(s->raced) + s->inner.deep + s->array[1] + s->bit + s->one + n->plain + size + other;
}
void write_all(struct some *s)
{
	int *local = &s->through;

	s->plain = 1;
	WRITE_ONCE(s->marked, 1);
	smp_store_release(&s->released, 1);
	hidden(s, 1);
	WRITE_ONCE(*local, 1);
	s->counted++;
	s->compound += 2;
	use(&s->taken);
	xchg(&s->exchanged, 1);
	s->bit = 1;
	s->one = 1;
	s->inner.deep = 1;
	s->array[1] = 2;
	*s->pointer = 3;
}

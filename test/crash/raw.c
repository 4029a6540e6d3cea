/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * raw.c - a program that executes a known number of flushes, fences and streaming stores of its
 * own
 *
 *	raw CASE FILE [ARGUMENT]
 *
 * FILE has 65536 bytes. Prints how many instructions of each kind it has executed, and the number
 * of bytes that it has streamed to FILE: "FLUSHES FENCES STREAMS BYTES". Exit status 1: a streaming
 * store did not store what it should. The cases are in the table at the end. Must run under
 * holdfast, which emulates instructions that the CPU lacks.
 *
 * Compiled with PLUGIN defined, this is a shared library with one flush and one fence.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef PLUGIN
void plugin_persist(void *line);

__attribute__((visibility("default"))) void plugin_persist(void *line)
{
	__asm__ volatile("clwb (%0)\n\tsfence" : : "r"(line) : "memory");
}
#else

#define TIMES   100
#define THREADS 8
#define SIZE    65536

static unsigned char *file;
static unsigned long flushes, fences, streams;
static unsigned long streamed; /* bytes that streaming stores wrote to the file */
static unsigned char source[64] __attribute__((__aligned__(64)));
static unsigned char outside[192] __attribute__((__aligned__(64), __used__));
static int wrong;

static void changed(unsigned long line)
{
	++*(volatile unsigned long *)(file + line * 64);
}

/* ---- flushes and fences: each flush writes back one cache line, in which a byte has changed */

#define FLUSH(text)                                                                                \
	do {                                                                                       \
		changed(10);                                                                       \
		__asm__ volatile(text                                                              \
				 :                                                                 \
				 : "a"(file + 640), "b"(file + 320), "c"(80L), "d"(file)           \
				 : "memory", "r9", "r10", "r12", "r13");                           \
		flushes++;                                                                         \
	} while (0)

#define FENCE(text)                                                                                \
	do {                                                                                       \
		__asm__ volatile(text : : : "memory");                                             \
		fences++;                                                                          \
	} while (0)

static void flush_and_fence(void)
{
	FLUSH("clwb (%%rax)");
	FENCE("sfence");
	FLUSH("clflushopt 320(%%rbx)");
	FLUSH("clflushopt (%%rdx,%%rcx,8)");
	FENCE("mfence");
	FLUSH("clwb -64(%%rax,%%rcx)");
	FLUSH(".byte 0x66; xsaveopt 4(%%rax)");
	FLUSH("mov %%rax, %%r12\n\tclwb (%%r12)");
	FLUSH("mov %%rax, %%r13\n\tclwb 0(%%r13)");
	FLUSH("mov %%rcx, %%r9\n\tlea -0x20000(%%rdx), %%r10\n\tclwb 0x20000(%%r10,%%r9,8)");
	FENCE("sfence");
	FLUSH("clflush 63(%%rax)");
	FLUSH("ds clflush (%%rbx,%%rcx,4)");
}

/*
 * Executes flush instructions that begin with a prefix, and jumps that skip this prefix. Programs
 * jump so if the CPU lacks the instruction with the prefix, such as CLFLUSHOPT; the one without the
 * prefix is CLFLUSH.
 */
static void passed_prefix(void)
{
	FLUSH(".byte 0x66\n1:\tclflush (%%rax)");
	FLUSH("jmp 1f\n\t.byte 0x66\n1:\tclflush (%%rax)");
	FLUSH("test %%rax, %%rax\n\tjnz 1f\n\t.byte 0x66\n1:\tclwb (%%rax)");
	FENCE("sfence");
}

/* ---- streaming stores: each must change exactly the bytes of its operand */

#define AT 1024 /* offset in the file to which streaming stores go */

static void prepare(void)
{
	for (unsigned i = 0; i < sizeof(source); i++)
		source[i] = (unsigned char)(i * 7 + streams + 1);
	memset(file + AT - 64, 0xee, 192);
	memset(outside, 0xee, sizeof(outside));
}

static void compare(const unsigned char *to, unsigned size)
{
	const unsigned char *area =
		to >= outside && to < outside + sizeof(outside) ? outside : file + AT - 64;

	for (const unsigned char *at = area; at < area + 192; at++) {
		size_t i = (size_t)(at - to);
		if (*at != (i < size ? source[i] : 0xee)) {
			fprintf(stderr, "raw: byte %td of stream %lu is wrong\n", at - area,
				streams);
			wrong = 1;
			break;
		}
	}
	streams++;
	streamed += area == outside ? 0 : size;
}

/*
 * Executes `load` and `store`. RSI is the address of the source, RDI the address of the file's byte
 * AT, and RCX is 8. `store` must write `size` bytes at the address RDI + `offset`.
 */
#define STREAM(load, store, offset, size)                                                          \
	do {                                                                                       \
		prepare();                                                                         \
		__asm__ volatile(load "\n\t" store                                                 \
				 :                                                                 \
				 : "S"(source), "D"(file + AT), "c"(8L)                            \
				 : "memory", "rax", "r8", "r11", "xmm0", "xmm1", "xmm2", "xmm9",   \
				 "xmm12", "xmm15");                                                \
		compare(file + AT + (offset), size);                                               \
	} while (0)

static void plain_streams(void)
{
	STREAM("mov (%%rsi), %%eax", "movnti %%eax, 4(%%rdi)", 4, 4);
	STREAM("mov (%%rsi), %%r11", "movnti %%r11, (%%rdi,%%rcx,2)", 16, 8);
	STREAM("mov (%%rsi), %%rax", "movdiri %%rax, 8(%%rdi)", 8, 8);
	STREAM("movq (%%rsi), %%mm3", "movntq %%mm3, 16(%%rdi)\n\temms", 16, 8);
	STREAM("movdqu (%%rsi), %%xmm9", "movntdq %%xmm9, 16(%%rdi)", 16, 16);
	STREAM("movdqu (%%rsi), %%xmm0", "movntps %%xmm0, (%%rdi)", 0, 16);
	STREAM("movdqu (%%rsi), %%xmm15", "movntpd %%xmm15, (%%rdi,%%rcx,4)", 32, 16);
	STREAM("movdqu (%%rsi), %%xmm1", "movntss %%xmm1, 12(%%rdi)", 12, 4);
	STREAM("movdqu (%%rsi), %%xmm2", "movntsd %%xmm2, 24(%%rdi)", 24, 8);
	STREAM("mov %%rdi, %%r8", "movdir64b (%%rsi), %%r8", 0, 64);
	STREAM("movdqu (%%rsi), %%xmm1\n\tpcmpeqd %%xmm2, %%xmm2\n\tpsrldq $11, %%xmm2",
		"maskmovdqu %%xmm2, %%xmm1", 0, 5);
}

static void wide_streams(void)
{
	if (__builtin_cpu_supports("avx")) {
		STREAM("vmovdqu (%%rsi), %%xmm1", "vmovntdq %%xmm1, 32(%%rdi)", 32, 16);
		STREAM("vmovdqu (%%rsi), %%ymm12", "vmovntdq %%ymm12, -32(%%rdi)", -32, 32);
		STREAM("vmovdqu (%%rsi), %%ymm1", "vmovntps %%ymm1, (%%rdi,%%rcx,4)", 32, 32);
		STREAM("vmovdqu (%%rsi), %%ymm15", "vmovntpd %%ymm15, (%%rdi)\n\tvzeroupper", 0,
			32);
	}
	if (__builtin_cpu_supports("avx512f")) {
		STREAM("vmovdqu64 (%%rsi), %%zmm31", "vmovntdq %%zmm31, 0x40(%%rdi)", 64, 64);
		STREAM("vmovdqu64 (%%rsi), %%zmm2", "vmovntps %%zmm2, -0x40(%%rdi)", -64, 64);
		STREAM("vmovdqu64 (%%rsi), %%zmm16", "vmovntpd %%zmm16, (%%rdi,%%rcx,8)", 64, 64);
		STREAM("vmovdqu64 (%%rsi), %%zmm17", "vmovntdq %%ymm17, 0x20(%%rdi)\n\tvzeroupper",
			32, 32);
	}
}

/* Makes streaming stores to memory outside of the file, which must not be counted. */
static void outside_streams(void)
{
	prepare();
	__asm__ volatile("mov (%0), %%rax\n\tmovnti %%rax, outside+72(%%rip)"
			 :
			 : "r"(source)
			 : "memory", "rax");
	compare(outside + 72, 8);
	prepare();
	__asm__ volatile("movdqu (%0), %%xmm1\n\tmovntdq %%xmm1, (%1)"
			 :
			 : "r"(source), "r"(outside + 64)
			 : "memory", "xmm1");
	compare(outside + 64, 16);
}

static void forms(void)
{
	for (unsigned i = 0; i < TIMES; i++) {
		flush_and_fence();
		passed_prefix();
		plain_streams();
		wide_streams();
		outside_streams();
	}
}

/* ---- threads, children, libraries and signals that execute flushes and fences */

static void persist(unsigned long line)
{
	changed(line);
	__asm__ volatile("clwb (%0)\n\tsfence" : : "r"(file + line * 64) : "memory");
	__atomic_add_fetch(&flushes, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&fences, 1, __ATOMIC_RELAXED);
}

static void *persist_many(void *line)
{
	for (unsigned i = 0; i < TIMES; i++)
		persist((unsigned long)line);
	return NULL;
}

static void threads(void)
{
	pthread_t thread[THREADS];

	for (unsigned long i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, persist_many, (void *)i);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

/*
 * Parent and child both execute flushes and fences; the parent adds the child's numbers to its own.
 */
static void forks(void)
{
	int status;
	pid_t child = fork();

	persist_many((void *)(unsigned long)(child ? 1 : 2));
	if (!child)
		_exit(0);
	waitpid(child, &status, 0);
	wrong |= status;
	flushes *= 2;
	fences *= 2;
}

static long counted, exchanged, compared;

/*
 * Executes locked instructions in many threads: they must have their normal effect although
 * breakpoints are set on them.
 */
static void *lock_many(void *unused)
{
	(void)unused;
	for (long i = 0; i < 40 * TIMES; i++) {
		long old, one = 1;
		__asm__ volatile("lock xadd %0, %1" : "+r"(one), "+m"(counted) : : "memory");
		__asm__ volatile("xchg %0, %1" : "+r"(one), "+m"(exchanged) : : "memory");
		do {
			old = *(volatile long *)&compared;
			one = old + 1;
		} while (!__sync_bool_compare_and_swap(&compared, old, one));
		__asm__ volatile("lock addq $0x12345678, %0" : "+m"(counted) : : "memory");
		__asm__ volatile("lock subq $0x12345678, %0" : "+m"(counted) : : "memory");
	}
	return NULL;
}

static void locked(void)
{
	pthread_t thread[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, lock_many, NULL);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	wrong |= counted != THREADS * 40 * TIMES || compared != counted || exchanged < 0;
	persist(1);
}

static volatile sig_atomic_t traps, handled;

static void on_trap(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	traps++;
	persist(3);
}

static void on_signal(int number)
{
	(void)number;
	handled++;
	persist(4);
}

/*
 * Executes flushes while the program handles SIGTRAP, and while all signals are blocked, in main()
 * and in a signal handler.
 */
static void signals(void)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO}, was;
	sigset_t all, but_one, before;

	sigfillset(&all);
	sigfillset(&but_one);
	sigdelset(&but_one, SIGUSR1);
	sigaction(SIGTRAP, &action, NULL);
	sigaction(SIGTRAP, NULL, &was);
	persist(1);
	raise(SIGTRAP);
	__asm__ volatile("int3");
	action = (struct sigaction){.sa_handler = on_signal, .sa_mask = all};
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	persist(2);
	raise(SIGUSR1);
	sigsuspend(&but_one);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGTRAP, SIG_IGN);
	raise(SIGTRAP);
	persist(5);
	wrong |= traps != 2 || handled != 2 || was.sa_sigaction != on_trap;
}

static void dies_by_trap(void)
{
	persist(1);
	__asm__ volatile("int3");
	exit(9);
}

static const char *argument;

static void plugin(void)
{
	for (unsigned i = 0; i < 2; i++) {
		void *library = dlopen(argument, RTLD_NOW);
		void (*call)(void *) =
			library ? (void (*)(void *))dlsym(library, "plugin_persist") : NULL;
		if (!call)
			exit(4);
		changed(i);
		call(file + i * 64);
		flushes++;
		fences++;
		dlclose(library);
	}
}

/*
 * Executes a flush on which no breakpoint can be set, and a flush in code that is generated at run
 * time.
 */
static void refused(void)
{
	static const unsigned char code[] = {0x0f, 0xae, 0x3f, 0xc3}; /* clflush (%rdi); ret */
	unsigned char *made =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	__asm__ volatile("clflush %%fs:0" : : : "memory");
	memcpy(made, code, sizeof(code));
	if (mprotect(made, 4096, PROT_READ | PROT_EXEC))
		exit(4);
	((void (*)(void *))made)(file);
	persist(1);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{"forms", forms},
	{"threads", threads},
	{"locked", locked},
	{"forks", forks},
	{"signals", signals},
	{"dies-by-trap", dies_by_trap},
	{"plugin", plugin},
	{"refused", refused},
};

int main(int argc, char *argv[])
{
	int fd = argc > 2 ? open(argv[2], O_RDWR) : -1;

	argument = argc > 3 ? argv[3] : "";
	file = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || file == MAP_FAILED)
		return 2;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name)) {
			cases[i].run();
			printf("%lu %lu %lu %lu\n", flushes, fences, streams, streamed);
			return wrong;
		}
	return 2;
}
#endif

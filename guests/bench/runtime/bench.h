/* What a workload gives to the runtime (bench.c), and what it gets from it. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

#define NOINLINE __attribute__((noinline, noclone))

/* The name on the marks, and the rounds of a full run: 1 to 3 seconds on QEMU's translator. */
extern const char bench_name[];
extern const uint32_t bench_rounds;

/* The work. What it returns depends on the count of rounds and on nothing else. */
uint32_t bench_run(uint32_t rounds);

/* Prints "note NAME VALUE" for the reader; no part of the checksum. */
void bench_note(const char *name, uint32_t value);

/* One step of a checksum: the multiplier is FNV's, the rotation brings its high bits down again. */
static inline uint32_t mix(uint32_t checksum, uint32_t value)
{
    checksum = (checksum ^ value) * 16777619u;
    return checksum << 7 | checksum >> 25;
}

/* Numbers that look random, the same each time (Marsaglia's xorshift, 13-17-5). */
static inline uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

#endif

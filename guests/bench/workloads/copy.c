/* copy: memory moved by loops, bytes and whole registers, forward and backward; no string instruction. */
#include <stddef.h>
#include "bench.h"

#define LENGTH 65536

const char bench_name[] = "copy";
const uint32_t bench_rounds = 5000;

static uint8_t source[LENGTH + 16] __attribute__((aligned(16)));
static uint8_t target[LENGTH + 16] __attribute__((aligned(16)));

static NOINLINE void copy_bytes(uint8_t *to, const uint8_t *from, size_t length)
{
    for (size_t i = 0; i < length; i++)
    {
        to[i] = from[i];
    }
}

static NOINLINE void copy_words(void *to, const void *from, size_t length)
{
    size_t *t = to;
    const size_t *f = from;
    for (size_t i = 0; i < length / sizeof(size_t); i++)
    {
        t[i] = f[i];
    }
}

static NOINLINE void move_up(uint8_t *data, size_t length)
{
    for (size_t i = length; i > 0; i--)
    {
        data[i] = data[i - 1];
    }
}

uint32_t bench_run(uint32_t rounds)
{
    uint32_t checksum = 1;
    while (rounds-- > 0)
    {
        for (uint32_t i = 0; i < 64; i++)
        {
            source[next_random(&checksum) % LENGTH] = (uint8_t)checksum;
        }

        copy_words(target, source, LENGTH);
        copy_words(source, target + 4, LENGTH);
        copy_bytes(target, source + 1, LENGTH);
        move_up(target, LENGTH / 2);
        copy_words(source, target, LENGTH);
        checksum = mix(checksum, source[checksum % LENGTH]) | 1;
    }

    return checksum;
}

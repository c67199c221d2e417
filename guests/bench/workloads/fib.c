/* fib: calls and returns, direct ones (Fibonacci numbers by their definition) and ones through a table. */
#include "bench.h"

const char bench_name[] = "fib";
const uint32_t bench_rounds = 600;

/* Without these the compiler makes loops of one of the two calls, or copies the function into itself. */
#define REAL_CALLS __attribute__((noinline, noclone, optimize("no-optimize-sibling-calls", "no-inline")))

static REAL_CALLS uint32_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static REAL_CALLS uint32_t add(uint32_t x)
{
    return x + 0x9E3779B9u;
}

static REAL_CALLS uint32_t turn(uint32_t x)
{
    return x << 5 | x >> 27;
}

static REAL_CALLS uint32_t flip(uint32_t x)
{
    return ~x;
}

static REAL_CALLS uint32_t triple(uint32_t x)
{
    return x * 3;
}

static uint32_t (*const volatile table[])(uint32_t) = {add, turn, flip, triple};

static NOINLINE uint32_t through_table(uint32_t x, uint32_t calls)
{
    for (uint32_t i = 0; i < calls; i++)
    {
        x = table[x >> 13 & 3](x) + i;
    }

    return x;
}

uint32_t bench_run(uint32_t rounds)
{
    uint32_t checksum = 0;
    while (rounds-- > 0)
    {
        checksum = through_table(mix(checksum, fib(23)), 75000);
    }

    return checksum;
}

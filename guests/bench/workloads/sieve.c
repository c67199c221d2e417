/* sieve: loads, stores, compares and short branches. Eratosthenes below a million, a byte for each odd number. */
#include "bench.h"

#define LIMIT 1000000

const char bench_name[] = "sieve";
const uint32_t bench_rounds = 500;

static uint8_t composite[LIMIT / 2]; /* entry i stands for the odd number 2 * i + 1 */

static NOINLINE uint32_t sieve(uint32_t checksum)
{
    for (uint32_t i = 0; i < LIMIT / 2; i++)
    {
        composite[i] = 0;
    }

    for (uint32_t i = 3; i * i < LIMIT; i += 2)
    {
        if (!composite[i / 2])
        {
            for (uint32_t multiple = i * i; multiple < LIMIT; multiple += 2 * i)
            {
                composite[multiple / 2] = 1;
            }
        }
    }

    uint32_t count = 1; /* the prime 2 */
    for (uint32_t i = 1; i < LIMIT / 2; i++)
    {
        count += !composite[i];
    }

    return mix(checksum, count);
}

uint32_t bench_run(uint32_t rounds)
{
    uint32_t checksum = 0;
    while (rounds-- > 0)
    {
        checksum = sieve(checksum);
    }

    return checksum;
}

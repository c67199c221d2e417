/* portout: thirty million writes to port 80h, the port of POST codes, which has no effect. */
#include "bench.h"

const char bench_name[] = "portout";
const uint32_t bench_rounds = 30000000;

uint32_t bench_run(uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds; i++)
    {
        out8(0x80, (uint8_t)i);
    }

    return rounds;
}

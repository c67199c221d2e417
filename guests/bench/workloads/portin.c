/* portin: thirty million reads of port 3FDh, the serial port's line status: 60h whenever it has nothing to do. */
#include "bench.h"

const char bench_name[] = "portin";
const uint32_t bench_rounds = 30000000;

uint32_t bench_run(uint32_t rounds)
{
    uint32_t checksum = 0;
    for (uint32_t i = 0; i < rounds; i++)
    {
        checksum += in8(0x3FD);
    }

    return checksum;
}

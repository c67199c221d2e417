/* crc32: a byte, a table, a shift; each step waits for the one before. The CRC of IEEE 802.3 over 64 KiB. */
#include "bench.h"

#define LENGTH 65536
#define POLYNOMIAL 0xEDB88320u

const char bench_name[] = "crc32";
const uint32_t bench_rounds = 4000;

static uint32_t table[256];
static uint8_t data[LENGTH];

static NOINLINE uint32_t crc32(uint32_t crc)
{
    crc = ~crc;
    for (uint32_t i = 0; i < LENGTH; i++)
    {
        crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xFF];
    }

    return ~crc;
}

uint32_t bench_run(uint32_t rounds)
{
    for (uint32_t i = 0; i < 256; i++)
    {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
        {
            value = value >> 1 ^ (POLYNOMIAL & -(value & 1));
        }

        table[i] = value;
    }

    uint32_t random = 1;
    for (uint32_t i = 0; i < LENGTH; i++)
    {
        data[i] = (uint8_t)next_random(&random);
    }

    uint32_t crc = 0;
    while (rounds-- > 0)
    {
        crc = crc32(crc);
    }

    return crc;
}

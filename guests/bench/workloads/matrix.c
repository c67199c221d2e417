/* matrix: integer multiplication in nested loops: a product of 32-bit matrices, and a convolution of bytes. */
#include "bench.h"

#define SIZE 96

const char bench_name[] = "matrix";
const uint32_t bench_rounds = 600;

static uint32_t a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];
static uint8_t picture[SIZE][SIZE];

static NOINLINE void multiply(void)
{
    for (int i = 0; i < SIZE; i++)
    {
        for (int j = 0; j < SIZE; j++)
        {
            uint32_t sum = 0;
            for (int k = 0; k < SIZE; k++)
            {
                sum += a[i][k] * b[k][j];
            }

            c[i][j] = sum;
        }
    }
}

static NOINLINE uint32_t convolve(uint32_t checksum)
{
    for (int y = 1; y < SIZE - 1; y++)
    {
        for (int x = 1; x < SIZE - 1; x++)
        {
            int sum = 4 * picture[y][x];
            sum += 2 * (picture[y][x - 1] + picture[y][x + 1] + picture[y - 1][x] + picture[y + 1][x]);
            sum += picture[y - 1][x - 1] + picture[y - 1][x + 1] + picture[y + 1][x - 1] + picture[y + 1][x + 1];
            checksum += (uint32_t)(sum >> 4) * (uint32_t)x;
        }
    }

    return checksum;
}

uint32_t bench_run(uint32_t rounds)
{
    uint32_t random = 1;
    for (int i = 0; i < SIZE; i++)
    {
        for (int j = 0; j < SIZE; j++)
        {
            a[i][j] = next_random(&random);
            b[i][j] = next_random(&random);
            picture[i][j] = (uint8_t)next_random(&random);
        }
    }

    uint32_t checksum = 0;
    while (rounds-- > 0)
    {
        multiply();
        checksum = convolve(mix(checksum, c[checksum % SIZE][7]));
        a[checksum % SIZE][checksum / 128 % SIZE] = checksum; /* or all rounds would be alike */
        picture[checksum % SIZE][checksum / 128 % SIZE] = (uint8_t)checksum;
    }

    return checksum;
}

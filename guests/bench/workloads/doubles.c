/*
 * doubles: a product of matrices of doubles, its LU decomposition, and a chain of divisions and sums.
 *
 * Built twice: "doubles" with SSE2 arithmetic, "x87" with that of the x87, which rounds at other places
 * (registers have 64 bits of significand), so the two checksums differ. Each is the same on every processor.
 */
#include "bench.h"

#define SIZE 48

#ifdef USE_X87
const char bench_name[] = "x87";
const uint32_t bench_rounds = 100;
#else
const char bench_name[] = "doubles";
const uint32_t bench_rounds = 900;
#endif

static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

static uint32_t mix_double(uint32_t checksum, const double *value)
{
    union
    {
        double number;
        uint32_t words[2];
    } bits = {.number = *value};
    return mix(mix(checksum, bits.words[0]), bits.words[1]);
}

static NOINLINE void multiply(void)
{
    for (int i = 0; i < SIZE; i++)
    {
        for (int j = 0; j < SIZE; j++)
        {
            double sum = 0;
            for (int k = 0; k < SIZE; k++)
            {
                sum += a[i][k] * b[k][j];
            }

            c[i][j] = sum;
        }

        c[i][i] += SIZE; /* so that no pivot comes near to zero */
    }
}

static NOINLINE void decompose(void)
{
    for (int k = 0; k < SIZE; k++)
    {
        for (int i = k + 1; i < SIZE; i++)
        {
            double factor = c[i][k] / c[k][k];
            c[i][k] = factor;
            for (int j = k + 1; j < SIZE; j++)
            {
                c[i][j] -= factor * c[k][j];
            }
        }
    }
}

/* pi after Leibniz: every term waits for nothing but the sum. */
static NOINLINE void add_series(double *sum, int terms)
{
    double total = 0;
    double sign = 4;
    for (int i = 0; i < terms; i++)
    {
        total += sign / (2 * i + 1);
        sign = -sign;
    }

    *sum = total;
}

uint32_t bench_run(uint32_t rounds)
{
    uint32_t random = 1;
    for (int i = 0; i < SIZE; i++)
    {
        for (int j = 0; j < SIZE; j++)
        {
            a[i][j] = (double)(int)(next_random(&random) % 2000) / 2000 - 0.5;
            b[i][j] = (double)(int)(next_random(&random) % 2000) / 2000 - 0.5;
        }
    }

    uint32_t checksum = 0;
    double sum;
    while (rounds-- > 0)
    {
        multiply();
        decompose();
        add_series(&sum, 10000 + (int)(checksum % 16));
        checksum = mix_double(mix_double(checksum, &sum), &c[checksum % SIZE][SIZE - 1]);
        a[checksum % SIZE][checksum / 64 % SIZE] = (double)(int)(checksum % 1000) / 1000 - 0.5;
    }

    return checksum;
}

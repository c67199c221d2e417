/* strings: REP MOVS, STOS, SCAS and CMPS over short and long pieces, and a loop of LODS, as old libraries do it. */
#include <stddef.h>
#include "bench.h"

#define LENGTH 65536
#define SHORT 48

const char bench_name[] = "strings";
const uint32_t bench_rounds = 5000;

static uint8_t first[LENGTH] __attribute__((aligned(16)));
static uint8_t second[LENGTH] __attribute__((aligned(16)));

static inline void movs_bytes(void *to, const void *from, size_t count)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

static inline void movs_dwords(void *to, const void *from, size_t count)
{
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

static inline void stos_bytes(void *to, uint8_t value, size_t count)
{
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
}

static inline void stos_dwords(void *to, uint32_t value, size_t count)
{
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(value) : "memory");
}

/* How many bytes there are before the first one with this value. */
static inline size_t scas(const uint8_t *from, uint8_t value, size_t count)
{
    size_t left = count;
    const uint8_t *at = from;
    __asm__ volatile("repne scasb" : "+D"(at), "+c"(left) : "a"(value) : "cc", "memory");
    return (size_t)(at - from) - 1;
}

/* How many bytes two pieces have in common at their begin, and one more when they differ. */
static inline size_t cmps(const void *one, const void *other, size_t count)
{
    size_t left = count;
    __asm__ volatile("cmp %0, %0; repe cmpsb" : "+c"(left), "+S"(one), "+D"(other) : : "cc", "memory");
    return count - left;
}

static inline uint32_t sum_by_lods(const void *from, size_t count)
{
    uint32_t sum = 0;
    uint32_t value;
    __asm__ volatile("1: lodsl; add %%eax, %0; dec %1; jnz 1b"
                     : "+r"(sum), "+r"(count), "+S"(from), "=&a"(value) : : "cc", "memory");
    return sum;
}

static NOINLINE uint32_t long_pieces(uint32_t checksum)
{
    stos_dwords(first, checksum, LENGTH / 4);
    movs_dwords(second, first, LENGTH / 4);
    stos_bytes(first + 100, (uint8_t)(checksum | 1), 20000);
    movs_bytes(second + 1000, first, 30001);
    second[50000] = (uint8_t)~checksum;
    checksum = mix(checksum, (uint32_t)scas(second + 31001, second[50000], 20000));
    checksum = mix(checksum, (uint32_t)cmps(first + 31008, second + 31008, 30000));
    return mix(checksum, sum_by_lods(second, 4096));
}

static NOINLINE uint32_t short_pieces(uint32_t checksum)
{
    for (size_t i = 0; i < 200; i++)
    {
        uint8_t *text = first + SHORT * i;
        stos_bytes(text, (uint8_t)('a' + i % 26), SHORT - 1);
        text[20 + checksum % 27] = 0;
        size_t length = scas(text, 0, SHORT);
        movs_bytes(second + SHORT * i, text, length + 1);
        checksum = mix(checksum, (uint32_t)(length + cmps(text, second + SHORT * i, length + 1)));
        movs_dwords(text, second + SHORT * i, SHORT / 4);
    }

    return checksum;
}

uint32_t bench_run(uint32_t rounds)
{
    uint32_t checksum = 1;
    while (rounds-- > 0)
    {
        checksum = short_pieces(long_pieces(checksum));
    }

    return checksum;
}

/*
 * smc: code that changes before each run. A short function gets new immediates and other operations and is called;
 * a loop writes into its own next instruction; data lies on the page of code.
 */
#include "bench.h"

#define CHANGES 1000 /* in a round */

const char bench_name[] = "smc";
const uint32_t bench_rounds = 60;

/* add eax, imm32; xor eax, imm32; sub eax, imm32; ret - and behind it a word of data. */
static struct
{
    uint8_t bytes[16];
    uint32_t data;
} code __attribute__((aligned(32))) = {.bytes = {0x05, 0, 0, 0, 0, 0x35, 0, 0, 0, 0, 0x2D, 0, 0, 0, 0, 0xC3}};

static inline void set_immediate(uint32_t at, uint32_t value)
{
    *(volatile uint32_t __attribute__((aligned(1), may_alias)) *)(code.bytes + at) = value;
}

static NOINLINE uint32_t call_changed(uint32_t value)
{
    static const uint8_t operations[4] = {0x05, 0x35, 0x2D, 0x0D}; /* add, xor, sub, or */
    for (uint32_t i = 0; i < CHANGES; i++)
    {
        set_immediate(1, value);
        set_immediate(6, i * 0x01010101);
        *(volatile uint8_t *)(code.bytes + 10) = operations[i % 4];
        *(volatile uint32_t *)&code.data += value;
        __asm__ volatile("call *%1" : "+a"(value) : "r"(code.bytes) : "cc", "memory");
        value = value << 1 | value >> 31;
    }

    return value;
}

/* The immediate of the addition is the sum of the round before. */
static NOINLINE uint32_t change_itself(uint32_t value)
{
    uintptr_t count = CHANGES;
    __asm__ volatile(
        "1: .byte 0x05\n" /* add eax, imm32 */
        "2: .long 1\n"
        "rol $3, %%eax\n"
        "mov %%eax, 2b\n"
        "dec %1\n"
        "jnz 1b\n"
        : "+a"(value), "+r"(count) : : "cc", "memory");
    return value;
}

uint32_t bench_run(uint32_t rounds)
{
    uint32_t checksum = 1;
    while (rounds-- > 0)
    {
        checksum = change_itself(call_changed(checksum));
    }

    return mix(checksum, code.data);
}

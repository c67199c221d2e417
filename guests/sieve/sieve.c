/*
 * sieve: the primes below a million, ten times
 *
 * Shows    Plain 32-bit code from a compiler: loops, loads, stores, compares and branches. Nothing of
 *          it leaves the processor, so it measures how fast an emulator executes.
 * How      The sieve of Eratosthenes with one byte for each odd number. Every round starts afresh and
 *          must count the same primes. About 80 million instructions in all.
 * Read     Intel SDM volume 1, "Addressing Memory" (the base + index * scale forms that the compiler
 *          uses); look at the loops with "objdump -d sieve.elf".
 * Expect   78498 primes, the largest 999983; then power-off.
 * Build    see build.sh (gcc -m32, linked with multiboot.ld)
 */
#include <stdint.h>

#define COM1 0x3F8
#define COM1_LSR (COM1 + 5)
#define LSR_THRE 0x20
#define LSR_TEMT 0x40
#define POWER_PORT 0x604
#define POWER_OFF 0x2000

#define LIMIT 1000000
#define ROUNDS 10

/* The multiboot header, and the entry: no stack is given, so take one of our own. */
__asm__(
    ".section .multiboot, \"a\"\n"
    "    .align 4\n"
    "    .long 0x1BADB002, 0, -0x1BADB002\n"
    ".text\n"
    ".global start\n"
    "start:\n"
    "    cli\n"
    "    cld\n"
    "    mov $stack_top, %esp\n"
    "    call guest_main\n"
    "1:  hlt\n"
    "    jmp 1b\n"
    ".lcomm stack, 16384\n"
    ".set stack_top, stack + 16384\n");

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void serial_init(void)
{
    out8(COM1 + 1, 0);    /* polled */
    out8(COM1 + 3, 0x80); /* divisor 1: 115200 baud */
    out8(COM1 + 0, 1);
    out8(COM1 + 1, 0);
    out8(COM1 + 3, 0x03); /* 8N1 */
    out8(COM1 + 2, 0x07); /* FIFOs on and empty */
}

static void put_char(char c)
{
    while ((in8(COM1_LSR) & LSR_THRE) == 0)
    {
    }

    out8(COM1, (uint8_t)c);
}

static void put_string(const char *s)
{
    while (*s != 0)
    {
        put_char(*s++);
    }
}

static void put_decimal(uint32_t value)
{
    char digits[10];
    int count = 0;
    do
    {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);

    while (count > 0)
    {
        put_char(digits[--count]);
    }
}

/* Waits until the last byte has left: an abrupt end would lose it. */
static void drain(void)
{
    while ((in8(COM1_LSR) & LSR_TEMT) == 0)
    {
    }
}

static void power_off(void)
{
    drain();
    out16(POWER_PORT, POWER_OFF);
    for (;;)
    {
        __asm__ volatile("cli; hlt");
    }
}

static uint8_t composite[LIMIT / 2]; /* entry i stands for the odd number 2 * i + 1 */

static uint32_t sieve(uint32_t *largest)
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
        if (!composite[i])
        {
            count++;
            *largest = 2 * i + 1;
        }
    }

    return count;
}

void guest_main(void)
{
    serial_init();
    uint32_t largest = 0;
    uint32_t count = sieve(&largest);
    uint32_t same = 1;
    for (uint32_t round = 1; round < ROUNDS; round++)
    {
        same += sieve(&largest) == count;
    }

    put_string("primes below ");
    put_decimal(LIMIT);
    put_string(": ");
    put_decimal(count);
    put_string("\r\nthe largest: ");
    put_decimal(largest);
    put_string("\r\nrounds that agree: ");
    put_decimal(same);
    put_string("\r\n");
    power_off();
}

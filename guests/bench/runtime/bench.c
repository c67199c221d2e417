/*
 * What all benchmarks share: the marks on the serial port, the count of rounds, and the way out.
 *
 *     begin sieve-32 rounds=150
 *     end sieve-32 checksum=9e3779b9
 *
 * Whoever measures takes the time between the two lines. "rounds=N" on the multiboot command line replaces
 * the full run's count: that is how the tests run every benchmark quickly.
 */
#include "bench.h"

#define COM1 0x3F8
#define COM1_LSR (COM1 + 5)
#define LSR_THRE 0x20
#define LSR_TEMT 0x40
#define POWER_PORT 0x604 /* ACPI's PM1a control register on QEMU's board and on ours */
#define POWER_OFF 0x2000
#define BOCHS_PORT 0x8900 /* Bochs ends when it reads "Shutdown" here */
#define DEBUG_EXIT_PORT 0xF4

#define MULTIBOOT_HAS_COMMAND_LINE (1u << 2)

struct multiboot_info
{
    uint32_t flags;
    uint32_t memory[2];
    uint32_t boot_device;
    uint32_t command_line;
};

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

static void put_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4)
    {
        put_char("0123456789abcdef"[value >> shift & 15]);
    }
}

/* Ends a line, and waits until it has left: no part of it is measured, and an abrupt end loses nothing. */
static void end_line(void)
{
    put_string("\r\n");
    while ((in8(COM1_LSR) & LSR_TEMT) == 0)
    {
    }
}

static void put_mark(const char *mark)
{
    put_string(mark);
    put_string(bench_name);
    put_string(sizeof(void *) == 8 ? "-64" : "-32");
}

void bench_note(const char *name, uint32_t value)
{
    put_string("note ");
    put_string(name);
    put_char(' ');
    put_decimal(value);
    end_line();
}

/* The number behind "rounds=" at the begin of a word, or a full run's. */
static uint32_t wanted_rounds(const struct multiboot_info *info)
{
    static const char key[] = "rounds=";
    if ((info->flags & MULTIBOOT_HAS_COMMAND_LINE) == 0)
    {
        return bench_rounds;
    }

    for (const char *word = (const char *)(uintptr_t)info->command_line; *word != 0; word++)
    {
        int i = 0;
        while (key[i] != 0 && word[i] == key[i])
        {
            i++;
        }

        if (key[i] == 0)
        {
            uint32_t rounds = 0;
            for (const char *digit = word + i; *digit >= '0' && *digit <= '9'; digit++)
            {
                rounds = rounds * 10 + (uint32_t)(*digit - '0');
            }

            return rounds;
        }
    }

    return bench_rounds;
}

/* Each machine has its own way; those it does not know fall on no device. */
static void power_off(void)
{
    out16(POWER_PORT, POWER_OFF);
    for (const char *s = "Shutdown"; *s != 0; s++)
    {
        out8(BOCHS_PORT, (uint8_t)*s);
    }

    out8(DEBUG_EXIT_PORT, 0);
    for (;;)
    {
        __asm__ volatile("cli; hlt");
    }
}

void bench_main(const struct multiboot_info *info)
{
    uint32_t rounds = wanted_rounds(info);
    serial_init();
    put_mark("begin ");
    put_string(" rounds=");
    put_decimal(rounds);
    end_line();

    uint32_t checksum = bench_run(rounds);

    put_mark("end ");
    put_string(" checksum=");
    put_hex(checksum);
    end_line();
    power_off();
}

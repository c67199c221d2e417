/*
 * verdict: a guest that tells its host whether it passed
 *
 * Shows    How a guest made for a test harness ends: it runs its checks, prints each result, and writes
 *          a value to the debug-exit port, which ends the virtual machine with a status of that value.
 * How      The device at port F4h makes the process end with (value << 1) | 1. Value 10h means passed
 *          (status 33), 11h failed (35): small numbers are left to the emulator itself. Where there is
 *          no such device the write does nothing, and the guest powers off instead (status 0).
 * Read     Intel SDM volume 2, the pages of the instructions that are checked; QEMU's documentation of
 *          isa-debug-exit.
 * Expect   Eight checks, "PASS", and status 33 (kvmsharp run --debug-exit on).
 * Build    see build.sh (gcc -m32, linked with multiboot.ld)
 */
#include <stdint.h>

#define COM1 0x3F8
#define COM1_LSR (COM1 + 5)
#define LSR_THRE 0x20
#define LSR_TEMT 0x40
#define POWER_PORT 0x604
#define POWER_OFF 0x2000

#define DEBUG_EXIT_PORT 0xF4
#define PASSED 0x10
#define FAILED 0x11

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

/* Each check hides its inputs from the compiler, which would otherwise work out the result itself. */
static uint32_t opaque(uint32_t value)
{
    __asm__ volatile("" : "+r"(value));
    return value;
}

static int check_add_with_carry(void)
{
    uint32_t low = opaque(0xFFFFFFFF), high = opaque(0x00000001);
    __asm__("addl $1, %0; adcl $0x7FFFFFFF, %1" : "+r"(low), "+r"(high) : : "cc");
    return low == 0 && high == 0x80000001;
}

static int check_multiply(void)
{
    uint64_t product = (uint64_t)opaque(0xDEADBEEF) * opaque(0x12345678);
    return product == 0x0FD5BDEE5621CA08;
}

static int check_signed_divide(void)
{
    int32_t dividend = (int32_t)opaque((uint32_t)-1000), divisor = (int32_t)opaque(7);
    return dividend / divisor == -142 && dividend % divisor == -6;
}

static int check_double_shift(void)
{
    uint32_t value = opaque(0x12345678);
    __asm__("shldl $12, %1, %0" : "+r"(value) : "r"(opaque(0xABCDEF01)) : "cc");
    return value == 0x45678ABC;
}

static int check_bit_scan(void)
{
    uint32_t first, last;
    __asm__("bsfl %1, %0" : "=r"(first) : "r"(opaque(0x00F00800)) : "cc");
    __asm__("bsrl %1, %0" : "=r"(last) : "r"(opaque(0x00F00800)) : "cc");
    return first == 11 && last == 23;
}

static int check_byte_swap(void)
{
    uint32_t value = opaque(0x01020304);
    __asm__("bswap %0" : "+r"(value));
    return value == 0x04030201;
}

static int check_compare_exchange(void)
{
    uint32_t cell = opaque(5), old = 5;
    uint8_t first, second;
    __asm__("lock cmpxchgl %3, %0; sete %2" : "+m"(cell), "+a"(old), "=q"(first) : "r"(9) : "cc");
    __asm__("lock cmpxchgl %3, %0; sete %2" : "+m"(cell), "+a"(old), "=q"(second) : "r"(7) : "cc");
    return first && !second && cell == 9 && old == 9; /* the second one found 9, not 5 */
}

static int check_conditional_move(void)
{
    uint32_t smaller = opaque(200);
    __asm__("cmpl %1, %0; cmovgel %1, %0" : "+r"(smaller) : "r"(opaque((uint32_t)-3)) : "cc");
    return smaller == (uint32_t)-3;
}

static const struct
{
    const char *name;
    int (*run)(void);
} checks[] = {
    { "add with carry", check_add_with_carry },
    { "multiply", check_multiply },
    { "signed divide", check_signed_divide },
    { "double shift", check_double_shift },
    { "bit scan", check_bit_scan },
    { "byte swap", check_byte_swap },
    { "compare and exchange", check_compare_exchange },
    { "conditional move", check_conditional_move },
};

void guest_main(void)
{
    serial_init();
    int passed = 1;
    for (uint32_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
    {
        int ok = checks[i].run();
        passed &= ok;
        put_string(ok ? "ok      " : "NOT OK  ");
        put_string(checks[i].name);
        put_string("\r\n");
    }

    put_string(passed ? "PASS\r\n" : "FAIL\r\n");
    drain();
    out8(DEBUG_EXIT_PORT, passed ? PASSED : FAILED);
    power_off();
}

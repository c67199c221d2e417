/*
 * tasks: a preemptive kernel with two tasks
 *
 * Shows    What makes multitasking: a timer interrupt, a stack for each task, and a switch of stacks
 *          inside the handler. The tasks do not know of each other and never yield.
 * How      IRQ 0 (PIT, 1000 Hz) enters tick(): it pushes the eight registers on the stack of whoever
 *          runs, hands the stack pointer to the scheduler, and goes on with the one it gets back: POPA
 *          and IRET then continue another task. A new task gets a stack that looks as if it had been
 *          interrupted before its first instruction. Each task computes the same checksum again and
 *          again until it has been preempted five times, so the output does not depend on speed; one
 *          register or flag lost in a switch would spoil a checksum.
 * Read     Intel SDM volume 3, "Exception- or Interrupt-Handler Procedures" (the frame) and "IDT
 *          Descriptors"; Intel 8259A datasheet, "Initialization Command Words"; 8254 datasheet, "Mode 2".
 * Expect   One line from each task, one from the kernel; then power-off.
 * Build    see build.sh (gcc -m32, linked with multiboot.ld)
 */
#include <stdint.h>

#define COM1 0x3F8
#define COM1_LSR (COM1 + 5)
#define LSR_THRE 0x20
#define LSR_TEMT 0x40
#define POWER_PORT 0x604
#define POWER_OFF 0x2000

#define PIC1 0x20
#define PIC2 0xA0
#define PIC_EOI 0x20
#define TIMER_VECTOR 0x20
#define PIT_COUNTER0 0x40
#define PIT_CONTROL 0x43
#define PIT_DIVISOR 1193 /* 1193182 Hz / 1193: about 1000 Hz */

#define CODE 0x08
#define DATA 0x10
#define EFLAGS_IF 0x202 /* interrupts on; bit 1 is always 1 */

#define TASKS 3 /* the kernel itself is task 0 */
#define STACK_WORDS 1024
#define PREEMPTIONS 5

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

/* The handler of IRQ 0. schedule() takes the stack pointer of one task and returns that of another. */
__asm__(
    ".text\n"
    "tick:\n"
    "    pusha\n"
    "    cld\n"
    "    push %esp\n"
    "    call schedule\n"
    "    mov %eax, %esp\n"
    "    popa\n"
    "    iret\n");

extern void tick(void);

struct task
{
    uint32_t *stack_pointer;
    volatile uint32_t preempted;
    volatile uint32_t finished;
    volatile uint32_t wrong;
};

static struct task tasks[TASKS];
static uint32_t stacks[TASKS][STACK_WORDS];
static uint32_t current;
static uint64_t idt[TIMER_VECTOR + 1];
static uint64_t gdt[] = { 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF };

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

static void load_tables(void)
{
    struct
    {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) gdtr = { sizeof gdt - 1, (uint32_t)gdt }, idtr = { sizeof idt - 1, (uint32_t)idt };

    uint32_t handler = (uint32_t)tick; /* an interrupt gate: offset in two halves, selector, present */
    idt[TIMER_VECTOR] = (uint64_t)(handler >> 16) << 48 | 0x8E00ull << 32 | (uint32_t)CODE << 16 | (handler & 0xFFFF);

    __asm__ volatile(
        "lgdt %0\n"
        "lidt %1\n"
        "ljmp %2, $1f\n"
        "1: mov %3, %%ds\n"
        "mov %3, %%es\n"
        "mov %3, %%ss\n"
        : : "m"(gdtr), "m"(idtr), "i"(CODE), "r"(DATA) : "memory");
}

static void start_timer(void)
{
    out8(PIC1, 0x11); /* ICW1: edge-triggered, cascaded, ICW4 follows */
    out8(PIC2, 0x11);
    out8(PIC1 + 1, TIMER_VECTOR); /* ICW2: first vector */
    out8(PIC2 + 1, TIMER_VECTOR + 8);
    out8(PIC1 + 1, 0x04); /* ICW3: the slave is on line 2 */
    out8(PIC2 + 1, 0x02);
    out8(PIC1 + 1, 0x01); /* ICW4: 8086 mode */
    out8(PIC2 + 1, 0x01);
    out8(PIC1 + 1, 0xFE); /* only IRQ 0 is open */
    out8(PIC2 + 1, 0xFF);

    out8(PIT_CONTROL, 0x34); /* counter 0, low then high byte, mode 2 */
    out8(PIT_COUNTER0, PIT_DIVISOR & 0xFF);
    out8(PIT_COUNTER0, PIT_DIVISOR >> 8);
}

/* Called by tick() with interrupts off. Round robin: everybody gets one tick. */
__attribute__((used)) static uint32_t *schedule(uint32_t *stack_pointer)
{
    out8(PIC1, PIC_EOI);
    tasks[current].stack_pointer = stack_pointer;
    tasks[current].preempted++;
    current = (current + 1) % TASKS;
    return tasks[current].stack_pointer;
}

static void create_task(uint32_t number, void (*body)(void))
{
    uint32_t *top = &stacks[number][STACK_WORDS];
    *--top = EFLAGS_IF;
    *--top = CODE;
    *--top = (uint32_t)body;
    top -= 8; /* what POPA will load: zeros */
    tasks[number].stack_pointer = top;
}

/* A Fletcher-like sum in which every step depends on the last one. */
static uint32_t checksum(uint32_t seed)
{
    uint32_t low = seed, high = 0;
    for (uint32_t i = 0; i < 10000; i++)
    {
        low += i ^ high;
        high = (high << 7 | high >> 25) + low;
    }

    return high ^ low;
}

static void work(uint32_t number)
{
    uint32_t expected = checksum(number);
    while (tasks[number].preempted < PREEMPTIONS)
    {
        tasks[number].wrong += checksum(number) != expected;
    }

    while (!tasks[number - 1].finished)
    {
        __asm__ volatile("hlt"); /* its turn to print comes later; the timer wakes it */
    }

    put_string("task ");
    put_decimal(number);
    put_string(tasks[number].wrong == 0 ? ": preempted, all checksums agree: " : ": preempted, CHECKSUMS DIFFER: ");
    put_decimal(expected);
    put_string("\r\n");
    tasks[number].finished = 1;
    for (;;)
    {
        __asm__ volatile("hlt");
    }
}

static void first_task(void)
{
    work(1);
}

static void second_task(void)
{
    work(2);
}

void guest_main(void)
{
    serial_init();
    load_tables();
    create_task(1, first_task);
    create_task(2, second_task);
    put_string("kernel: starting two tasks\r\n");
    tasks[0].finished = 1; /* the kernel has printed: task 1 may */
    start_timer();
    __asm__ volatile("sti" : : : "memory");

    while (!tasks[2].finished)
    {
        __asm__ volatile("hlt"); /* from here on the kernel is the idle task */
    }

    __asm__ volatile("cli" : : : "memory");
    int both = tasks[1].preempted >= PREEMPTIONS && tasks[2].preempted >= PREEMPTIONS;
    put_string(both ? "kernel: both were preempted\r\n" : "kernel: a task was NOT preempted\r\n");
    power_off();
}

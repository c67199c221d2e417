/*
 * timer: a busy loop that the timer interrupts a thousand times a second. The loop's work is fixed, so the
 * checksum does not depend on how many interrupts there were; a note tells that.
 */
#include "bench.h"
#include "system.h"

#define PIC1 0x20
#define PIC2 0xA0
#define PIC_VECTOR 0x20
#define PIT_COUNTER 0x40
#define PIT_MODE 0x43
#define PIT_DIVISOR 1193 /* of 1193182 Hz: 1 kHz */
#define STEPS 1000000    /* of the loop in a round */

const char bench_name[] = "timer";
const uint32_t bench_rounds = 600;

void timer_entry(void);

volatile uint32_t ticks;
static uint8_t kernel_stack[16]; /* nothing comes from ring 3 */

__asm__(
    ".text\n"
    "timer_entry:\n"
    "    push %eax\n"
    "    incl ticks\n"
    "    mov $0x20, %al\n" /* end of interrupt */
    "    out %al, $0x20\n"
    "    pop %eax\n"
    "    iret\n");

static void start_timer(void)
{
    out8(PIC1, 0x11); /* edge-triggered, two chips, ICW4 follows */
    out8(PIC2, 0x11);
    out8(PIC1 + 1, PIC_VECTOR);
    out8(PIC2 + 1, PIC_VECTOR + 8);
    out8(PIC1 + 1, 4);
    out8(PIC2 + 1, 2);
    out8(PIC1 + 1, 1);
    out8(PIC2 + 1, 1);
    out8(PIC1 + 1, 0xFE); /* the timer alone */
    out8(PIC2 + 1, 0xFF);
    out8(PIT_MODE, 0x34); /* counter 0, both bytes, mode 2 */
    out8(PIT_COUNTER, PIT_DIVISOR & 0xFF);
    out8(PIT_COUNTER, PIT_DIVISOR >> 8);
}

static NOINLINE uint32_t work(uint32_t random)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < STEPS; i++)
    {
        sum += next_random(&random);
    }

    return random ^ sum;
}

uint32_t bench_run(uint32_t rounds)
{
    load_tables(kernel_stack + sizeof kernel_stack);
    set_gate(PIC_VECTOR, timer_entry, KERNEL_GATE);
    start_timer();
    __asm__ volatile("sti");
    uint32_t checksum = 1;
    while (rounds-- > 0)
    {
        checksum = mix(work(checksum), 1) | 1;
    }

    while (ticks == 0)
    {
        __asm__ volatile("hlt");
    }

    __asm__ volatile("cli");
    bench_note("ticks", ticks);
    return checksum;
}

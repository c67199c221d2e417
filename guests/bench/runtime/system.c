/* The descriptor tables of a 32-bit machine: flat segments for two rings, one TSS, an IDT. */
#include "system.h"

struct tss
{
    uint32_t link;
    uint32_t esp0;
    uint32_t ss0;
    uint32_t other[22];
    uint32_t io_map; /* beyond the limit: ring 3 has no ports */
};

struct gate
{
    uint16_t offset_low;
    uint16_t selector;
    uint16_t kind;
    uint16_t offset_high;
};

struct table_register
{
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

static struct tss tss;
static struct gate idt[256] __attribute__((aligned(8)));
static uint64_t gdt[] = {
    0,
    0x00CF9A000000FFFF, /* kernel code */
    0x00CF92000000FFFF, /* kernel data */
    0x00CFFA000000FFFF, /* user code */
    0x00CFF2000000FFFF, /* user data */
    0x0000890000000067, /* TSS; its base comes at run time */
};

void load_tables(void *kernel_stack_top)
{
    uint32_t base = (uint32_t)&tss;
    tss.esp0 = (uint32_t)kernel_stack_top;
    tss.ss0 = KERNEL_DATA;
    tss.io_map = sizeof tss << 16;
    gdt[TSS_SELECTOR / 8] |= (uint64_t)(base & 0xFFFFFF) << 16 | (uint64_t)(base >> 24) << 56;

    struct table_register gdtr = {sizeof gdt - 1, (uint32_t)gdt};
    struct table_register idtr = {sizeof idt - 1, (uint32_t)idt};
    __asm__ volatile(
        "lgdt %0\n"
        "lidt %1\n"
        "ljmp $" TEXT(KERNEL_CODE) ", $1f\n"
        "1: mov %2, %%ds\n"
        "mov %2, %%es\n"
        "mov %2, %%ss\n"
        "ltr %w3\n"
        : : "m"(gdtr), "m"(idtr), "r"(KERNEL_DATA), "r"(TSS_SELECTOR) : "memory");
}

void set_gate(uint8_t vector, void (*handler)(void), uint16_t kind)
{
    uint32_t offset = (uint32_t)handler;
    idt[vector] = (struct gate){(uint16_t)offset, KERNEL_CODE, kind, (uint16_t)(offset >> 16)};
}

/*
 * faults: exceptions that the guest mends. A division by zero, an undefined instruction and a bad selector are
 * skipped by their handlers; a page that is not there is mapped, and the instruction runs again. Paging is on.
 */
#include "bench.h"
#include "system.h"

#define LOOPS 250 /* in a round; four faults in each */
#define PAGE_PRESENT 0x003 /* and writable */
#define PAGE_4M 0x083
#define CR4_PSE (1u << 4)
#define CR0_PG (1u << 31)

const char bench_name[] = "faults";
const uint32_t bench_rounds = 2000;

void divide_fault(void);
void undefined_fault(void);
void protection_fault(void);
void page_fault(void);

uint32_t faults[4];
uint32_t page_entries[1024] __attribute__((aligned(4096)));
static uint32_t directory[1024] __attribute__((aligned(4096)));
static uint8_t kernel_stack[16]; /* nothing comes from ring 3 */
static uint8_t frame[4096] __attribute__((aligned(4096)));

/* All three instructions to skip are two bytes long. The error code lies above the address to return to. */
__asm__(
    ".text\n"
    "divide_fault:\n"
    "    incl faults\n"
    "    addl $2, (%esp)\n"
    "    iret\n"
    "undefined_fault:\n"
    "    incl faults + 4\n"
    "    addl $2, (%esp)\n"
    "    iret\n"
    "protection_fault:\n"
    "    add $4, %esp\n"
    "    incl faults + 8\n"
    "    addl $2, (%esp)\n"
    "    iret\n"
    "page_fault:\n"
    "    add $4, %esp\n"
    "    incl faults + 12\n"
    "    push %eax\n"
    "    mov %cr2, %eax\n"
    "    shr $12, %eax\n"
    "    and $1023, %eax\n"
    "    orl $" TEXT(PAGE_PRESENT) ", page_entries(, %eax, 4)\n"
    "    pop %eax\n"
    "    iret\n");

static void turn_paging_on(void)
{
    directory[0] = PAGE_4M; /* the first 4 MiB to themselves: all that this program has */
    directory[1] = (uint32_t)page_entries | PAGE_PRESENT;
    uint32_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    __asm__ volatile("mov %0, %%cr4" : : "r"(value | CR4_PSE));
    __asm__ volatile("mov %0, %%cr3" : : "r"(directory) : "memory");
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    __asm__ volatile("mov %0, %%cr0" : : "r"(value | CR0_PG) : "memory");
}

static NOINLINE uint32_t fault(uint32_t checksum)
{
    for (uint32_t i = 0; i < LOOPS; i++)
    {
        volatile uint32_t *page = (volatile uint32_t *)(0x400000 + (checksum & 1023) * 4096);
        page_entries[checksum & 1023] = (uint32_t)frame;
        __asm__ volatile("invlpg %0" : : "m"(*page) : "memory");
        *page = checksum;
        __asm__ volatile("div %0" : : "r"(0), "a"(i), "d"(0) : "cc");
        __asm__ volatile("ud2" : : : "memory");
        __asm__ volatile("mov %0, %%gs" : : "r"(0x7770) : "memory");
        checksum = mix(checksum, *page + faults[0] + faults[1] + faults[2] + faults[3]);
    }

    return checksum;
}

uint32_t bench_run(uint32_t rounds)
{
    load_tables(kernel_stack + sizeof kernel_stack);
    set_gate(0, divide_fault, KERNEL_GATE);
    set_gate(6, undefined_fault, KERNEL_GATE);
    set_gate(13, protection_fault, KERNEL_GATE);
    set_gate(14, page_fault, KERNEL_GATE);
    turn_paging_on();
    uint32_t checksum = 1;
    while (rounds-- > 0)
    {
        checksum = fault(checksum);
    }

    return checksum;
}

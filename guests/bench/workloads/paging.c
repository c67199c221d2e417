/*
 * paging: more pages than a TLB holds. 64 MiB are mapped by 4 KiB pages in mixed order at 1 GiB and accessed at
 * random; then page-table entries are exchanged with INVLPG after each; then CR3 is loaded again and again.
 */
#include "bench.h"

#define PAGES 16384
#define PHYSICAL 0x1000000  /* 16 to 80 MiB */
#define LINEAR 0x40000000   /* 1 GiB */
#define PRESENT 0x003       /* and writable */
#define CR0_PG (1u << 31)
#define ACCESSES 200000
#define EXCHANGES 2000
#define RELOADS 200
#define PAGES_A_RELOAD 16

const char bench_name[] = "paging";
const uint32_t bench_rounds = 60;

typedef uintptr_t entry; /* 4 bytes in 32-bit paging, 8 in long mode */

#define ENTRIES (4096 / sizeof(entry))

static entry tables[PAGES] __attribute__((aligned(4096)));
static entry directory[ENTRIES] __attribute__((aligned(4096)));

static entry read_cr3(void)
{
    entry value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static void write_cr3(entry value)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

#if UINTPTR_MAX == UINT32_MAX
static entry low_table[ENTRIES] __attribute__((aligned(4096)));

/* The first 4 MiB stay where they are: all that this program has. */
static void map_window(void)
{
    for (uint32_t i = 0; i < ENTRIES; i++)
    {
        low_table[i] = i * 4096 | PRESENT;
    }

    directory[0] = (entry)low_table | PRESENT;
    for (uint32_t i = 0; i < PAGES / ENTRIES; i++)
    {
        directory[LINEAR / 4096 / ENTRIES + i] = (entry)&tables[i * ENTRIES] | PRESENT;
    }

    write_cr3((entry)directory);
    entry cr0;
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %0, %%cr0" : : "r"(cr0 | CR0_PG) : "memory");
}
#else
/* The entry's tables map the first GiB; this adds the second. */
static void map_window(void)
{
    for (uint32_t i = 0; i < PAGES / ENTRIES; i++)
    {
        directory[i] = (entry)&tables[i * ENTRIES] | PRESENT;
    }

    entry *pml4 = (entry *)read_cr3();
    entry *pointers = (entry *)(pml4[0] & ~(entry)0xFFF);
    pointers[LINEAR >> 30] = (entry)directory | PRESENT;
    write_cr3((entry)pml4);
}
#endif

static void clear_memory(void)
{
    void *at = (void *)PHYSICAL;
    uintptr_t count = PAGES * 4096 / 4;
    __asm__ volatile("rep stosl" : "+D"(at), "+c"(count) : "a"(0) : "memory");
}

static inline volatile uint32_t *word(uint32_t index)
{
    return (volatile uint32_t *)LINEAR + index % (PAGES * 1024);
}

static NOINLINE uint32_t access(uint32_t random)
{
    for (uint32_t i = 0; i < ACCESSES; i++)
    {
        volatile uint32_t *at = word(next_random(&random));
        *at += random;
    }

    return random;
}

static inline void invalidate(uint32_t page)
{
    __asm__ volatile("invlpg %0" : : "m"(*word(page * 1024)) : "memory");
}

static NOINLINE uint32_t exchange(uint32_t random)
{
    for (uint32_t i = 0; i < EXCHANGES; i++)
    {
        uint32_t x = next_random(&random) % PAGES;
        uint32_t y = next_random(&random) % PAGES;
        entry held = tables[x];
        tables[x] = tables[y];
        tables[y] = held;
        invalidate(x);
        invalidate(y);
        uint32_t at = random / PAGES % 1024;
        *word(x * 1024 + at) += *word(y * 1024 + at) + i;
    }

    return random;
}

static NOINLINE uint32_t reload(uint32_t random)
{
    entry cr3 = read_cr3();
    for (uint32_t i = 0; i < RELOADS; i++)
    {
        write_cr3(cr3);
        for (uint32_t page = 0; page < PAGES_A_RELOAD; page++)
        {
            random += *word(next_random(&random));
        }

        random |= 1; /* xorshift stays at zero */
    }

    return random;
}

uint32_t bench_run(uint32_t rounds)
{
    for (uint32_t i = 0; i < PAGES; i++)
    {
        tables[i] = (PHYSICAL + i * 4999 % PAGES * 4096) | PRESENT; /* 4999 is odd: each frame comes once */
    }

    clear_memory();
    map_window();
    uint32_t checksum = 1;
    while (rounds-- > 0)
    {
        checksum = reload(exchange(access(checksum)));
    }

    return checksum;
}

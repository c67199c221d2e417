/* sort: unforeseeable branches and loads that wait for loads. A quicksort, then a walk along a list in random order. */
#include "bench.h"

#define ITEMS 32768

const char bench_name[] = "sort";
const uint32_t bench_rounds = 150;

struct node
{
    struct node *next;
    uint32_t value;
};

static uint32_t items[ITEMS];
static struct node nodes[ITEMS];

static NOINLINE void insertion_sort(uint32_t *first, uint32_t *last)
{
    for (uint32_t *p = first + 1; p <= last; p++)
    {
        uint32_t value = *p;
        uint32_t *hole = p;
        for (; hole > first && hole[-1] > value; hole--)
        {
            *hole = hole[-1];
        }

        *hole = value;
    }
}

static void quicksort(uint32_t *first, uint32_t *last)
{
    while (last - first > 12)
    {
        uint32_t pivot = first[(last - first) / 2];
        uint32_t *low = first;
        uint32_t *high = last;
        while (low <= high)
        {
            while (*low < pivot)
            {
                low++;
            }

            while (*high > pivot)
            {
                high--;
            }

            if (low <= high)
            {
                uint32_t value = *low;
                *low++ = *high;
                *high-- = value;
            }
        }

        quicksort(first, high);
        first = low;
    }

    insertion_sort(first, last);
}

/* Links all nodes into one circle in random order: the cycle of Sattolo's shuffle. */
static void link_nodes(uint32_t *random)
{
    for (uint32_t i = 0; i < ITEMS; i++)
    {
        nodes[i].next = &nodes[i];
        nodes[i].value = i;
    }

    for (uint32_t i = ITEMS - 1; i > 0; i--)
    {
        uint32_t j = next_random(random) % i;
        struct node *next = nodes[i].next;
        nodes[i].next = nodes[j].next;
        nodes[j].next = next;
    }
}

static NOINLINE uint32_t chase(uint32_t checksum, uint32_t laps)
{
    const struct node *node = nodes;
    for (uint32_t i = 0; i < laps * ITEMS; i++)
    {
        checksum = checksum * 31 + node->value;
        node = node->next;
    }

    return checksum;
}

uint32_t bench_run(uint32_t rounds)
{
    uint32_t random = 1;
    link_nodes(&random);
    uint32_t checksum = 0;
    while (rounds-- > 0)
    {
        for (uint32_t i = 0; i < ITEMS; i++)
        {
            items[i] = next_random(&random);
        }

        quicksort(items, items + ITEMS - 1);
        for (uint32_t i = 1; i < ITEMS; i++)
        {
            checksum += items[i - 1] > items[i];
        }

        checksum = mix(chase(checksum, 16), items[ITEMS / 2]);
    }

    return checksum;
}

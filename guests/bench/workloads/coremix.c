/*
 * coremix: the kinds of work that CoreMark mixes, in code of our own: a linked list that is searched, reversed
 * and sorted; a small matrix of 16-bit numbers; a state machine that reads text; a CRC over all results.
 */
#include <stddef.h>
#include "bench.h"

#define NODES 64
#define SIZE 12
#define STATES 7

const char bench_name[] = "coremix";
const uint32_t bench_rounds = 36000;

struct node
{
    struct node *next;
    int16_t key;
    int16_t value;
};

enum state
{
    START,
    SIGN,
    INTEGER,
    FRACTION,
    EXPONENT,
    END,
    INVALID,
};

static struct node nodes[NODES];
static int16_t a[SIZE][SIZE], b[SIZE][SIZE];
static int32_t product[SIZE][SIZE];
static char text[] = "5012,+1.25,-874,0.5e-9,12e7,x17,.875,3..4,T0.3e-1F,-00.7,35.54400,+,1e+7,256,";

static NOINLINE uint16_t crc16(uint16_t crc, uint16_t value)
{
    for (int bit = 0; bit < 16; bit++)
    {
        uint16_t carry = (crc ^ value) & 1;
        crc >>= 1;
        value >>= 1;
        if (carry)
        {
            crc ^= 0xA001;
        }
    }

    return crc;
}

static NOINLINE int by_key(const struct node *x, const struct node *y)
{
    return x->key - y->key;
}

static NOINLINE int by_value(const struct node *x, const struct node *y)
{
    return x->value - y->value;
}

/* A merge sort from the bottom up; equal nodes keep their order. */
static NOINLINE struct node *sort(struct node *list, int (*compare)(const struct node *, const struct node *))
{
    for (int length = 1;; length *= 2)
    {
        struct node *left = list;
        struct node **tail = &list;
        int merges = 0;
        while (left != NULL)
        {
            struct node *right = left;
            int left_count = 0;
            int right_count = length;
            merges++;
            while (right != NULL && left_count < length)
            {
                right = right->next;
                left_count++;
            }

            while (left_count > 0 || (right_count > 0 && right != NULL))
            {
                if (left_count > 0 && (right_count == 0 || right == NULL || compare(left, right) <= 0))
                {
                    *tail = left;
                    left = left->next;
                    left_count--;
                }
                else
                {
                    *tail = right;
                    right = right->next;
                    right_count--;
                }

                tail = &(*tail)->next;
            }

            left = right;
        }

        *tail = NULL;
        if (merges <= 1)
        {
            return list;
        }
    }
}

static NOINLINE struct node *reverse(struct node *list)
{
    struct node *done = NULL;
    while (list != NULL)
    {
        struct node *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }

    return done;
}

static NOINLINE const struct node *find(const struct node *list, int16_t key)
{
    while (list != NULL && list->key != key)
    {
        list = list->next;
    }

    return list;
}

static NOINLINE uint16_t lists(uint16_t crc, uint32_t seed)
{
    uint32_t random = seed | 1;
    for (int i = 0; i < NODES; i++)
    {
        nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : NULL;
        nodes[i].key = (int16_t)i;
        nodes[i].value = (int16_t)next_random(&random);
    }

    struct node *list = sort(nodes, by_value);
    for (uint32_t i = 0; i < 8; i++)
    {
        const struct node *found = find(list, (int16_t)((seed + 11 * i) % (NODES + 4))); /* some are not there */
        crc = crc16(crc, found != NULL ? (uint16_t)found->value : 0xFFFF);
        list = reverse(list);
    }

    list = sort(list, by_key);
    return crc16(crc, (uint16_t)list->value);
}

static NOINLINE uint16_t matrices(uint16_t crc, uint32_t seed)
{
    for (int i = 0; i < SIZE; i++)
    {
        for (int j = 0; j < SIZE; j++)
        {
            a[i][j] = (int16_t)(seed + (uint32_t)(i * j));
            b[i][j] = (int16_t)(seed * (uint32_t)(i + 1) ^ (uint32_t)j);
        }
    }

    int32_t sum = 0;
    for (int i = 0; i < SIZE; i++)
    {
        for (int j = 0; j < SIZE; j++)
        {
            uint32_t element = 0;
            for (int k = 0; k < SIZE; k++)
            {
                element += (uint32_t)(a[i][k] * b[k][j]);
            }

            product[i][j] = (int32_t)element;
            sum += product[i][j] > sum ? 10 : product[i][j] >> 5 & 15;
        }
    }

    return crc16(crc, (uint16_t)sum);
}

static NOINLINE enum state next_token(const char **at, uint32_t *visits)
{
    enum state state = START;
    char c;
    while ((c = *(*at)++) != ',' && state != INVALID)
    {
        int digit = c >= '0' && c <= '9';
        visits[state]++;
        switch (state)
        {
        case START:
            state = digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? FRACTION : INVALID;
            break;
        case SIGN:
            state = digit ? INTEGER : c == '.' ? FRACTION : INVALID;
            break;
        case INTEGER:
            state = digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID;
            break;
        case FRACTION:
            state = digit ? FRACTION : c == 'e' ? EXPONENT : INVALID;
            break;
        case EXPONENT:
            state = digit ? END : c == '+' || c == '-' ? END : INVALID;
            break;
        case END:
            state = digit ? END : INVALID;
            break;
        case INVALID:
            break;
        }
    }

    while (c != ',')
    {
        c = *(*at)++;
    }

    return state;
}

static NOINLINE uint16_t states(uint16_t crc, uint32_t seed)
{
    uint32_t visits[STATES] = {0};
    char *changed = &text[seed % (sizeof text - 2)];
    char before = *changed;
    *changed = before == ',' ? before : (char)('0' + seed % 10);
    for (const char *at = text; *at != 0;)
    {
        visits[next_token(&at, visits)] += 64;
    }

    *changed = before;
    for (int i = 0; i < STATES; i++)
    {
        crc = crc16(crc, (uint16_t)visits[i]);
    }

    return crc;
}

uint32_t bench_run(uint32_t rounds)
{
    uint16_t crc = 0;
    uint32_t checksum = 1;
    while (rounds-- > 0)
    {
        crc = states(matrices(lists(crc, checksum), checksum), checksum);
        checksum = mix(checksum, crc);
    }

    return checksum;
}

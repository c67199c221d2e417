/*
 * records: the kinds of work that Dhrystone mixes, in code of our own: records copied through pointers, strings
 * copied and compared, enumerations, arrays of two dimensions, divisions, and many short procedures.
 */
#include "bench.h"

#define TEXT 32
#define RECORDS 16

const char bench_name[] = "records";
const uint32_t bench_rounds = 7000000;

enum colour
{
    RED,
    GREEN,
    BLUE,
    WHITE,
    BLACK,
};

struct record
{
    struct record *next;
    enum colour colour;
    int32_t number;
    char text[TEXT];
};

static struct record records[RECORDS];
static int32_t row[64];
static int32_t grid[64][64];
static char current[TEXT];

static NOINLINE void copy_text(char *to, const char *from)
{
    while ((*to++ = *from++) != 0)
    {
    }
}

static NOINLINE int compare_text(const char *x, const char *y)
{
    while (*x != 0 && *x == *y)
    {
        x++;
        y++;
    }

    return (uint8_t)*x - (uint8_t)*y;
}

static NOINLINE enum colour next_colour(enum colour colour, int32_t number)
{
    switch (colour)
    {
    case RED:
        return number > 100 ? GREEN : BLACK;
    case GREEN:
        return number % 3 == 0 ? RED : BLUE;
    case BLUE:
        return WHITE;
    case WHITE:
        return number < 0 ? BLACK : RED;
    default:
        return GREEN;
    }
}

static NOINLINE int same_class(char x, char y)
{
    return (x >= 'A' && x <= 'Z') == (y >= 'A' && y <= 'Z');
}

static NOINLINE void scale(int32_t x, int32_t y, int32_t *result)
{
    *result = y + (x + 2) * 5 / (y % 7 + 8);
}

static NOINLINE void fill(int32_t index, int32_t value)
{
    int32_t at = index + 5;
    row[at] = value;
    row[at + 1] = row[at];
    row[at + 30 - index / 2] = at;
    for (int32_t i = at; i <= at + 1; i++)
    {
        grid[at][i] = at;
    }

    grid[at][at - 1]++;
    grid[at + 20 - index][at] = row[at];
}

static NOINLINE void advance(struct record *record)
{
    struct record *next = record->next;
    int32_t number = next->number;
    *next = *record; /* and with it the link, so mend that */
    next->next = record + 1 == records + RECORDS - 1 ? records : record + 2;
    scale(record->number, number, &next->number);
    next->colour = next_colour(record->colour, next->number);
    if (next->colour == BLUE)
    {
        copy_text(next->text, current);
    }
}

uint32_t bench_run(uint32_t rounds)
{
    for (int i = 0; i < RECORDS; i++)
    {
        records[i].next = &records[(i + 1) % RECORDS];
        records[i].colour = (enum colour)(i % 5);
        records[i].number = 1000 - 100 * i;
        copy_text(records[i].text, "A RECORD'S TEXT, NUMBER 1");
        records[i].text[24] = (char)('A' + i);
    }

    copy_text(current, "A RECORD'S TEXT, CURRENT");
    uint32_t checksum = 1;
    while (rounds-- > 0)
    {
        uint32_t at = rounds % (RECORDS - 1);
        struct record *record = &records[at];
        advance(record);
        if (compare_text(record->next->text, current) > 0)
        {
            current[17 + rounds % 7] = (char)('A' + checksum % 26);
        }

        fill((int32_t)(checksum % 20), record->number);
        int32_t number = grid[checksum % 64][(checksum >> 8) % 64] + (int32_t)same_class(current[18], record->text[at]);
        records[(at + 5) % RECORDS].number ^= number;
        checksum = mix(checksum, (uint32_t)record->next->number + record->next->colour);
    }

    return checksum;
}

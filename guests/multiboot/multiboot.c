/*
 * multiboot: what a boot loader tells a kernel
 *
 * Shows    The multiboot 1 hand-over: the magic number in EAX, the information block at EBX with the
 *          command line, the memory map and the modules.
 * How      The image is an ELF file with a multiboot header in its first 8 KiB; the loader enters it in
 *          32-bit protected mode without paging. The guest walks the block and prints it. By default it
 *          prints nothing that differs between boards: of file names the last part, of memory the
 *          available ranges, rounded. The word "map" in the command line asks for every byte of the map.
 * Read     Multiboot Specification 0.6.96, "Machine state" and "Boot information format".
 * Expect   The arguments one by one, two available ranges, two modules with size, checksum and first
 *          line; then power-off.
 * Build    see build.sh (gcc -m32, linked with multiboot.ld)
 */
#include <stdint.h>

#define COM1 0x3F8
#define COM1_LSR (COM1 + 5)
#define LSR_THRE 0x20
#define LSR_TEMT 0x40
#define POWER_PORT 0x604
#define POWER_OFF 0x2000

#define LOADER_MAGIC 0x2BADB002
#define INFO_COMMAND_LINE (1u << 2) /* bits of flags: which fields are valid */
#define INFO_MODULES (1u << 3)
#define INFO_MEMORY_MAP (1u << 6)
#define RANGE_AVAILABLE 1

struct information
{
    uint32_t flags;
    uint32_t lower_kib, upper_kib;
    uint32_t boot_device;
    uint32_t command_line; /* physical address of a string */
    uint32_t module_count, modules;
    uint32_t symbols[4];
    uint32_t map_bytes, map;
};

struct module
{
    uint32_t start, end; /* the end is exclusive */
    uint32_t string;
    uint32_t reserved;
};

struct range
{
    uint32_t size; /* of the rest of this entry: the next one is size + 4 bytes on */
    uint64_t base, length;
    uint32_t type;
} __attribute__((packed));

/* The multiboot header, and the entry: no stack is given, so take one of our own. */
__asm__(
    ".section .multiboot, \"a\"\n"
    "    .align 4\n"
    "    .long 0x1BADB002, 2, -(0x1BADB002 + 2) /* 2: give a memory map */\n"
    ".text\n"
    ".global start\n"
    "start:\n"
    "    cli\n"
    "    cld\n"
    "    mov $stack_top, %esp\n"
    "    push %ebx\n"
    "    push %eax\n"
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
        put_char("0123456789ABCDEF"[(value >> shift) & 15]);
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

/* The part of a file name behind the last slash that stands before the first space. */
static const char *base_name(const char *s)
{
    const char *name = s;
    for (; *s != 0 && *s != ' '; s++)
    {
        if (*s == '/' || *s == '\\')
        {
            name = s + 1;
        }
    }

    return name;
}

/* Prints one word and returns what follows it and its spaces. */
static const char *put_word(const char *s)
{
    while (*s != 0 && *s != ' ')
    {
        put_char(*s++);
    }

    while (*s == ' ')
    {
        s++;
    }

    return s;
}

static int is_word(const char *s, const char *word)
{
    while (*word != 0 && *s == *word)
    {
        s++;
        word++;
    }

    return *word == 0 && (*s == 0 || *s == ' ');
}

/* Prints the command line; returns whether it asks for the whole memory map. */
static int show_command_line(const struct information *info)
{
    int whole_map = 0;
    if ((info->flags & INFO_COMMAND_LINE) == 0)
    {
        put_string("no command line\r\n");
        return whole_map;
    }

    const char *rest = base_name((const char *)info->command_line);
    put_string("image: ");
    rest = put_word(rest);
    put_string("\r\n");
    while (*rest != 0)
    {
        whole_map |= is_word(rest, "map");
        put_string("argument: ");
        rest = put_word(rest);
        put_string("\r\n");
    }

    return whole_map;
}

/* 64 KiB units below 1 MiB and whole MiB above, so that what firmware keeps for itself does not show. */
static void put_rounded(uint64_t bytes)
{
    uint32_t kib = (uint32_t)(bytes >> 10);
    if (kib < 1024)
    {
        put_decimal((kib + 32) / 64 * 64);
        put_string(" KiB");
    }
    else
    {
        put_decimal((kib + 512) / 1024);
        put_string(" MiB");
    }
}

static void show_memory_map(const struct information *info, int whole_map)
{
    if ((info->flags & INFO_MEMORY_MAP) == 0)
    {
        put_string("no memory map\r\n");
        return;
    }

    uint32_t address = info->map;
    while (address < info->map + info->map_bytes)
    {
        const struct range *range = (const struct range *)address;
        if (whole_map)
        {
            put_string("range: base ");
            put_hex((uint32_t)(range->base >> 32));
            put_hex((uint32_t)range->base);
            put_string(", length ");
            put_hex((uint32_t)(range->length >> 32));
            put_hex((uint32_t)range->length);
            put_string(", type ");
            put_decimal(range->type);
            put_string("\r\n");
        }
        else if (range->type == RANGE_AVAILABLE)
        {
            put_string("available: about ");
            put_rounded(range->length);
            put_string(" from ");
            put_hex((uint32_t)range->base);
            put_string("\r\n");
        }

        address += range->size + 4;
    }
}

static void show_modules(const struct information *info)
{
    if ((info->flags & INFO_MODULES) == 0 || info->module_count == 0)
    {
        put_string("no modules\r\n");
        return;
    }

    const struct module *modules = (const struct module *)info->modules;
    for (uint32_t i = 0; i < info->module_count; i++)
    {
        const uint8_t *bytes = (const uint8_t *)modules[i].start;
        uint32_t size = modules[i].end - modules[i].start;
        uint32_t sum = 0;
        for (uint32_t k = 0; k < size; k++)
        {
            sum = (sum << 5 | sum >> 27) ^ bytes[k];
        }

        put_string("module: ");
        put_word(base_name((const char *)modules[i].string));
        put_string(", ");
        put_decimal(size);
        put_string(" bytes, checksum ");
        put_hex(sum);
        put_string(", begins: ");
        for (uint32_t k = 0; k < size && bytes[k] >= ' '; k++)
        {
            put_char((char)bytes[k]);
        }

        put_string("\r\n");
    }
}

void guest_main(uint32_t magic, const struct information *info)
{
    serial_init();
    if (magic != LOADER_MAGIC)
    {
        put_string("not loaded by a multiboot loader\r\n");
        power_off();
    }

    show_memory_map(info, show_command_line(info));
    show_modules(info);
    power_off();
}

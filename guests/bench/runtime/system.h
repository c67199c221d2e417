/* What the 32-bit workloads about rings, faults and interrupts share: descriptor tables (system.c). */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdint.h>

/* Selectors. SYSENTER and SYSEXIT want the four segments in this order. */
#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_CODE (0x18 | 3)
#define USER_DATA (0x20 | 3)
#define TSS_SELECTOR 0x28

#define KERNEL_GATE 0x8E00 /* present, DPL 0, 32-bit interrupt gate */
#define USER_GATE 0xEE00   /* the same with DPL 3: INT n is allowed from ring 3 */

/* "8" from 8: for use in the text of assembly. */
#define TEXT(x) TEXT_OF(x)
#define TEXT_OF(x) #x

/* Loads the GDT, an empty IDT and the task register; interrupts from ring 3 come in on this stack. */
void load_tables(void *kernel_stack_top);

/* Lets a vector lead to a handler written in assembly. */
void set_gate(uint8_t vector, void (*handler)(void), uint16_t kind);

#endif

/* rings: system calls. A loop in ring 3 calls ring 0 by INT 80h and by SYSENTER in turn; each call sums and returns. */
#include "bench.h"
#include "system.h"

#define CALLS 500 /* of each kind in a round */
#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176

const char bench_name[] = "rings";
const uint32_t bench_rounds = 2000;

void run_in_ring3(uint32_t rounds);
void int80_entry(void);
void sysenter_entry(void);
void leave_ring3(void);

uint32_t calls;
uint32_t result;
uint32_t kernel_esp;
uint8_t kernel_stack[4096] __attribute__((aligned(16)));
uint8_t user_stack[4096] __attribute__((aligned(16)));

__asm__(
    ".text\n"
    "run_in_ring3:\n"
    "    pusha\n"
    "    mov %esp, kernel_esp\n"
    "    mov 36(%esp), %esi\n" /* rounds: behind eight registers and the return address */
    "    push $" TEXT(USER_DATA) "\n"
    "    push $user_stack + 4096\n"
    "    pushf\n"
    "    push $" TEXT(USER_CODE) "\n"
    "    push $user\n"
    "    mov $" TEXT(USER_DATA) ", %eax\n"
    "    mov %eax, %ds\n"
    "    mov %eax, %es\n"
    "    iret\n"

    "user:\n"
    "    xor %eax, %eax\n"
    "1:  mov $" TEXT(CALLS) ", %edi\n"
    "2:  int $0x80\n"
    "    mov $3f, %edx\n" /* where and on which stack SYSEXIT goes on */
    "    mov %esp, %ecx\n"
    "    sysenter\n"
    "3:  dec %edi\n"
    "    jnz 2b\n"
    "    dec %esi\n"
    "    jnz 1b\n"
    "    mov %eax, result\n"
    "    int $0x81\n"

    ".macro serve\n" /* what kernels do on every call: keep registers, take their own segments */
    "    push %ebx\n"
    "    push %ds\n"
    "    push %es\n"
    "    mov $" TEXT(KERNEL_DATA) ", %ebx\n"
    "    mov %ebx, %ds\n"
    "    mov %ebx, %es\n"
    "    rol $5, %eax\n"
    "    add calls, %eax\n"
    "    incl calls\n"
    "    pop %es\n"
    "    pop %ds\n"
    "    pop %ebx\n"
    ".endm\n"

    "int80_entry:\n"
    "    serve\n"
    "    iret\n"
    "sysenter_entry:\n"
    "    serve\n"
    "    sysexit\n"

    "leave_ring3:\n"
    "    mov $" TEXT(KERNEL_DATA) ", %eax\n"
    "    mov %eax, %ds\n"
    "    mov %eax, %es\n"
    "    mov kernel_esp, %esp\n"
    "    popa\n"
    "    ret\n");

static void write_msr(uint32_t msr, uint32_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"(value), "d"(0));
}

uint32_t bench_run(uint32_t rounds)
{
    load_tables(kernel_stack + sizeof kernel_stack);
    set_gate(0x80, int80_entry, USER_GATE);
    set_gate(0x81, leave_ring3, USER_GATE);
    write_msr(MSR_SYSENTER_CS, KERNEL_CODE);
    write_msr(MSR_SYSENTER_ESP, (uint32_t)(kernel_stack + sizeof kernel_stack));
    write_msr(MSR_SYSENTER_EIP, (uint32_t)sysenter_entry);
    run_in_ring3(rounds);
    return mix(calls, result);
}

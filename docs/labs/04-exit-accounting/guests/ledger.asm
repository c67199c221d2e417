; Does some work that leaves the guest, then reads the account of it.
bits 32
org ${base}

        mov ecx, ${loads}
load:   mov eax, cr3
        mov cr3, eax            ; reason 28
        loop load
        mov dx, ${port}
        out dx, eax             ; reason 30
        mov ecx, ${reads}
clock:  rdtsc                   ; reason 16
        loop clock

        mov ecx, 16
        call count              ; the RDTSCs
        mov ecx, 28
        call count              ; the loads of CR3
        mov ecx, 30
        call count              ; OUT: the first one and two reports
        mov ecx, 10
        call count              ; CPUID: four questions
        mov ecx, 12
        call count              ; HLT did not occur
        mov ecx, 16
        call ran                ; two instructions for each RDTSC
        mov ecx, 30
        call ran

        mov eax, ${leaf+1}      ; how long does a question take?
        cpuid
        mov esi, ecx
        mov eax, ${leaf+1}
        cpuid
        sub ecx, esi
        mov eax, ecx
        call report
        mov eax, ${leaf}        ; how many exits are between a question and a question?
        cpuid
        mov esi, eax
        call report
        mov eax, ${leaf}
        cpuid
        sub eax, esi
        call report
        hlt

count:  mov eax, ${leaf+2}
        cpuid
        jmp report
ran:    mov eax, ${leaf+3}
        cpuid
        mov eax, ecx
report: mov dx, ${port}
        out dx, eax
        ret

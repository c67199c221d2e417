; Forty letters, two to a bell: round the queue several times. The tail is written over before each.
bits 32
org ${base}

        mov eax, ${ring}
        mov dx, ${queue}
        out dx, eax
        mov edi, 20
next:   mov ecx, 1
        mov edx, 0
        mov ebx, 1
        mov eax, letter
        call put
        mov eax, letter+1
        call put
        mov dword [${ring+4}], 3
        mov dx, ${bell}
        out dx, eax
        mov eax, [${ring}]
        cmp eax, [${ring+4}]
        jne late
        dec edi
        jnz next
late:   mov eax, [${ring+4}]
        mov dx, ${report}
        out dx, eax                         ; 40
        hlt

; Puts a descriptor into the queue: EAX address, ECX length, EDX sector, EBX operation.
put:    mov esi, [${ring}]
        and esi, ${size-1}
        shl esi, 4
        add esi, ${ring+16}
        mov [esi], eax
        mov [esi+4], ecx
        mov [esi+8], edx
        mov [esi+12], ebx
        inc dword [${ring}]
        ret

letter: db "xy"

; Reads input twice, the second time behind its end, and prints what came.
bits 32
org ${base}

        mov eax, ${ring}
        mov dx, ${queue}
        out dx, eax
        mov edx, 0
        mov eax, 0A0000h
        mov ecx, 100
        mov ebx, 2              ; input
        call put
        mov eax, 0A1000h
        call put
        mov dx, ${bell}
        out dx, eax
        mov eax, [${ring+20}]   ; the length that came
        mov dx, ${report}
        out dx, eax
        mov eax, [${ring+36}]   ; 0: the end
        mov dx, ${report}
        out dx, eax
        call status
        movzx eax, ax
        mov dx, ${report}
        out dx, eax                         ; 1, 1
        mov eax, 0A0000h
        mov ecx, [${ring+20}]
        mov edx, 0
        mov ebx, 1
        call put
        mov dx, ${bell}
        out dx, eax
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

; The statuses of descriptors 0 to 3 in EAX, the first one lowest.
status: mov ah, [${ring+77}]
        mov al, [${ring+61}]
        shl eax, 16
        mov ah, [${ring+45}]
        mov al, [${ring+29}]
        ret

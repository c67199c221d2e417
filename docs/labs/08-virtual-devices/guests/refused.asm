; Three malformed descriptors, and a good one among them.
bits 32
org ${base}

        mov eax, ${ring}
        mov dx, ${queue}
        out dx, eax
        mov edx, 0
        mov eax, text
        mov ecx, 2
        mov ebx, 9              ; there is no such operation
        call put
        mov eax, text
        mov ebx, 1
        call put
        mov eax, 0FFFFFh        ; the last byte of memory, and one more
        call put
        mov eax, text
        mov ecx, 0              ; nothing to do
        call put
        mov dx, ${bell}
        out dx, eax
        call status
        mov dx, ${report}
        out dx, eax                         ; 2, 1, 2, 2
        mov eax, [${ring+4}]
        mov dx, ${report}
        out dx, eax                         ; 4: all are done with
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

text:   db "ok"

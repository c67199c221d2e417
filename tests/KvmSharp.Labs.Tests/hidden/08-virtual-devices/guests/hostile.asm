; Descriptors that want to get the better of the monitor, four to a bell.
bits 32
org ${base}

        mov eax, ${ring}
        mov dx, ${queue}
        out dx, eax
        mov eax, 0FFFFFFFFh     ; address and length make 1
        mov ecx, 2
        mov edx, 0
        mov ebx, 1
        call put
        mov eax, 0
        mov ecx, 4097      ; longer than is allowed
        call put
        mov eax, text
        mov ecx, 2
        mov ebx, 10001h         ; the last word is not 0
        call put
        mov eax, ${ring}        ; printing the queue does no harm
        mov ecx, 1
        mov ebx, 1
        call put
        mov dx, ${bell}
        out dx, eax
        call status
        mov dx, ${report}
        out dx, eax                         ; 2, 2, 2, 1
        mov eax, ${ring-508}    ; the last bytes of the sector would be the head
        mov ecx, 512
        mov edx, 0
        mov ebx, 3
        call again
        mov eax, 0A0000h
        mov ecx, 513            ; not whole sectors
        call put
        mov ecx, 1024
        mov edx, ${sectors-1}   ; the second one is behind the end
        call put
        mov ecx, 512
        mov edx, 800000h        ; times 512 this is 0
        mov ebx, 4
        call put
        mov dx, ${bell}
        out dx, eax
        call status
        mov dx, ${report}
        out dx, eax                         ; 2, 2, 2, 2
        mov eax, [${ring}]      ; nothing was written over
        mov dx, ${report}
        out dx, eax
        mov eax, 0A0000h
        mov ecx, 512
        mov edx, 0
        mov ebx, 3
        call again
        mov dx, ${bell}
        out dx, eax
        mov eax, [0A0000h]      ; sector 0 is what it was
        mov dx, ${report}
        out dx, eax
        hlt

; The queue from its beginning: set up anew.
again:  push eax
        push edx
        mov dword [${ring}], 0
        mov eax, ${ring}
        mov dx, ${queue}
        out dx, eax
        pop edx
        pop eax
        call put
        ret

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

text:   db "no"

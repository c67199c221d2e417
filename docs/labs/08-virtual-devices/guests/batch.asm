; Three texts in the queue, one bell.
bits 32
org ${base}

        mov eax, ${ring}
        mov dx, ${queue}
        out dx, eax
        mov edx, 0
        mov ebx, 1              ; print
        mov eax, text
        mov ecx, ${#text}
        call put
        mov eax, comma
        mov ecx, 3
        call put
        mov eax, text
        mov ecx, ${#text}
        call put
        mov dx, ${bell}
        out dx, eax
        mov eax, [${ring+4}]    ; 3 are done
        mov dx, ${report}
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

text:   db "${text}"
comma:  db " / "

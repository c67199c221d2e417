; Queues that cannot be: too much in it, in no memory, not aligned.
bits 32
org ${base}

        mov dx, ${bell}
        out dx, eax             ; no queue: ignored
        call state              ; 0
        mov eax, ${ring}
        mov dx, ${queue}
        out dx, eax
        call state              ; 1
        mov dword [${ring}], ${size+1}
        mov dx, ${bell}
        out dx, eax
        call state              ; 2
        mov eax, [${ring+4}]
        mov dx, ${report}
        out dx, eax                         ; 0: nothing was done
        mov dword [${ring}], 0
        mov eax, text
        mov ecx, 2
        mov edx, 0
        mov ebx, 1
        call put
        mov dx, ${bell}
        out dx, eax
        mov eax, [${ring+4}]
        mov dx, ${report}
        out dx, eax                         ; 0: it stays broken
        mov eax, ${ring}
        mov dx, ${queue}
        out dx, eax
        mov dx, ${bell}
        out dx, eax
        mov eax, [${ring+4}]
        mov dx, ${report}
        out dx, eax                         ; 1
        mov eax, 0FFFF0h        ; only the beginning is in memory
        call setup              ; 2
        mov eax, ${ring+4}
        call setup              ; 2
        mov eax, 0FFFFFFF0h
        call setup              ; 2
        hlt

setup:  mov dx, ${queue}
        out dx, eax
state:  mov dx, ${queue}
        in eax, dx
        mov dx, ${report}
        out dx, eax
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

text:   db "ok"

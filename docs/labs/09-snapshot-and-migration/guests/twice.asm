; Asks for a snapshot in the middle of a text. What comes behind it happens twice, and both times the same.
bits 32
org ${base}

        mov esi, text
        mov ecx, ${#before}
        call print
        mov edx, ${ticket}
        in eax, dx
        mov [${high+0x1000}], eax       ; 1
        mov ebx, ${report}
        mov eax, 1
        mov edx, ${ask}
        out dx, al                      ; the snapshot

        inc dword [10000h]
        inc dword [${high+0x1000}]
        mov edx, ebx
        mov eax, [10000h]
        out dx, eax                     ; 1
        mov eax, [${high+0x1000}]
        out dx, eax                     ; 2
        mov edx, ${ticket}
        in eax, dx
        mov edx, ebx
        out dx, eax                     ; 2
        mov ecx, ${#after}
        inc ecx
        call print
        hlt

print:  mov edx, ${console}
next:   mov al, [esi]
        out dx, al
        inc esi
        loop next
        ret

text:   db "${before}${after}", 10

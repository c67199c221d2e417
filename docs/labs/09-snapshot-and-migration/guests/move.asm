; Asks to be moved, and goes on writing: one page in ${turn} instructions, round and round through both slots. A page gets a
; ticket, and must still have the one that it got the last time.
bits 32
org ${base}

        mov esi, first
        mov ecx, ${#before}
        inc ecx
        call print
        mov ebx, 10000h
        mov edi, ebx
        mov esi, ${high}
        mov ebp, ${pages-256}
        shl ebp, 12
        add ebp, esi                    ; the end of the upper slot
        mov ecx, ${pages-16}            ; so many pages
        mov eax, 1
        sub eax, ecx
fill:   mov [edi], eax                  ; tickets of a time round before the first
        inc eax
        add edi, 1000h
        cmp edi, 100000h
        cmove edi, esi
        cmp edi, ebp
        cmove edi, ebx
        loop fill
        mov eax, 2
        mov edx, ${ask}
        out dx, al                      ; the move begins

        mov edx, ${ticket}
turn:   in eax, dx
        mov ecx, eax
        sub ecx, [edi]
        cmp ecx, ${pages-16}            ; the ticket of the last time round
        jne stale
        mov [edi], eax
        add edi, 1000h
        cmp edi, 100000h                ; from the end of the lower slot to the upper one
        cmove edi, esi
        cmp edi, ebp                    ; and from its end back
        cmove edi, ebx
        mov ecx, ${turn-14}
spin:   loop spin
        cmp eax, 2600
        jne turn
        xor edi, edi
stale:  mov edx, ${report}
        mov eax, edi                    ; 0, or the first page that is not what it was
        out dx, eax
        mov esi, second
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

first:  db "${before}", 10
second: db "${after}", 10

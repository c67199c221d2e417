; Compares pairs, and reports for each which jumps were taken, a bit for each condition; then what INC, DEC, ADD and AND leave behind.
bits 32
org ${base}

        mov edx, ${port}
        mov esi, pairs
pair:   mov eax, [esi]
        mov ebx, [esi+4]
        cmp eax, ebx
        call bits
        mov eax, [esi]
        mov ebx, [esi+4]
        add eax, ebx
        call bits
        add esi, 8
        cmp esi, end
        jb pair

        mov eax, 0
        cmp eax, 1              ; CF
        inc eax                 ; keeps it
        call bits
        mov eax, 7FFFFFFFh
        cmp eax, 1              ; no CF
        inc eax                 ; OF
        call bits
        mov eax, 80000000h
        cmp eax, 80000001h      ; CF
        dec eax                 ; OF
        call bits
        mov ecx, 0FFFFFFFFh
        add ecx, 1              ; CF
        and ecx, ecx            ; clears it
        call bits
        hlt

; Reports which of O, B, E, BE, S, L, LE hold.
bits:   mov edi, 0
        jno c1
        lea edi, [edi+1]
c1:     jae c2
        lea edi, [edi+2]
c2:     jne c3
        lea edi, [edi+4]
c3:     ja c4
        lea edi, [edi+8]
c4:     jns c5
        lea edi, [edi+10h]
c5:     jge c6
        lea edi, [edi+20h]
c6:     jg c7
        lea edi, [edi+40h]
c7:     mov eax, edi
        out dx, eax
        ret

pairs:  dd 5, 5, 1, 2, 2, 1
        dd 0FFFFFFFFh, 1, 1, 0FFFFFFFFh
        dd 80000000h, 1, 7FFFFFFFh, 0FFFFFFFFh, 80000000h, 80000000h
end:

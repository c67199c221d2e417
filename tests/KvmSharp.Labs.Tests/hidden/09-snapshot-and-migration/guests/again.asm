; Moves twice. Between the moves it writes nothing but one page of the upper slot; then the state of the FPU is looked at.
bits 32
org ${base}

        db 0DBh, 0E3h                   ; fninit
        db 0D9h, 0E8h                   ; fld1
        mov edx, ${ask}
        mov eax, 2
        out dx, al
        mov ecx, 100000
one:    mov [${high+0x8000}], ecx
        loop one
        mov eax, 2
        out dx, al
        mov ecx, 100000
two:    loop two
        mov edx, ${report}
        db 0DBh, 1Dh                    ; fistp dword [9000h]
        dd 9000h
        mov eax, [9000h]
        out dx, eax                     ; 1
        mov eax, [${high+0x8000}]
        out dx, eax                     ; 1
        hlt

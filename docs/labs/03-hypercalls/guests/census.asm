; Makes exits of several kinds, asks how many there were, and stops with a status of its own.
bits 32
org ${base}

        mov dx, ${port}
        mov al, 'a'
        out dx, al
        inc al
        out dx, al
        mov ebx, 30             ; I/O
        call ask                ; 2
        mov ebx, 18             ; VMCALL
        call ask                ; 2: the question before and this one
        mov ebx, 12             ; HLT
        call ask                ; 0
        mov ebx, 30
        call ask                ; 5: the reports were OUT too
        mov eax, ${stop}
        mov ebx, ${status}
        vmcall
        hlt                     ; never reached

ask:    mov eax, ${ask}
        vmcall
        mov dx, ${report}
        out dx, eax
        ret

; Calls that a monitor must refuse, and one good call behind them.
bits 32
org ${base}

        mov eax, ${stop+0x100}  ; there is no such call
        call report
        mov eax, ${put}
        mov ebx, 100000h        ; just behind the memory
        mov ecx, 1
        call report
        mov eax, ${put}
        mov ebx, text
        mov ecx, 100000h        ; begins in memory, ends outside
        call report
        mov eax, ${put}
        mov ebx, text
        mov ecx, 2
        call report
        hlt

report: vmcall
        mov dx, ${report}
        out dx, eax
        ret

text:   db "ok"

; Prints the same text with one call, and reports what the call returns.
bits 32
org ${base}

        mov eax, ${put}
        mov ebx, text
        mov ecx, ${#text}
        vmcall
        mov dx, ${report}
        out dx, eax             ; the length
        hlt

text:   db "${text}"

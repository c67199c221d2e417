; Prints a text and stops, with calls alone.
bits 32
org ${base}

        mov eax, ${put}
        mov ebx, text
        mov ecx, ${#text}
        vmcall
        mov eax, ${stop}
        mov ebx, ${status}
        vmcall
        hlt

text:   db "${text}"

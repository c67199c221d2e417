; Calls itself, ${depth} deep, with arguments on the stack; then adds a table up that it has filled on the way.
bits 32
org ${base}

        mov esi, 2000h
        mov eax, ${depth}
        push eax
        call down
        add esp, 4
        mov edx, ${port}
        out dx, eax             ; 7 * ${depth}
        xor eax, eax
        mov esi, 2000h
        mov ecx, ${depth}
total:  add eax, [esi]
        add esi, 4
        sub ecx, 1
        jne total
        out dx, eax             ; 5 * ${depth}
        hlt

; The argument's sevenfold in EAX; a 5 in the table for each call that has work.
down:   push ebp
        mov ebp, esp
        mov eax, [ebp+8]
        test eax, eax
        je none
        mov ebx, 5
        mov [esi], ebx
        lea esi, [esi+4]
        dec eax
        push eax
        call down
        lea esp, [ebp]
        add eax, 7
none:   pop ebp
        ret

; PUSH and POP of ESP, memory as destination, a long jump, a long block; and in between what nobody translates.
bits 32
org ${base}

        mov edx, ${port}
        mov ecx, esp
        push esp                ; the ESP of before
        pop eax
        sub eax, ecx
        out dx, eax             ; 0
        push ecx
        mov ebx, esp
        push ebx
        pop esp                 ; the value popped
        pop eax
        sub eax, ecx
        out dx, eax             ; 0
        mov ebx, 3000h
        mov eax, 40
        mov [ebx+1000h], eax
        add [ebx+1000h], eax
        cmp [ebx+1000h], eax
        sub [ebx+1000h], ebx
        mov eax, [ebx+1000h]
        out dx, eax             ; 80 - 3000h
        mov eax, 7
        shl eax, 4              ; not in the subset
        imul eax, eax, 3        ; nor this
        mov esi, 2
        mov eax, [eax+esi*4+3EA8h] ; nor a SIB byte: [4000h]
        cmp eax, 0FFFFFFFFh
        adc eax, 0              ; nor ADC, but its carry
        out dx, eax             ; one more than before
        jmp far1
        hlt
        dd 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
far1:   mov eax, 1
        mov ebx, 1
        mov ecx, 1
        mov esi, 1
        mov edi, 1
        mov ebp, 1
        mov eax, 2
        mov ebx, 2
        mov ecx, 2
        mov esi, 2
        mov edi, 2
        mov ebp, 2
        hlt

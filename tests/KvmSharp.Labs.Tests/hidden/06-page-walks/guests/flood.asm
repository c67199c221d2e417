; Fills a table that is in use, without a walk through it meanwhile: after three writes the hypervisor gives it up. And a call that there is not.
bits 64
org ${base}

        mov qword [4000h], 200003h
        mov qword [3010h], 4003h
        mov al, [400000h]
        mov edi, 4008h
        mov ecx, 100
fill:   mov qword [rdi], 201003h
        add edi, 8
        loop fill
        mov eax, 0FFFh
        vmcall
        cmp rax, -1000
        je good
        mov cr3, rax            ; a wrong answer shows
good:   invlpg [400000h]
        hlt

; Turns paging on, with the page of its data mapped elsewhere, and asks for a snapshot.
bits 32
org ${base}

        mov edi, 21000h                 ; a table in which the first MiB has its own addresses
        mov eax, 3
fill:   mov [edi], eax
        add edi, 4
        add eax, 1000h
        cmp eax, 100003h
        jb fill
        mov dword [21000h+140h], 60003h ; but 50000h is 60000h
        mov dword [20000h], 21003h
        mov eax, 20000h
        mov cr3, eax
        mov eax, cr0
        or eax, 80010000h
        mov cr0, eax
        mov dword [50000h], 7
        mov edx, ${ask}
        mov eax, 1
        out dx, al
        mov edx, ${report}
        inc dword [50000h]
        mov eax, [50000h]
        out dx, eax                     ; 8
        mov eax, [60000h]
        out dx, eax                     ; 8: one page, two addresses
        mov edx, ${ask}
        mov eax, 1
        out dx, al                      ; the last snapshot counts
        mov edx, ${report}
        inc dword [60000h]
        mov eax, [50000h]
        out dx, eax                     ; 9
        hlt

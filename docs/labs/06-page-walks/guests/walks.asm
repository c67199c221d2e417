; Builds an address space that it does not load, and asks for walks through it.
bits 64
org ${base}

        mov rbp, maps
build:  mov rsi, [rbp]
        mov rdi, [rbp+8]
        mov r8, [rbp+16]
        call map
        add rbp, 24
        cmp rbp, last
        jb build
        mov rax, ${linear+0x80000000}
        shr rax, 30
        and eax, 1FFh
        and byte [rax*8+${tables+0x1000}], 0FDh ; the entry of level 3 loses R/W

        mov rbp, asked
ask:    mov eax, ${walk}
        mov rbx, ${tables+0x18} ; with flags, as CR3 may have them
        mov rcx, [rbp]
        mov rdx, [rbp+8]
        vmcall
        add rbp, 16
        cmp rbp, end
        jb ask

        mov rbp, priced
price:  mov eax, ${cost}
        mov rbx, ${tables}
        mov rcx, [rbp]
        vmcall
        add rbp, 8
        cmp rbp, priced+48
        jb price
        mov eax, ${cost}
        mov rbx, cr3
        mov ecx, ${base}
        vmcall                  ; this code: a page of 2 MiB
        hlt

; Makes the entry RDI for linear address RSI, at the level whose page offset has R8 bits; new tables allow everything.
map:    mov rbx, ${tables}
        mov ecx, 39
down:   mov rax, rsi
        shr rax, cl
        and eax, 1FFh
        lea rdx, [rbx+rax*8]
        cmp ecx, r8d
        je put
        mov rax, [rdx]
        test al, 1
        jnz have
        mov rax, [next]
        add qword [next], 1000h
        or rax, 7
        mov [rdx], rax
have:   and rax, -4096
        mov rbx, rax
        sub ecx, 9
        jmp down
put:    mov [rdx], rdi
        ret

next:   dq ${tables+0x1000}

; linear address, entry, bits of the page offset. Entries: 1 present, 2 writable, 4 user, 80h large; bit 63 no execute.
maps:   dq ${linear}, ${frame+7}, 12
        dq ${linear+0x1000}, ${frame+0x3005}, 12
        dq ${linear+0x2000}, ${frame+0x1003}, 12
        dq ${linear+0x3000}, ${frame+0x8000000000002007}, 12
        dq ${linear+0x200000}, 800087h, 21
        dq ${linear+0x600000}, 7FFF0007h, 21
        dq ${linear+0x40000000}, 40000087h, 30
        dq ${linear+0x80000000}, ${frame+7}, 12
last:

; linear address, access: 0 a read, 2 a write, 4 by level 3, 10h a fetch
asked:  dq ${linear+0x123}, 0           ; 1: a page of 4 KiB
        dq ${linear+0x1ABC}, 4          ; 2: read-only, read
        dq ${linear+0x1ABC}, 2          ; 3: read-only, written by level 0: fault, 3
        dq ${linear+0x2FF8}, 4          ; 4: not for level 3: fault, 5
        dq ${linear+0x2FF8}, 2          ; 5: but for level 0
        dq ${linear+0x3000}, 14h        ; 6: no execute: fault, 15h
        dq ${linear+0x3010}, 6          ; 7: but write
        dq ${linear+0x234567}, 6        ; 8: a page of 2 MiB
        dq ${linear+0x41234567}, 10h    ; 9: a page of 1 GiB
        dq ${linear+0x4000}, 6          ; 10: nothing there: fault, 6
        dq ${linear+0xC0000000}, 0      ; 11: nothing there, at level 3: fault, 0
        dq ${linear+0x80000FFF}, 0      ; 12: the level above is read-only, read
        dq ${linear+0x80000FFF}, 6      ; 13: and written: fault, 7
        dq ${linear+0x600123}, 0        ; 14: a table outside memory: fault, 0
end:

priced: dq ${linear}, ${linear+0x200000}, ${linear+0x40000000}
        dq ${linear+0x4000}, ${linear+0xC0000000}, ${linear+0x600000}

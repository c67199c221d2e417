; Works for ever, without an exit.
bits 16
org ${base}

here:   jmp here

#!/usr/bin/env bash
# Rebuilds the images of all guests.
#
#   ./build.sh              builds beside the sources (what is committed)
#   ./build.sh OUTDIR       builds into OUTDIR/NAME/ and leaves this folder alone
#   ./build.sh --check DIR  builds into DIR, then compares with the committed images; status 1 if one differs
#
# The same bytes come out with the tools of Debian 12: nasm 2.16, gcc 12.2 (with 32-bit support, no C library
# needed), binutils 2.40. No path, date or build id gets into an image.
set -euo pipefail
export LC_ALL=C

usage() {
  echo "usage: ${0##*/} [OUTDIR | --check DIR]" >&2
  exit 2
}

check=false
if [[ "${1-}" == "--check" ]]; then
  check=true
  shift
  [[ $# -eq 1 ]] || usage
fi
[[ $# -le 1 && "${1-}" != -* ]] || usage

source_dir="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
out_dir="$source_dir"
if [[ $# -eq 1 ]]; then
  mkdir -p "$1"
  out_dir="$(cd "$1" && pwd)"
fi
if $check && [[ "$out_dir" == "$source_dir" ]]; then
  echo "${0##*/}: --check needs another folder than the committed one" >&2
  exit 2
fi
cd "$source_dir"

freestanding_flags=(
  -ffreestanding -fno-builtin -fno-tree-loop-distribute-patterns # no calls of memset and its like
  -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none
  -fno-asynchronous-unwind-tables -fno-ident
)
compile_flags=(
  -m32 -march=i686 -mtune=generic -mgeneral-regs-only # integer instructions up to the Pentium Pro
  -std=gnu11 -O2 -Wall -Wextra -Werror
  "${freestanding_flags[@]}"
)
link_flags=(
  -nostdlib -static -no-pie -s
  -Wl,--build-id=none -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -Wl,-z,max-page-size=16
  -Wl,-T,multiboot.ld
)

images=()

# sector NAME: a boot sector; flat NAME: a flat file with an a.out-kludge multiboot header.
sector() { assemble "$1" img; }
flat() { assemble "$1" bin; }

assemble() {
  mkdir -p "$out_dir/$1"
  nasm -f bin -Wall -Werror -o "$out_dir/$1/$1.$2" "$1/$1.asm"
  images+=("$1/$1.$2")
}

# floppy NAME: a floppy that takes in a boot sector and a program, which are no images of their own.
floppy() {
  local parts
  parts="$(mktemp -d)"
  for part in boot program; do
    nasm -f bin -Wall -Werror -o "$parts/$part.bin" "$1/$part.asm"
  done
  mkdir -p "$out_dir/$1"
  nasm -f bin -Wall -Werror -I "$parts/" -o "$out_dir/$1/$1.img" "$1/$1.asm"
  rm -r "$parts"
  images+=("$1/$1.img")
}

# elf NAME: a multiboot ELF image from C.
elf() {
  mkdir -p "$out_dir/$1"
  gcc "${compile_flags[@]}" "${link_flags[@]}" -o "$out_dir/$1/$1.elf" "$1/$1.c"
  chmod -x "$out_dir/$1/$1.elf" # it runs on no operating system
  images+=("$1/$1.elf")
}

# The benchmarks: workloads/SOURCE.c on one runtime, as images/NAME-32.elf and images/NAME-64.elf. Multiboot loaders take
# 32-bit files only, so the 64-bit programs get 32-bit headers; all their addresses are low.
bench_objects="$(mktemp -d)"
trap 'rm -r "$bench_objects"' EXIT

# bench NAME SOURCE WIDTH [FLAG...]
bench() {
  local image="bench/images/$1-$3.elf" linked="$bench_objects/$1-$3"
  local flags=(-std=gnu11 -O2 -Wall -Wextra -Werror "${freestanding_flags[@]}" -I bench/runtime)
  if [[ $3 == 32 ]]; then
    flags+=(-m32 -march=i686 -mtune=generic)
  else
    flags+=(-m64 -mtune=generic -mno-red-zone -mcmodel=small)
  fi
  mkdir -p "$out_dir/bench/images"
  nasm -f "elf$3" -Wall -Werror -o "$linked.start.o" "bench/runtime/start$3.asm"
  gcc "${flags[@]}" -mgeneral-regs-only -c -o "$linked.bench.o" bench/runtime/bench.c
  gcc "${flags[@]}" "${@:4}" -c -o "$linked.o" "bench/workloads/$2.c"
  local objects=("$linked.start.o" "$linked.bench.o" "$linked.o")
  if grep -q '"system.h"' "bench/workloads/$2.c"; then
    gcc "${flags[@]}" -mgeneral-regs-only -c -o "$linked.system.o" bench/runtime/system.c
    objects+=("$linked.system.o")
  fi
  gcc "-m$3" "${link_flags[@]}" -o "$linked.elf" "${objects[@]}"
  objcopy -O elf32-i386 "$linked.elf" "$out_dir/$image"
  chmod -x "$out_dir/$image"
  images+=("$image")
}

sector hello
sector realmode
sector protected
sector ticks
sector echo
sector triple
floppy floppy
sector processors
flat paging
flat ring3
flat tss
flat faults
flat smc
flat memtest
elf tasks
elf verdict
elf sieve
elf multiboot
for name in coremix records sieve crc32 sha256 sort fib copy matrix strings smc paging; do
  bench "$name" "$name" 32 -mgeneral-regs-only
  bench "$name" "$name" 64 -mgeneral-regs-only
done
for name in rings faults portout portin timer; do
  bench "$name" "$name" 32 -mgeneral-regs-only
done
for width in 32 64; do
  bench doubles doubles "$width" -msse2 -mfpmath=sse
  bench x87 doubles "$width" -mno-sse -mfpmath=387 -DUSE_X87
done

echo "built ${#images[@]} images in $out_dir"

if $check; then
  differ=0
  for image in "${images[@]}"; do
    if ! cmp -s "$image" "$out_dir/$image"; then
      echo "differs: $image" >&2
      differ=1
    fi
  done
  exit "$differ"
fi

"""How each emulator is started with a benchmark, and how its processor time is read."""
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "guests" / "bench" / "images"
MEMORY_MIB = 128
PATIENCE = 600  # seconds; only ends what hangs


class Failed(Exception):
    """A run that did not come to its end mark."""


class Result:
    """The processor seconds between the marks, the wall seconds too, and what the guest said."""

    def __init__(self, cpu, wall, checksum, notes):
        self.cpu, self.wall, self.checksum, self.notes = cpu, wall, checksum, notes


def cpu_seconds(pid):
    """User and system time of all threads of a process, as its CPU clock has it (clock_getcpuclockid; the 2 is CPUCLOCK_SCHED)."""
    return time.clock_gettime((~pid << 3) | 2)


class Machine:
    """An emulator whose serial port is its standard output."""

    serial_is_stdout = True
    typed = b""  # on its standard input, once

    def missing(self):
        """Why it cannot run here, or None."""
        return None if shutil.which(self.program) else f"{self.program} is not installed"

    def measure(self, image, rounds=None):
        """Runs an image from IMAGES and returns its Result; rounds replaces the full run's count."""
        reader, writer = os.pipe()
        with tempfile.TemporaryDirectory() as folder, open(reader, "rb", buffering=0) as serial:
            try:
                command = self.command(IMAGES / f"{image}.elf", rounds, Path(folder), writer)
                process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=[writer],
                                           stdout=writer if self.serial_is_stdout else subprocess.DEVNULL)
            finally:
                os.close(writer)
            try:
                process.stdin.write(self.typed)
                process.stdin.close()
                return self.follow(process, serial)
            finally:
                process.kill()  # the marks are what counts: do not wait for an orderly end
                process.wait()

    def follow(self, process, serial):
        """Reads until the end mark; each mark's time is taken as soon as it arrives."""
        begin, notes, pending = None, [], b""
        deadline = time.monotonic() + PATIENCE
        while select.select([serial], [], [], max(deadline - time.monotonic(), 0))[0]:
            data = serial.read(4096)
            now, used = time.monotonic(), cpu_seconds(process.pid)
            if not data:
                break
            *lines, pending = (pending + data).split(b"\n")
            for words in (line.decode("latin-1").split() for line in lines):
                if words[:1] == ["begin"]:
                    begin = (used, now)
                elif words[:1] == ["note"]:
                    notes.append(" ".join(words[1:]))
                elif words[:1] == ["end"] and begin:
                    return Result(used - begin[0], now - begin[1], words[-1].partition("=")[2], notes)
        raise Failed(f"{self.name} came to no end mark")

    @staticmethod
    def first_line(*command):
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition("\n")[0]


class KvmSharp(Machine):
    name = "KvmSharp"
    program = str(ROOT / "src/KvmSharp.Cli/bin/Release/net10.0/kvmsharp")

    def __init__(self, engine):
        self.engine = engine

    def version(self):
        commit = self.first_line("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
        return f"KvmSharp {commit or 'without a commit'}, engine {self.engine}"

    def command(self, image, rounds, folder, serial):
        append = ["--append", f"rounds={rounds}"] if rounds else []
        return [self.program, "run", str(image), "--memory", f"{MEMORY_MIB}M", "--engine", self.engine, "--no-reboot", *append]


class Qemu(Machine):
    name = "QEMU"
    program = "qemu-system-x86_64"

    def version(self):
        return self.first_line(self.program, "--version") + ", accel tcg"

    def command(self, image, rounds, folder, serial):
        append = ["-append", f"rounds={rounds}"] if rounds else []
        return [self.program, "-accel", "tcg", "-m", f"{MEMORY_MIB}M", "-display", "none", "-serial", "stdio", "-monitor", "none",
                "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", str(image), *append]


class Bochs(Machine):
    """Bochs boots no multiboot image itself: GRUB does, from a CD."""

    name = "Bochs"
    program = "bochs"
    serial_is_stdout = False
    typed = b"c\n"  # with a debugger inside, as Debian builds it, it waits for "continue"
    share = Path(os.environ.get("BXSHARE", "/usr/share/bochs"))

    def missing(self):
        for tool in (self.program, "grub-mkrescue", "xorriso"):
            if not shutil.which(tool):
                return f"{tool} is not installed"
        return None if (self.share / "BIOS-bochs-latest").exists() else f"there is no {self.share / 'BIOS-bochs-latest'}"

    def version(self):
        lines = subprocess.run([self.program, "--help"], capture_output=True, text=True, check=False)
        return next((line.strip() for line in (lines.stdout + lines.stderr).split("\n") if "Bochs x86 Emulator" in line), "Bochs")

    def command(self, image, rounds, folder, serial):
        grub = folder / "cd" / "boot" / "grub"
        grub.mkdir(parents=True)
        shutil.copy(image, folder / "cd" / "boot" / "guest.elf")
        append = f" rounds={rounds}" if rounds else ""
        (grub / "grub.cfg").write_text(f"set timeout=0\nmenuentry guest {{\n  multiboot /boot/guest.elf{append}\n}}\n")
        subprocess.run(["grub-mkrescue", "-o", folder / "guest.iso", folder / "cd"], check=True, capture_output=True)
        (folder / "bochsrc").write_text("\n".join([
            f"megs: {MEMORY_MIB}",
            f"romimage: file={self.share / 'BIOS-bochs-latest'}",
            f"vgaromimage: file={self.share / 'VGABIOS-lgpl-latest'}",
            "ata0-master: type=cdrom, path=guest.iso, status=inserted",
            "boot: cdrom",
            f"com1: enabled=1, mode=file, dev=/dev/fd/{serial}",
            "display_library: rfb, options=\"timeout=0\"",
            "clock: sync=realtime",
            "log: bochs.log",
            "panic: action=fatal",
            ""]))
        return [self.program, "-q", "-f", "bochsrc"]

"""Turns Results into medians, ratios and the section of docs/performance.md."""
import datetime
import os
import platform
import re
import statistics
from pathlib import Path

BEGIN = "<!-- peers: begin -->"
END = "<!-- peers: end -->"
LEAST = 0.01  # a tick of the clock that cpu_seconds reads


class Row:
    """One image: each machine's median seconds, and how many times faster than each peer KvmSharp is."""

    def __init__(self, name, group, results):
        self.name, self.group = name, group
        self.seconds = {machine: statistics.median(r.cpu for r in runs) for machine, runs in results.items()}
        self.notes = {machine: runs[0].notes for machine, runs in results.items()}
        ours = results["KvmSharp"]
        self.ratios = {machine: statistics.median(max(peer.cpu, LEAST) / max(own.cpu, LEAST) for peer, own in zip(runs, ours))
                       for machine, runs in results.items() if machine != "KvmSharp"}

    def line(self, machines):
        parts = [f"{self.name:12}"] + [f"{machine.name} {self.seconds[machine.name]:7.2f} s" for machine in machines]
        parts += [f"against {peer} {ratio:.2f}" for peer, ratio in self.ratios.items()]
        parts += [f"({machine}: {', '.join(notes)})" for machine, notes in self.notes.items() if notes]
        return "  ".join(parts)


def render(rows, machines, pairs):
    """Markdown: the machine, the groups, the single images."""
    peers = [machine.name for machine in machines if machine.name != "KvmSharp"]
    widths = [width for width in ("32", "64") if any(row.name.endswith(width) for row in rows)]
    lines = [f"Measured by `tests/peers/peers.sh` on {datetime.date.today()}: {host()}.",
             *[f"{machine.version()}." for machine in machines],
             f"CPU seconds of the whole process between the marks on the serial port, {runs(pairs)}. A ratio",
             f"above 1 means that KvmSharp takes less; of several images it is the geometric mean. {len(rows)} images were run.", ""]
    lines += table(["group", *[f"{peer} / KvmSharp, {width} bits" for peer in peers for width in widths]],
                   [[group, *[mean(rows, group, peer, width) for peer in peers for width in widths]]
                    for group in dict.fromkeys(row.group for row in rows)])
    lines.append("")
    lines += table(["image", *[f"{machine.name}, s" for machine in machines], *[f"{peer} / KvmSharp" for peer in peers]],
                   [[row.name, *[f"{row.seconds[machine.name]:.2f}" for machine in machines], *[f"{row.ratios[peer]:.2f}" for peer in peers]]
                    for row in rows])
    return "\n".join(lines)


def runs(pairs):
    return "one run each" if pairs == 1 else f"medians of {pairs} alternating pairs"


def mean(rows, group, peer, width):
    ratios = [row.ratios[peer] for row in rows if row.group == group and row.name.endswith(width)]
    return f"{statistics.geometric_mean(ratios):.2f}" if ratios else ""


def table(head, rows):
    return ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows]]


def host():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    release = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    load = os.getloadavg()[0]
    return (f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} processors, "
            f"{release.group(1) if release else platform.system()}, load {load:.1f} at the end")


def write(path, text):
    """Replaces what stands between the two marks of the page."""
    page = path.read_text()
    if BEGIN not in page or END not in page:
        raise SystemExit(f"peers.sh: {path} has no marks {BEGIN} and {END}")
    path.write_text(page.partition(BEGIN)[0] + f"{BEGIN}\n{text}\n{END}" + page.partition(END)[2])

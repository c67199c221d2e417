"""Measures the benchmarks of guests/bench on KvmSharp and its peers: see README.md."""
import argparse
import json
import sys

import report
from machines import Bochs, Failed, KvmSharp, Qemu, ROOT

LIST = ROOT / "guests" / "bench" / "bench.json"


def parse(arguments):
    parser = argparse.ArgumentParser(prog="peers.sh", description="Measures the benchmarks of guests/bench on KvmSharp and its peers.")
    parser.add_argument("--pairs", type=int, default=5, metavar="N", help="runs of each image on each machine, alternately [default: 5]")
    parser.add_argument("--engine", default="auto", metavar="KIND", help="given to kvmsharp [default: auto]")
    parser.add_argument("--only", metavar="NAME,...", help="only these: sieve (both widths), sieve-32, ...")
    parser.add_argument("--peers", default="qemu,bochs", metavar="NAME,...", help="of qemu and bochs [default: both]")
    parser.add_argument("--quick", action="store_true", help="the tests' few rounds: only compares checksums")
    parser.add_argument("--rounds", type=int, metavar="N", help="instead of a full run's rounds: what is begun cold, as a million port accesses")
    parser.add_argument("--write", action="store_true", help="rewrite the section of docs/performance.md")
    parser.add_argument("--record", action="store_true", help="run each image on QEMU and write its checksums to bench.json")
    return parser.parse_args(arguments)


def chosen(benches, only):
    if only is None:
        return benches
    names = only.split(",")
    found = [bench for bench in benches if bench["name"] in names or bench["name"].rpartition("-")[0] in names]
    if not found:
        sys.exit(f"peers.sh: no benchmark is called {only}")
    return found


def present(machines):
    for machine in machines:
        reason = machine.missing()
        if reason is None:
            yield machine
        else:
            print(f"{machine.name} is left out: {reason}.", file=sys.stderr)


def record(benches):
    """QEMU decides what is right; the tests and every later measurement compare with it."""
    everything = json.loads(LIST.read_text())
    for bench in everything:
        if bench in benches:
            bench["checksum"] = Qemu().measure(bench["name"]).checksum
            bench["quickChecksum"] = Qemu().measure(bench["name"], bench["quickRounds"]).checksum
    LIST.write_text("[\n" + ",\n".join("  " + json.dumps(bench) for bench in everything) + "\n]\n")


def run_pairs(bench, machines, pairs, quick, rounds):
    """The Results of each machine; the order turns round from pair to pair, so that none always runs second."""
    results = {machine.name: [] for machine in machines}
    wanted = None if rounds else bench["quickChecksum" if quick else "checksum"]
    for pair in range(pairs):
        for machine in machines if pair % 2 == 0 else machines[::-1]:
            result = machine.measure(bench["name"], bench["quickRounds"] if quick else rounds)
            wanted = wanted or result.checksum  # of other rounds none is known: the machines must agree
            if result.checksum != wanted:
                raise Failed(f"{bench['name']} on {machine.name}: checksum {result.checksum} instead of {wanted}")
            results[machine.name].append(result)
    return results


def main():
    options = parse(sys.argv[1:])
    benches = chosen(json.loads(LIST.read_text()), options.only)
    if options.record:
        record(benches)
        return 0

    peers = [machine for machine in (Qemu(), Bochs()) if machine.name.lower() in options.peers.split(",")]
    machines = list(present([KvmSharp(options.engine), *peers]))
    rows, failures = [], 0
    for bench in benches:
        try:
            results = run_pairs(bench, machines, 1 if options.quick else options.pairs, options.quick, options.rounds)
        except Failed as failure:
            print(failure, file=sys.stderr)
            failures += 1
            continue
        if options.quick:
            print(f"{bench['name']}: {bench['quickChecksum']} on {', '.join(results)}", flush=True)
            continue
        row = report.Row(bench["name"], bench["group"], results)
        rows.append(row)
        print(row.line(machines), flush=True)

    if rows:
        text = report.render(rows, machines, options.pairs)
        print("\n" + text)
        if options.write:
            report.write(ROOT / "docs" / "performance.md", text)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

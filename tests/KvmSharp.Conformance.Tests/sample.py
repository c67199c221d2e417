#!/usr/bin/env python3
"""Makes the committed sample of the silicon vectors.

usage: sample.py SILICON_FOLDER

SILICON_FOLDER holds meta.json and m16/, m32/, m64/. The sample goes to Vectors/silicon beside this script.

The rule, so that the same vectors always give the same sample: in each group the records of a form (same "n") are taken in
file order, those that end in an exception apart from the others. Of each such row of records, if it is longer than PER_FORM, the
PER_FORM ones at index i * length // PER_FORM are kept. So every group and every form is there, and every form's exceptions, and
rare forms weigh as much as common ones. meta.json is copied with the counts of what was kept.
"""
import gzip
import json
import pathlib
import sys

PER_FORM = 25


def sample(lines):
    rows = {}
    for index, line in enumerate(lines):
        record = json.loads(line)
        rows.setdefault((record["n"], "x" in record), []).append(index)
    kept = set()
    for row in rows.values():
        count = min(PER_FORM, len(row))
        kept.update(row[i * len(row) // count] for i in range(count))
    return [lines[index] for index in sorted(kept)]


def main():
    source = pathlib.Path(sys.argv[1])
    target = pathlib.Path(__file__).resolve().parent / "Vectors" / "silicon"
    meta = json.loads((source / "meta.json").read_text())
    total = 0
    for path in sorted(source.glob("m*/*.jsonl.gz")):
        kept = sample(gzip.decompress(path.read_bytes()).splitlines(keepends=True))
        packed = gzip.compress(b"".join(kept), 9, mtime=0)
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(packed)
        records = [json.loads(line) for line in kept]
        group = f"{path.parent.name}/{path.name.split('.')[0]}"
        meta["groups"][group] = {
            "records": len(records),
            "forms": len({record["n"] for record in records}),
            "faulting": sum("x" in record for record in records),
            "bytes": len(packed),
        }
        total += len(records)
    meta["records"] = total
    meta["cpu"] = meta["cpu"][:3]
    (target / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    size = sum(path.stat().st_size for path in target.rglob("*.gz"))
    print(f"{total} records, {size} bytes")


main()

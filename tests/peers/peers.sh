#!/usr/bin/env bash
# Builds kvmsharp (Release) and measures the benchmarks of guests/bench on it and on the peers that are installed.
# See README.md, or ./peers.sh --help.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"

command -v python3 > /dev/null || { echo "${0##*/}: python3 is needed" >&2; exit 2; }
dotnet build -c Release --nologo -v quiet "$root/src/KvmSharp.Cli" >&2
exec python3 "$here/peers.py" "$@"

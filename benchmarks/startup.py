"""Seconds until `inkmint --help` has answered, against `python -c pass`, in one paired run.

python benchmarks/startup.py [--rounds 20]
"""

import argparse
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from inkmint.runtime import environment


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    inkmint = [str(Path(sysconfig.get_path("scripts")) / "inkmint"), "--help"]
    python = [sys.executable, "-c", "pass"]
    seconds(inkmint), seconds(python)
    turns = [(seconds(inkmint), seconds(python)) for _ in range(rounds)]
    machine = environment()
    print(f"command   python {' '.join(sys.argv)}")
    print(f"machine   {machine['processor']}, {machine['num_cpus']} CPUs; Python {machine['python']}")
    for name, values in (
        ("inkmint --help", [ours for ours, _ in turns]),
        ("python -c pass", [bare for _, bare in turns]),
    ):
        median, low, high = (1000 * value for value in (statistics.median(values), min(values), max(values)))
        print(f"{name}  {median:.0f} ms (median of {rounds}; {low:.0f} to {high:.0f})")
    ratios = [ours / bare for ours, bare in turns]
    print(
        f"ratio           {statistics.median(ratios):.2f} (median of pairs; {min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()

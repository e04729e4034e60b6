"""A set minted by several processes, some of them killed, against the same set by one: the same bytes, and images/s.

    python benchmarks/minting.py [--number 1000000] [--processes 4] [--kills 2] [--format npz] [--shard-size 10000]

Each process is a command of its own, `inkmint mint --processes 1`, on the same folder; nothing but the folder is
between them. At random moments of the first 70 % of the work one of them, at random too, is killed outright (SIGKILL)
and started again. Then every byte of both folders is compared by its SHA-256.
"""

import argparse
import json
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from inkmint.files import sha256_bytes, sha256_file
from inkmint.runtime import environment, set_threads


def start(command: list[str], path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command, "-o", str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def finish(process: subprocess.Popen[str]) -> dict[str, float]:
    out, _ = process.communicate()
    if process.returncode:
        sys.exit(f"inkmint mint ended with {process.returncode}")
    record: dict[str, float] = json.loads(out)
    return record


def hashes(path: Path) -> dict[str, str]:
    """SHA-256 of every file but for the locks."""
    files = sorted(file for file in path.rglob("*") if file.is_file() and ".locks" not in file.parts)
    return {file.relative_to(path).as_posix(): sha256_file(file) for file in files}


def num_complete(path: Path) -> int:
    return len(list(path.glob("records/shard-*.json")))


def shared(
    command: list[str], path: Path, num_processes: int, moments: list[tuple[int, float]], draws: random.Random
) -> float:
    """Mint in several processes, and kill one at each moment; how many seconds it took in all.

    Args:
        command: Of a single process, but for the folder.
        path: The folder.
        num_processes: At work at a time.
        moments: Numbers of complete shards, and seconds thereafter.
        draws: Chooses whom to kill.
    """
    begun = time.perf_counter()
    processes = [start(command, path) for _ in range(num_processes)]
    for num_shards, pause_sec in sorted(moments):
        while num_complete(path) < num_shards:
            time.sleep(0.01)
        time.sleep(pause_sec)
        running = [place for place, process in enumerate(processes) if process.poll() is None]
        if not running:
            sys.exit("All had ended before the last was to be killed; mint more images.")
        place = draws.choice(running)
        processes[place].send_signal(signal.SIGKILL)
        processes[place].communicate()
        print(f"  killed one of {len(running)}, {num_complete(path)} shards complete", flush=True)
        processes[place] = start(command, path)
    for process in processes:
        finish(process)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--number", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--format", default="npz")
    parser.add_argument("--shard-size", type=int, default=10_000)
    parser.add_argument("--model", default="acgan-sa")
    parser.add_argument("--judge", default="judge-v1")
    parser.add_argument("--folder", type=Path, help="Where to mint; default: a temporary folder.")
    arguments = parser.parse_args()
    set_threads(1)
    machine = environment()
    command = [sys.executable, "-m", "inkmint", "mint", arguments.model, "-n", str(arguments.number)]
    command += ["--format", arguments.format, "--shard-size", str(arguments.shard_size)]
    command += ["--judge", arguments.judge, "--processes", "1", "--json"]
    seed = random.randrange(2**32)
    draws = random.Random(seed)

    print(f"command   python {shlex.join(sys.argv)}")
    print(f"machine   {machine['processor']}, {machine['num_cpus']} CPUs, one thread per process")
    print(f"versions  Python {machine['python']}, {machine['versions']}")
    print(f"{arguments.number:,} images by {arguments.model}, judged by {arguments.judge}\n", flush=True)

    folder = Path(tempfile.mkdtemp(dir=arguments.folder, prefix="minting-"))
    try:
        begun = time.perf_counter()
        finish(start(command, folder / "one"))
        alone_sec = time.perf_counter() - begun
        print(f"one process: {alone_sec:,.1f} s, {arguments.number / alone_sec:,.0f} images/s", flush=True)

        num_shards = -(-arguments.number // arguments.shard_size)
        thresholds = draws.choices(range(1, max(2, round(0.7 * num_shards))), k=arguments.kills)
        moments = [(threshold, draws.uniform(0, alone_sec / num_shards)) for threshold in thresholds]
        print(
            f"{arguments.processes} processes, of which {arguments.kills} are killed (moments of seed {seed}):"
        )
        shared_sec = shared(command, folder / "shared", arguments.processes, moments, draws)
        print(f"  {shared_sec:,.1f} s, {arguments.number / shared_sec:,.0f} images/s with what was lost")

        one, several = hashes(folder / "one"), hashes(folder / "shared")
        listing = "".join(f"{sha256}  {file}\n" for file, sha256 in one.items())
        num_bytes = sum(file.stat().st_size for file in (folder / "one").rglob("*") if file.is_file())
        print(
            f"\n{len(one):,} files, {num_bytes / 1e6:,.0f} MB, SHA-256 of their list {sha256_bytes(listing.encode())}"
        )
        different = [file for file in one.keys() | several.keys() if one.get(file) != several.get(file)]
        if different:
            sys.exit(f"DIFFERENT: {', '.join(sorted(different)[:10])}")
        print("the same bytes in both")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

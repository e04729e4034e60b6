"""Two nodes under torchrun: the weights of one process, and a clear end where the nodes differ.

Each node has a torchrun, a working folder and a copy of the data of its own. Where the system allows it, each also has
a network of its own, and a cable joins them; else both are this machine, on two ports.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from inkmint.data.npz import write_npz
from inkmint.data.sources import load_splits, load_starter
from inkmint.training import session
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run

pytestmark = pytest.mark.slow
WORKER = Path(__file__).with_name("distributed_worker.py")
NOBODY = ["-1", "-1"]
LIMIT_SEC = 60


class Node(NamedTuple):
    prefix: list[str]  # runs a command there
    variables: dict[str, str]


class Nodes(NamedTuple):
    both: tuple[Node, Node]
    address: str  # of the first


def cable(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)


@pytest.fixture
def nodes(request: pytest.FixtureRequest) -> Iterator[Nodes]:
    if request.param == "loopback":
        here = Node([], {"GLOO_SOCKET_IFNAME": "lo"})
        yield Nodes((here, here), "127.0.0.1")
        return
    names = [f"inkmint-{os.getpid()}-{number}" for number in range(2)]
    ends = [f"ink{os.getpid() % 10**7}v{number}" for number in range(2)]
    try:
        for name in names:
            cable("netns", "add", name)
        cable(
            "link",
            "add",
            ends[0],
            "netns",
            names[0],
            "type",
            "veth",
            "peer",
            "name",
            ends[1],
            "netns",
            names[1],
        )
        for number, (name, end) in enumerate(zip(names, ends, strict=True), 1):
            cable("-n", name, "address", "add", f"10.77.0.{number}/24", "dev", end)
            for link in (end, "lo"):
                cable("-n", name, "link", "set", link, "up")
    except (OSError, subprocess.SubprocessError) as error:
        remove(names)
        pytest.skip(f"no network namespaces here: {error}")
    try:
        first, second = (
            Node(["ip", "netns", "exec", name], {"GLOO_SOCKET_IFNAME": end})
            for name, end in zip(names, ends, strict=True)
        )
        yield Nodes((first, second), "10.77.0.1")
    finally:
        remove(names)


def remove(names: list[str]) -> None:
    for name in names:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=10)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def train(nodes: Nodes, folders: list[Path], rendezvous: str) -> list[subprocess.CompletedProcess[str]]:
    """Start one torchrun on each node, as its user would, and wait for both."""
    port = free_port()
    if rendezvous == "static":
        meeting = ["--master-addr", nodes.address, "--master-port", str(port)]
    else:
        meeting = [
            "--rdzv-backend",
            "c10d",
            "--rdzv-id",
            "inkmint",
            "--rdzv-endpoint",
            f"{nodes.address}:{port}",
        ]
    started = []
    for rank, (node, folder) in enumerate(zip(nodes.both, folders, strict=True)):
        own = ["--node-rank", str(rank)] if rendezvous == "static" else ["--rdzv-conf", f"is_host={1 - rank}"]
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"]
        options = ["--data", "digits.npz", "--threads", "1", "--judge", "none", "--runs", "runs"]
        started.append(
            subprocess.Popen(
                [*node.prefix, *torchrun, *meeting, *own, str(WORKER), ".", *NOBODY, "recipe.toml", *options],
                cwd=folder,
                env={**os.environ, **node.variables, "INKMINT_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    done = []
    try:
        for process in started:
            out, err = process.communicate(timeout=LIMIT_SEC)
            done.append(subprocess.CompletedProcess(process.args, process.returncode, out, err))
    finally:
        for process in started:
            process.kill()
            process.wait()
    return done


@pytest.fixture
def folders(tmp_path: Path, short: Callable[..., Recipe]) -> list[Path]:
    """LeNet draws no dropout and has no batch statistics, so two halves of a batch are the batch."""
    both = [tmp_path / "node0", tmp_path / "node1"]
    digits = load_starter().train.sample_per_class(20, seed=0)
    for folder in both:
        folder.mkdir()
        short("lenet-attention-quick", batch_size=20, epochs=1).save(folder / "recipe.toml")
        write_npz(digits, folder / "digits.npz")
    return both


@pytest.mark.parametrize(
    ("nodes", "rendezvous"), [("cable", "static"), ("loopback", "c10d")], indirect=["nodes"]
)
def test_two_nodes_end_with_the_weights_of_one_process(
    rendezvous: str, nodes: Nodes, folders: list[Path], tmp_path: Path, short: Callable[..., Recipe]
) -> None:
    done = train(nodes, folders, rendezvous)
    assert [process.returncode for process in done] == [0, 0], done[0].stderr + done[1].stderr
    first, second = (
        torch.load(folder / f"rank{rank}.pt")["recogniser"] for rank, folder in enumerate(folders)
    )
    recipe = short("lenet-attention-quick", batch_size=20, epochs=1)
    splits = load_splits(str(folders[0] / "digits.npz"))
    state = session.train(recipe, splits, tmp_path / "alone", threads=1).load_checkpoint()
    assert state is not None
    for name, weight in state["networks"]["recogniser"].items():
        assert torch.equal(first[name], second[name]), name
        torch.testing.assert_close(first[name], weight, rtol=1e-4, atol=1e-6)

    (run,) = (folders[0] / "runs").iterdir()
    assert Run(run).read_config().workers == 2
    assert Run(run).read_status()["state"] == "finished"
    assert not (folders[1] / "runs").exists(), "only the first node writes"


@pytest.mark.parametrize("nodes", ["loopback"], indirect=True)
def test_nodes_with_different_data_are_refused_by_both(nodes: Nodes, folders: list[Path]) -> None:
    write_npz(load_starter().train.sample_per_class(20, seed=1), folders[1] / "digits.npz")
    for process in train(nodes, folders, "static"):
        assert process.returncode != 0
        assert "Worker 1 differs from worker 0 in the data's fingerprint" in process.stderr
        assert "same command, data and versions" in process.stderr
    assert not any((folder / "runs").exists() for folder in folders)

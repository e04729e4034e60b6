"""The machine: device, threads, seeds, workers of a distributed run, and library versions."""

import atexit
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.metadata import version
from typing import Any, Self

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from inkmint import __version__
from inkmint.errors import DistributedError, SettingsError

DEVICES = ("auto", "cpu", "cuda", "mps")
LOST_WORKER_TIMEOUT_SEC = 60


def resolve_device(name: str) -> torch.device:
    """Turn `auto`, `cpu`, `cuda` or `mps` into a device; `auto` takes the fastest that is there.

    Raises:
        SettingsError: The device is unknown, or this machine or build of torch lacks it.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, present in available.items() if present)
    if not available.get(name, False):
        raise SettingsError(f"The device {name!r} is not available here; choose --device auto or cpu.")
    if name == "cuda":
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device(name)


def set_threads(num_threads: int | None) -> int:
    """Fix the number of CPU threads that torch computes with, and return it.

    Args:
        num_threads: None leaves torch's choice, which is one per physical core.
    """
    if num_threads is not None:
        if num_threads < 1:
            raise SettingsError(f"{num_threads} threads cannot compute anything; choose --threads 1 or more.")
        torch.set_num_threads(num_threads)
    return torch.get_num_threads()


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """Compute with zeros in place of denormal numbers, and leave the process as it was.

    Adam's moments decay into denormal numbers, which a CPU adds a hundred times more slowly than zeros.
    """
    flushed_before = not torch.tensor(1e-45).mul(1).item()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed_before)


@contextmanager
def fast_products() -> Iterator[None]:
    """Multiply float32 matrices by oneDNN where that is faster and as exact, and leave the process as it was.

    On AMD processors oneDNN multiplies about twice as fast as the MKL that torch takes. The way that torch has to it is
    its permission to round factors to bfloat16, which oneDNN takes up on processors with matrix units (AMX) alone.
    Nothing is permitted there, nor where a product shows that it was taken up, nor by releases of torch that cannot.
    """
    settings: Any = getattr(torch.backends.mkldnn, "matmul", None)
    if not hasattr(settings, "fp32_precision") or not _is_amd_without_matrix_units():
        yield
        return
    before = settings.fp32_precision
    settings.fp32_precision = "bf16"
    try:
        if not _products_are_exact():
            settings.fp32_precision = before
        yield
    finally:
        settings.fp32_precision = before


def _is_amd_without_matrix_units() -> bool:
    return _processor().startswith("AMD") and not torch.cpu.get_capabilities()["amx_tile"]


@cache
def _products_are_exact() -> bool:
    """Whether a product, as they are computed now, has the accuracy of float32 factors: 2^-24, not bfloat16's 2^-9."""
    a, b = torch.rand(2, 256, 256, generator=torch.Generator().manual_seed(0))
    return bool(((a @ b) / (a.double() @ b.double()) - 1).abs().max() < 1e-5)


def seed_of(*path: int) -> int:
    """A 63-bit seed for a place in a run, such as (seed, stream, step).

    Seeds of different paths are independent, so that what a step draws depends only on where it
    is and never on what was drawn before: a resumed run needs no saved generator state.
    """
    return int(np.random.SeedSequence(path).generate_state(1, np.uint64)[0] >> 1)


def generator_of(*path: int) -> torch.Generator:
    """A CPU random generator for a place in a run; see `seed_of`."""
    return torch.Generator().manual_seed(seed_of(*path))


@dataclass(frozen=True)
class Workers:
    """The processes that train one model together, under `torchrun`, or this one alone.

    Every worker draws the random numbers of the whole batch and works on its own share, so that
    several workers compute what one would have, to rounding; only dropout masks are drawn, and
    batches normalised, within a share.
    """

    rank: int = 0
    count: int = 1

    @classmethod
    def join(cls) -> Self:
        """Join the group that `torchrun` announces in the environment, or stay alone.

        Raises:
            DistributedError: The group cannot be formed.
        """
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count == 1:
            return cls()
        try:
            if not dist.is_initialized():
                dist.init_process_group(_backends(), timeout=timedelta(seconds=LOST_WORKER_TIMEOUT_SEC))
                atexit.register(dist.destroy_process_group)
        except (RuntimeError, ValueError) as error:
            raise DistributedError(
                f"The {count} workers could not find each other ({_first_line(error)}); "
                "check the address, port and number of workers given to torchrun, and on several machines set "
                "GLOO_SOCKET_IFNAME to the network card."
            ) from error
        return cls(dist.get_rank(), count)

    @property
    def is_first(self) -> bool:
        """Whether this worker is the one that writes files and talks to the user."""
        return self.rank == 0

    def share(self, batch_N: Tensor) -> Tensor:
        """This worker's part of something drawn for the whole batch, (N / count, ...)."""
        size = len(batch_N) // self.count
        return batch_N[self.rank * size : (self.rank + 1) * size]

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its mean over the workers, in one message."""
        if self.count == 1:
            return
        parts = list(tensors)
        flat = torch.cat([part.flatten() for part in parts])
        self._all_reduce(flat)
        flat /= self.count
        torch._foreach_copy_(
            parts,
            [
                mean.view_as(part)
                for mean, part in zip(flat.split([p.numel() for p in parts]), parts, strict=True)
            ],
        )

    def any(self, flag: bool) -> bool:
        """Whether the flag is set on any worker."""
        if self.count == 1:
            return flag
        raised = torch.tensor(float(flag))
        self._all_reduce(raised)
        return bool(raised > 0)

    def broadcast(self, value: Any) -> Any:
        """The first worker's value, on every worker."""
        if self.count == 1:
            return value
        box = [value]
        try:
            dist.broadcast_object_list(box, src=0)
        except RuntimeError as error:
            raise self._lost(error) from error
        return box[0]

    def require_same(self, facts: Mapping[str, Any]) -> None:
        """Let all workers go on, or none.

        Args:
            facts: What decides the result, by a name for the message. Averages of different things would be no error
                to a machine.

        Raises:
            DistributedError: On every worker, if two of them bring different facts.
        """
        if self.count == 1:
            return
        brought: list[Any] = [None] * self.count
        try:
            dist.all_gather_object(brought, dict(facts))
        except RuntimeError as error:
            raise self._lost(error) from error
        for rank, other in enumerate(brought):
            for name, value in brought[0].items():
                if other[name] != value:
                    raise DistributedError(
                        f"Worker {rank} differs from worker 0 in the {name} ({other[name]!s:.80}, not {value!s:.80}); "
                        "start every node with the same command, data and versions."
                    )

    def _all_reduce(self, tensor: Tensor) -> None:
        try:
            dist.all_reduce(tensor)
        except RuntimeError as error:
            raise self._lost(error) from error

    def _lost(self, error: RuntimeError) -> DistributedError:
        return DistributedError(
            f"Worker {self.rank} of {self.count} lost contact with another ({_first_line(error)}); "
            "start the same torchrun command again with --resume and the run folder."
        )


ALONE = Workers()


def _backends() -> str:
    """What carries messages: gradients lie where the network is, flags and facts always on the CPU."""
    return "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__


def environment() -> dict[str, Any]:
    """What a figure needs beside it: machine, threads, and versions of what computed it."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "num_cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "versions": {
            "inkmint": __version__,
            **{name: version(name) for name in ("torch", "numpy", "scikit-learn")},
        },
    }


def machine_in_words(recorded: Mapping[str, Any]) -> str:
    """Processor, threads and torch of a recorded `environment`."""
    threads = f"{recorded['threads']} thread{'s' * (recorded['threads'] != 1)}"
    return f"{recorded['processor']}, {threads}, torch {recorded['versions']['torch']}"


@cache
def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()

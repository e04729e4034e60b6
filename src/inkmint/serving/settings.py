"""What a server may be told: where it listens, what it shows, and how much it takes on."""

import os
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8765
DEFAULT_UPLOAD_MB = 8.0
DEFAULT_RATE = 50.0
BURST_SEC = 2.0
"""What a client may send at once, in seconds of its rate."""


def num_cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Settings:
    """Everything that a server is told.

    Attributes:
        host: Address that it listens on.
        runs: The folder of run folders.
        token: What every request must bring; empty for none.
        threads: Requests that are computed at a time.
        max_waiting: Requests that may be computed or wait for it; one more is turned away.
        max_upload_bytes: Of a request's body.
        max_uploads: Bodies that may be on their way at a time.
        upload_sec: In which a body must have come.
        rate: Requests per second and client that may go on for ever; 0 for no limit.
        burst: Requests that a client may send at once.
        max_streams: Streams of events that may be open at a time.
        poll_sec: Between two looks at a run that is followed.
        heartbeat_sec: Longest silence of a stream of events.
    """

    host: str = DEFAULT_HOST
    runs: Path = Path("runs")
    token: str = ""
    threads: int = field(default_factory=num_cores)
    max_waiting: int = 64
    max_upload_bytes: int = int(DEFAULT_UPLOAD_MB * 2**20)
    max_uploads: int = 64
    upload_sec: float = 15.0
    rate: float = DEFAULT_RATE
    burst: int = int(BURST_SEC * DEFAULT_RATE)
    max_streams: int = 32
    poll_sec: float = 0.5
    heartbeat_sec: float = 15.0

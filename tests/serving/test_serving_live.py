"""A server on a loopback port: streams, slow clients, ends, and what is imported."""

import json
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import httpx
import pytest
from filelock import FileLock
from PIL import Image
from serving_fakes import FakeRecogniser, fake_engines
from serving_support import drawing, make_run, png, running, write_records

from inkmint.serving.addresses import PortError, listen

QUICK = {"poll_sec": 0.02, "heartbeat_sec": 0.1}


def events_of(response):
    """(event, data) as they come; a comment is ("", None)."""
    kind = ""
    for line in response.iter_lines():
        if line.startswith(":"):
            yield "", None
        elif line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


@pytest.fixture
def growing(tmp_path, monkeypatch):
    """A run that goes on, as its lock is held."""
    monkeypatch.setattr("inkmint.serving.run_folders._QUIET_SEC", 0)
    run = make_run(tmp_path / "runs" / "growing", "running")
    with FileLock(run / "run.lock"):
        yield run


def test_a_run_is_followed_until_it_ends(growing, make_client):
    with (
        running(make_client(**QUICK).app) as address,
        httpx.stream("GET", f"{address}/api/runs/growing/events", timeout=20) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        events = events_of(response)
        assert next(events) == ("status", {"status": "running"})
        assert next(events) == ("", None)  # a sign of life
        write_records(growing, [21])
        kind, record = next(event for event in events if event[0])
        assert kind == "metrics"
        assert record["losses"] == {"generator/adversarial": 1 / 21}
        Image.new("L", (9, 9)).save(growing / "samples" / "epoch_0002.png")
        assert next(event for event in events if event[0]) == ("sample", {"name": "epoch_0002.png"})
        write_records(growing, [22])
        (growing / "status.json").write_text(json.dumps({"state": "finished"}))
        rest = [event for event in events if event[0]]
        assert [kind for kind, _ in rest] == ["metrics", "status", "end"]
        assert rest[0][1]["step"] == 22
        assert rest[1][1] == rest[2][1] == {"status": "finished"}


def test_a_stream_begins_where_the_curves_end(growing, make_client):
    client = make_client(**QUICK)
    offset = client.get("/api/runs/growing/metrics").json()["offset"]
    write_records(growing, [21, 22])
    (growing / "status.json").write_text(json.dumps({"state": "failed"}))
    with running(client.app) as address, httpx.Client(timeout=20) as asking:

        def told(query, **headers):
            return asking.get(f"{address}/api/runs/growing/events{query}", headers=headers).text

        text = told(f"?after={offset}")
        assert text.count("event: metrics") == 2
        assert f"id: {(growing / 'metrics.jsonl').stat().st_size}" in text
        assert text.endswith('event: end\ndata: {"status": "failed"}\n\n')
        assert told("?after=0", **{"Last-Event-ID": str(offset)}) == text
        assert told("?after=0").count("event: metrics") == 24
        assert told("").count("event: metrics") == 0
        assert told("?after=99999999").count("event: metrics") == 0


def test_a_run_that_dies_is_said_to_be_dead(tmp_path, make_client, monkeypatch):
    monkeypatch.setattr("inkmint.serving.run_folders._QUIET_SEC", 0)
    run = make_run(tmp_path / "runs" / "killed", "running")
    code = """
        import sys, time
        from filelock import FileLock
        with FileLock(sys.argv[1]):
            print("held", flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(run / "run.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with (
            running(make_client(**QUICK).app) as address,
            httpx.stream("GET", f"{address}/api/runs/killed/events", timeout=20) as response,
        ):
            events = events_of(response)
            assert next(events) == ("status", {"status": "running"})
            process.kill()
            assert [event for event in events if event[0]] == [
                ("status", {"status": "dead"}),
                ("end", {"status": "dead"}),
            ]


def test_a_stream_ends_when_records_are_written_anew(growing, make_client):
    """A resumed run drops what it will compute again; the page then asks for all curves once more."""
    with (
        running(make_client(**QUICK).app) as address,
        httpx.stream("GET", f"{address}/api/runs/growing/events", timeout=20) as response,
    ):
        events = events_of(response)
        assert next(events) == ("status", {"status": "running"})
        lines = (growing / "metrics.jsonl").read_text().splitlines(keepends=True)
        (growing / "new").write_text("".join(lines[:5]))
        (growing / "new").replace(growing / "metrics.jsonl")
        assert [event for event in events if event[0]] == [("end", {"status": "running"})]


def test_streams_are_counted(growing, make_client):
    client = make_client(**QUICK, max_streams=1)
    with running(client.app) as address:
        with httpx.stream("GET", f"{address}/api/runs/growing/events", timeout=20) as response:
            events = events_of(response)  # held, as it closes the stream when it goes
            assert next(events)[0] == "status"
            refused = httpx.get(f"{address}/api/runs/growing/events", timeout=20)
            assert "followed already" in client.refusal(refused, 503)
        deadline = time.monotonic() + 20
        while client.app.state.context.num_streams:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_an_open_stream_does_not_keep_the_server(growing, make_client):
    with httpx.Client(timeout=20) as asking:
        with running(make_client(poll_sec=60).app) as address:
            stream = asking.send(
                asking.build_request("GET", f"{address}/api/runs/growing/events"), stream=True
            )
            events = events_of(stream)
            assert next(events)[0] == "status"
            started = time.monotonic()
        assert time.monotonic() - started < 10
        assert list(events) == []


UPLOAD = "POST /api/look HTTP/1.1\r\nHost: {0}\r\nContent-Type: image/png\r\nContent-Length: 999\r\n\r\n"


def connected(address):
    """A connection to a server, and the Host that it answers to."""
    host = address.removeprefix("http://")
    name, port = host.split(":")
    return socket.create_connection((name, int(port)), timeout=20), host


def test_a_slow_upload_is_given_up(make_client):
    with running(make_client(upload_sec=0.2).app) as address:
        connection, host = connected(address)
        with connection:
            connection.sendall(UPLOAD.format(host).encode() + b"\x89PNG")
            answer = b""
            while part := connection.recv(65536):
                answer += part
        assert answer.startswith(b"HTTP/1.1 408")
        assert b'{"error":"The upload took longer' in answer
        assert httpx.get(f"{address}/api/health").status_code == 200


def test_uploads_are_counted(make_client):
    client = make_client(upload_sec=20, max_uploads=1)
    with running(client.app) as address:
        connection, host = connected(address)
        with connection:
            connection.sendall(UPLOAD.format(host).encode())
            deadline = time.monotonic() + 20
            response = look_at(address)
            while response.status_code == 200 and time.monotonic() < deadline:  # until the other has arrived
                response = look_at(address)
            assert "Too many uploads" in client.refusal(response, 503)


def look_at(address):
    kind = {"Content-Type": "image/png"}
    return httpx.post(f"{address}/api/look", content=png(drawing()), headers=kind, timeout=20)


def test_a_client_that_goes_away_leaves_no_trace(make_client):
    with running(make_client().app) as address:
        for content in (
            b"",
            b"POST /api/look HTTP/1.1\r\n",
            b"\x00\xff nonsense\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
        ):
            connection, _ = connected(address)
            with connection:
                connection.sendall(content)
        assert httpx.get(f"{address}/api/health").json()["waiting"] == 0


def test_answers_come_while_others_are_computed(make_client):
    free = threading.Event()

    class Slow(FakeRecogniser):
        def predict_proba(self, X):
            assert free.wait(20)
            return super().predict_proba(X)

    client = make_client(fake_engines(recogniser=Slow), threads=2)
    with running(client.app) as address, httpx.Client(base_url=address, timeout=20) as asking:
        answers = []
        thread = threading.Thread(target=lambda: answers.append(look_at(address)))
        thread.start()
        assert asking.get("/api/health").status_code == 200
        assert asking.post("/api/generate", json={}).status_code == 200
        assert not answers
        free.set()
        thread.join(20)
        assert answers[0].json()["digit"] == 1


def test_a_port_that_is_taken():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match="is taken by another program; give another with --port"):
            listen("127.0.0.1", port)
        with listen("127.0.0.1", port, or_next=True) as other:
            assert port < other.getsockname()[1] <= port + 20


@pytest.mark.parametrize("host", ["198.51.100.1", "no.such.name.invalid"])
def test_an_address_of_another_machine(host):
    with pytest.raises(PortError, match="is no address of this machine"):
        listen(host, 0)


SERVE = """
    import sys
    sys.path[:0] = [{folder!r}]
    from serving_fakes import fake_engines
    from inkmint.serving import engines
    engines.Engines.named = lambda *_: fake_engines()
    sys.argv = ["inkmint", "serve", "--no-open", "--port", "0", *sys.argv[1:]]
    from inkmint.cli.main import main
    main()
"""


@pytest.fixture
def served(tmp_path):
    """Runs `inkmint serve` with fake networks in a process of its own; gives it and its address."""
    code = textwrap.dedent(SERVE).format(folder=str(Path(__file__).parent))
    processes = []

    def start(*arguments, code=code):
        command = [sys.executable, "-c", code, "--runs", str(tmp_path / "runs"), *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, cwd=tmp_path, **pipes)
        processes.append(process)
        line = process.stdout.readline()
        assert line.startswith("inkmint serves at http://"), process.stderr.read()
        return process, line.split()[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_ctrl_c_ends_with_a_goodbye(served):
    process, address = served()
    assert httpx.get(f"{address}api/health", timeout=30).status_code == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == "Goodbye.\n"
    assert err == ""


def test_an_open_server_prints_its_token(served):
    process, address = served("--host", "0.0.0.0")
    assert address.startswith("http://127.0.0.1:")
    assert "/?token=" in address
    assert process.stdout.readline().startswith("and for other machines at http://")
    base = address.partition("?")[0]
    assert httpx.get(f"{base}api/health", timeout=30).status_code == 401
    with httpx.Client(follow_redirects=True, timeout=30) as browser:
        page = browser.get(address)
        assert page.status_code == 200
        assert "token" not in str(page.url)
        assert browser.get(f"{base}api/health").status_code == 200


def test_the_models_that_come_with_inkmint_are_served_without_torch(served, tmp_path):
    """Every part of the interface is asked, then the server tells what it has imported."""
    make_run(tmp_path / "runs" / "first")
    code = """
        import atexit, sys
        atexit.register(lambda: print(sorted(sys.modules), file=sys.stderr))
        sys.argv = ["inkmint", "serve", "--no-open", "--port", "0", *sys.argv[1:]]
        from inkmint.cli.main import main
        main()
    """
    process, address = served(code=textwrap.dedent(code))
    with httpx.Client(base_url=address, timeout=60) as asking:
        kind = {"Content-Type": "image/png"}
        look = asking.post("api/look", content=png(drawing()), headers=kind).json()
        assert look["digit"] == 1
        assert look["mask"]
        read = asking.post("api/read", content=png(drawing()), headers=kind).json()
        assert [line["text"] for line in read["lines"]] == ["1"]
        assert len(asking.get("api/generator").json()["directions"]) > 0
        minted = asking.post(
            "api/generate", json={"digits": [2, 0, 2, 6], "seed": 1, "sliders": {"0": 2}}
        ).json()
        assert len(set(minted["pictures"])) == 4
        runs = ["api/runs", "api/runs/first", "api/runs/first/metrics", "api/runs/first/events"]
        for path in ("", "docs", "api/compare?runs=first", "api/studies", "api/openapi.json", *runs):
            assert asking.get(path).status_code == 200
    process.send_signal(signal.SIGINT)
    _, modules = process.communicate(timeout=20)
    assert "'inkmint.serving.app'" in modules
    assert "'inkmint.inference.generator'" in modules
    for name in ("torch", "matplotlib", "sklearn", "pandas"):
        assert f"'{name}'" not in modules


def test_help_imports_neither_torch_nor_the_server(tmp_path):
    code = "import sys, inkmint.cli.serve\nassert not {'torch', 'fastapi', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)

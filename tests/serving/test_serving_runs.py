"""Run folders over HTTP, and the guard around them."""

import json
import shutil

import pytest
from filelock import FileLock
from serving_support import make_run, write_records

from inkmint.serving.curves import MOST_POINTS
from inkmint.serving.run_names import folder_of, name_of


@pytest.fixture
def runs(tmp_path):
    """Two runs, one of them in a folder of a folder."""
    make_run(tmp_path / "runs" / "first")
    make_run(tmp_path / "runs" / "demo-0001" / "a~b:c", "interrupted", batch_size=32)
    return tmp_path / "runs"


NESTED = "demo-0001:a~0b~1c"


def test_the_list_of_runs(runs, client):
    (runs / "first" / "model").mkdir()
    shutil.copy(runs / "first" / "config.json", runs / "first" / "model")  # part of the run, no run
    (runs / ".hidden").mkdir()
    (runs / "no-run").mkdir()
    (runs / "no-run" / "config.json").write_text('{"kind": "generator"}')
    listed = {run["name"]: run for run in client.get("/api/runs").json()}
    assert sorted(listed) == [NESTED, "first"]
    run = listed[NESTED]
    assert run["folder"] == "demo-0001/a~b:c"
    assert (run["recipe"], run["model"]) == ("raza2021/gan-quick", "gan")
    assert run["status"] == "interrupted"
    assert (run["step"], run["epoch"], run["num_epochs"], run["seconds"]) == (20, 2.0, 4, 10.0)
    assert run["losses"] == {"generator/adversarial": 0.05}
    assert run["figures"] == {"label_agreement": 0.5}


def test_the_run_that_wrote_last_comes_first(runs, client):
    write_records(runs / "first", [21])
    assert [run["name"] for run in client.get("/api/runs").json()] == ["first", NESTED]


def test_without_a_folder_of_runs_there_are_none(client):
    assert client.get("/api/runs").json() == []
    assert client.get("/api/studies").json() == []


def test_one_run(runs, client):
    run = client.get(f"/api/runs/{NESTED}").json()
    assert run["config"]["recipe"]["batch_size"] == 32
    assert run["environment"]["versions"] == {"torch": "2"}
    assert run["findings"] == ["It is blurred."]
    assert run["samples"] == 1
    assert run["report"] is None
    (runs / "first" / "report.html").write_text("<title>First</title>")
    report = client.get("/api/runs/first").json()["report"]
    assert client.get(f"/{report}").text == "<title>First</title>"


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("finished", "finished"),
        ("failed", "failed"),
        ("interrupted", "interrupted"),
        ("running", "dead"),
        ("asleep", "unknown"),
        (None, "unknown"),
    ],
)
def test_what_became_of_a_run(told, status, runs, client, monkeypatch):
    monkeypatch.setattr("inkmint.serving.run_folders._QUIET_SEC", 0)
    (runs / "first" / "status.json").write_text(json.dumps({"state": told}))
    assert client.get("/api/runs/first").json()["status"] == status


def test_a_run_whose_folder_is_held_is_alive(runs, client, monkeypatch):
    monkeypatch.setattr("inkmint.serving.run_folders._QUIET_SEC", 0)
    (runs / "first" / "status.json").write_text(json.dumps({"state": "running"}))
    with FileLock(runs / "first" / "run.lock"):
        assert client.get("/api/runs/first").json()["status"] == "running"
    assert client.get("/api/runs/first").json()["status"] == "dead"


def test_looking_at_a_lock_does_not_hold_it(runs, client, monkeypatch):
    from inkmint.serving.run_folders import is_locked

    lock = FileLock(runs / "first" / "run.lock", timeout=0)
    with lock:
        assert is_locked(runs / "first" / "run.lock")
    assert not is_locked(runs / "first" / "run.lock")
    with lock:
        pass


def test_curves_are_columns_with_gaps(runs, client):
    curves = client.get("/api/runs/first/metrics").json()
    assert curves["points"] == curves["records"] == 22
    assert {len(column) for column in curves["columns"].values()} == {22}
    assert curves["columns"]["step"][9:12] == [10, 10, 11]
    assert curves["columns"]["figures.label_agreement"][9:12] == [None, 0.5, None]
    assert curves["columns"]["losses.generator/adversarial"][9:12] == [0.1, None, pytest.approx(1 / 11)]
    assert curves["offset"] == (runs / "first" / "metrics.jsonl").stat().st_size


def test_long_curves_are_thinned_out_and_keep_their_ends(runs, client):
    write_records(runs / "first", range(21, 4001))
    curves = client.get("/api/runs/first/metrics").json()
    columns = curves["columns"]
    assert curves["records"] == 4400
    assert curves["points"] == MOST_POINTS == len(columns["step"])
    assert columns["step"] == sorted(columns["step"])
    assert columns["step"][0] == 1
    assert columns["step"][-1] == 4000
    assert sum(value is not None for value in columns["figures.label_agreement"]) >= 250


def test_few_figures_among_many_losses_are_all_kept(runs, client):
    path = runs / "first" / "metrics.jsonl"
    lines = [
        json.dumps({"step": step, "epoch": step, "seconds": 1.0, "losses": {"a": 1.0}})
        for step in range(3000)
    ]
    lines[1234] = json.dumps({"step": 1234, "epoch": 1, "seconds": 1.0, "figures": {"x": 7.0}})
    path.write_text("\n".join(lines) + "\n")
    columns = client.get("/api/runs/first/metrics").json()["columns"]
    assert [step for step, x in zip(columns["step"], columns["figures.x"], strict=True) if x] == [1234]


def test_damaged_folders_are_shown_as_far_as_they_go(runs, client):
    first = runs / "first"
    (first / "status.json").write_text("{")
    (first / "environment.json").unlink()
    with (first / "metrics.jsonl").open("a") as file:
        file.write(
            'no json\n[1]\n{"step": 1e999, "losses": {"a": NaN, "b": "c", "d": true}, "figures": 3}\n{"step": 5'
        )
    run = client.get("/api/runs/first").json()
    assert run["status"] == "unknown"
    assert run["environment"] == {}
    columns = client.get("/api/runs/first/metrics").json()["columns"]
    assert len(columns["step"]) == 23
    assert columns["step"][-1] is None
    (first / "config.json").write_text("[]")
    assert client.get("/api/runs/first").status_code == 404
    assert client.get("/api/runs").status_code == 200


def test_numbers_that_are_no_json_do_not_break_an_answer(runs, client):
    config = json.loads((runs / "first" / "config.json").read_text())
    (runs / "first" / "config.json").write_text(json.dumps(config | {"odd": [float("inf"), float("nan")]}))
    response = client.get("/api/runs/first")
    assert response.status_code == 200
    json.loads(response.text, parse_constant=lambda name: pytest.fail(name))
    assert client.get(f"/api/compare?runs=first&runs={NESTED}").status_code == 200


def test_samples(runs, client):
    assert client.get("/api/runs/first/samples").json() == ["epoch_0001.png"]
    response = client.get("/api/runs/first/samples/epoch_0001.png")
    assert response.headers["content-type"] == "image/png"
    assert response.content == (runs / "first" / "samples" / "epoch_0001.png").read_bytes()
    shutil.rmtree(runs / "first" / "samples")
    assert client.get("/api/runs/first/samples").json() == []


def test_runs_compared(runs, client):
    compared = client.get(f"/api/compare?runs=first&runs={NESTED}").json()
    assert [run["name"] for run in compared["runs"]] == ["first", NESTED]
    assert compared["differences"] == [{"field": "recipe.batch_size", "values": [64, 32]}]
    assert [len(curves["columns"]["step"]) for curves in compared["curves"]] == [22, 22]


def test_comparisons_that_cannot_be_made(runs, client):
    client.refusal(client.get("/api/compare"), 422)
    client.refusal(client.get("/api/compare?" + "&".join(["runs=first"] * 13)), 422)
    assert "'second'" in client.refusal(client.get("/api/compare?runs=first&runs=second"), 404)


@pytest.fixture
def secret(tmp_path, runs):
    """A run outside of the folder of runs, and links to it and its files."""
    outside = make_run(tmp_path / "outside")
    (runs / "link").symlink_to(outside)
    (runs / "first" / "samples" / "link.png").symlink_to(outside / "samples" / "epoch_0001.png")
    (outside / "page.html").write_text("secret")
    (runs / "link.html").symlink_to(outside / "page.html")
    return outside


TRICKS = [
    "..",
    "%2e%2e",
    "..:outside",
    "%2e%2e%3aoutside",
    "first:..:..:outside",
    "link",
    "first:..",
    "first:.",
    "first::",
    ":first",
    ":",
    "~",
    "~1",
    "~1..~1outside",
    "first%00",
    "first%0a",
    "..%5coutside",
    "..%2foutside",
    "%2fetc",
    "C:",
    "x" * 5000,
    "nowhere",
]


@pytest.mark.parametrize("name", TRICKS)
def test_no_name_leads_out_of_the_folder_of_runs(name, secret, client):
    for part in ("", "/metrics", "/samples", "/samples/epoch_0001.png", "/events"):
        client.refusal(client.get(f"/api/runs/{name}{part}"), 404)
    assert client.get(f"/api/compare?runs={name}").status_code == 404


@pytest.mark.parametrize(
    "file",
    [
        "link.png",
        "..%2f..%2fsecret.png",
        "%2e%2e%2fconfig.json",
        "config.json",
        "no.png",
        "%00.png",
        "a.png%0a",
    ],
)
def test_no_sample_leads_out_of_its_run(file, secret, client):
    client.refusal(client.get(f"/api/runs/first/samples/{file}"), 404)


def test_linked_configurations_are_not_read(secret, runs, client):
    (runs / "sly").mkdir()
    (runs / "sly" / "config.json").symlink_to(secret / "config.json")
    client.refusal(client.get("/api/runs/sly"), 404)
    assert "sly" not in [run["name"] for run in client.get("/api/runs").json()]


def test_every_name_leads_back_to_its_folder(tmp_path):
    for parts in (["a"], ["a", "b"], ["a:b"], ["a~1b", "c"], ["~"], ["~0", "~1"], [" ", "ü"]):
        folder = tmp_path.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        assert folder_of(tmp_path, name_of(tmp_path, folder)) == folder
    assert name_of(tmp_path, tmp_path / "a:b") != name_of(tmp_path, tmp_path / "a" / "b")


def test_studies(runs, client, secret):
    page = "<!doctype html><title>Real &amp; minted · inkmint</title>"
    places = {
        "first/report.html": "run",
        "sweeps/rates/report.html": "sweep",
        "mix-starter/report.html": "mix",
        "demo-0001/report.html": "demo",
        "reproduce/hao2020/quick/report.html": "reproduction",
        "side by side.html": "page",
        "untitled.html": "page",
    }
    for place in places:
        (runs / place).parent.mkdir(parents=True, exist_ok=True)
        (runs / place).write_text("" if place == "untitled.html" else page)
    (runs / "mix-starter" / "results.json").write_text("{}")
    (runs / "demo-0001" / "demo.json").write_text("{}")
    (runs / "notes.txt").write_text("no page")
    listed = client.get("/api/studies").json()
    assert {study["url"]: study["kind"] for study in listed} == {
        f"studies/{place.replace(' ', '%20')}": kind for place, kind in places.items()
    }
    titles = {study["url"]: study["title"] for study in listed}
    assert titles["studies/first/report.html"] == "Real & minted"
    assert titles["studies/untitled.html"] == "untitled.html"
    for study in listed:
        response = client.get(f"/{study['url']}")
        assert response.status_code == 200
        policy = response.headers["content-security-policy"]
        assert "sandbox" in policy
        assert "default-src 'none'" in policy
        assert "script" not in policy
        assert response.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "link.html",
        "link/page.html",
        "../outside/page.html",
        "%2e%2e/outside/page.html",
        "..%2foutside%2fpage.html",
        "/etc/passwd",
        "first/config.json",
        "first",
        "first/",
        "",
        ".hidden.html",
        ".git/page.html",
        "%00.html",
        "nowhere.html",
    ],
)
def test_no_study_leads_out_of_the_folder_of_runs(path, secret, runs, client):
    (runs / ".hidden.html").write_text("hidden")
    client.refusal(client.get(f"/studies/{path}"), 404)

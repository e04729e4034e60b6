"""The page, its files, and the description of the interface."""

import json
import re

import pytest

from inkmint.serving.pages_api import FOLDER


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_load_nothing_from_elsewhere(path, client):
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "://" not in re.sub(r"http://www\.w3\.org/2000/svg", "", response.text)
    for name in re.findall(r'(?:src|href)="static/([^"]+)"', response.text):
        assert client.get(f"/static/{name}").status_code == 200, name
    assert "<style" not in response.text
    assert not re.search(r"<script(?![^>]* src=)", response.text)


def test_scripts_and_style_sheets_load_nothing_from_elsewhere(client):
    names = [path.name for path in FOLDER.iterdir()]
    assert {"docs.html", "docs.js", "docs.css", "index.html"} <= set(names)
    for name in names:
        response = client.get(f"/static/{name}")
        assert response.status_code == 200
        assert not re.findall(r"(?:https?:)?//(?!www\.w3\.org/2000/svg)[a-z0-9-]+\.[a-z]", response.text), (
            name
        )
    assert client.get("/static/docs.js").headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    "name",
    [
        "nowhere.js",
        "..%2fapp.py",
        "%2e%2e%2fapp.py",
        "../app.py",
        "app.py",
        "%00",
        "docs.js%00",
        "",
        ".",
        "docs.js/",
    ],
)
def test_nothing_else_is_served(name, client):
    assert client.get(f"/static/{name}").status_code in (404, 307) or name == "docs.js/"
    assert b"FastAPI" not in client.get(f"/static/{name}").content


def test_the_description_knows_every_address(client):
    described = client.get("/api/openapi.json").json()
    assert set(described["paths"]) == {
        "/api/look",
        "/api/read",
        "/api/generator",
        "/api/generate",
        "/api/runs",
        "/api/runs/{name}",
        "/api/runs/{name}/metrics",
        "/api/runs/{name}/samples",
        "/api/runs/{name}/samples/{file}",
        "/api/runs/{name}/events",
        "/api/compare",
        "/api/studies",
        "/api/health",
        "/studies/{path}",
    }
    look = described["paths"]["/api/look"]["post"]
    assert set(look["requestBody"]["content"]) == {"image/png", "image/jpeg", "image/webp"}
    assert look["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Look"
    }
    assert look["responses"]["413"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Error"
    }
    assert "application/pdf" in described["paths"]["/api/read"]["post"]["requestBody"]["content"]
    for path, methods in described["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
            for status, response in operation["responses"].items():
                assert status in ("200",) or "Error" in json.dumps(response), (path, status)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/nowhere", 404),
        ("GET", "/api/look", 405),
        ("POST", "/api/runs", 405),
        ("DELETE", "/api/runs/first", 405),
        ("PUT", "/", 405),
        ("GET", "/redoc", 404),
        ("GET", "/openapi.json", 404),
    ],
)
def test_other_addresses_are_refused_in_a_sentence(method, path, status, client):
    client.refusal(client.request(method, path), status)


def test_health(client):
    health = client.get("/api/health").json()
    assert health["status"] == "ok"
    assert (health["model"], health["generator"]) == ("fake-reader", "fake-minter")
    assert (health["threads"], health["waiting"]) == (2, 0)

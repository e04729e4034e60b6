"""Who may ask, how often, and what a browser may do with the answers."""

import pytest
from serving_support import drawing, png

from inkmint.serving.addresses import is_loopback, new_token, urls
from inkmint.serving.limits import TokenBuckets

TOKEN = "correct-horse"
PATHS = ["/", "/docs", "/static/docs.js", "/api/runs", "/api/openapi.json", "/nowhere", "/api/generator"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_keeps_a_browser_strict(path, client):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "img-src 'self' data:" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert headers["cache-control"] in ("no-store", "no-cache")


def test_a_fault_of_ours_is_a_sentence_with_the_same_headers(client, monkeypatch):
    def fault(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("inkmint.serving.runs_api.find_runs", fault)
    response = client.get("/api/runs")
    assert "secret" not in client.refusal(response, 500)
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8765", 200),
        ("localhost:8765", 200),
        ("LocalHost", 200),
        ("[::1]:8765", 200),
        ("127.9.9.9", 200),
        ("evil.example:8765", 400),
        ("localhost.evil.example", 400),
        ("192.168.1.5:8765", 400),
        ("0.0.0.0:8765", 400),
        ("127.0.0.1.nip.io", 400),
        ("", 400),
        ("[::1", 400),
        ("127.0.0.1:99999999", 200),
    ],
)
def test_a_local_server_answers_to_local_names_alone(host, status, client):
    assert client.get("/api/health", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("192.168.1.5:8765", 200),
        ("[fe80::1]", 200),
        ("digits.lan", 200),
        ("localhost", 200),
        ("evil.example", 400),
    ],
)
def test_an_open_server_answers_to_addresses_and_its_own_names(host, status, make_client):
    client = make_client(host="digits.lan", token=TOKEN)
    headers = {"Host": host, "Authorization": f"Bearer {TOKEN}"}
    assert client.get("/api/health", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8765"}, 200),
        ({"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "http://localhost:8765"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
def test_other_pages_may_not_post(headers, status, client):
    response = client.post("/api/generate", json={"digit": 1}, headers=headers)
    assert response.status_code == status
    if status != 200:
        client.refusal(response, status)


def test_other_pages_may_follow_a_link(client):
    assert client.get("/docs", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_answered(path, make_client):
    client = make_client(host="0.0.0.0", token=TOKEN)
    for options in (
        {},
        {"headers": {"Authorization": "Bearer wrong"}},
        {"headers": {"Authorization": "Basic " + TOKEN}},
        {"headers": {"Cookie": "inkmint_token=wrong"}},
        {"headers": {"Cookie": 'inkmint_token="'}},
        {"params": {"token": "wrong"}},
        {"params": {"token": "ü" * 9}},
    ):
        response = client.get(path, **options)
        assert "token" in client.refusal(response, 401)
        assert response.headers["www-authenticate"] == "Bearer"


def test_the_token_is_taken_once_from_the_address_and_then_from_the_cookie(make_client):
    client = make_client(host="0.0.0.0", token=TOKEN)
    first = client.get("/", params={"token": TOKEN})
    assert first.status_code == 303
    assert first.headers["location"] == "./"
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert client.get("/api/health", headers={"Cookie": cookie.split(";")[0]}).status_code == 200
    assert client.get("/api/health", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200
    client.refusal(client.get("/api/health", params={"token": TOKEN}), 401)


def test_the_token_is_no_pass_for_other_pages(make_client):
    client = make_client(host="0.0.0.0", token=TOKEN)
    headers = {"Cookie": f"inkmint_token={TOKEN}", "Origin": "http://evil.example"}
    client.refusal(client.upload("/api/look", png(drawing())), 401)
    client.refusal(client.post("/api/generate", json={}, headers=headers), 403)


def test_tokens_are_long_and_never_the_same():
    assert len({new_token() for _ in range(100)}) == 100
    assert min(len(new_token()) for _ in range(100)) >= 32


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("example.org", False),
    ],
)
def test_what_is_local(host, local):
    assert is_loopback(host) is local


def test_addresses_to_print():
    assert urls("127.0.0.1", 8765, "") == ["http://127.0.0.1:8765/"]
    assert urls("::1", 80, "a") == ["http://[::1]:80/?token=a"]
    own, others = urls("0.0.0.0", 8765, "a")
    assert own == "http://127.0.0.1:8765/?token=a"
    assert others.endswith(":8765/?token=a")


def test_a_client_that_asks_too_often_is_sent_away_and_others_are_not(make_client):
    client = make_client(rate=1.0, burst=5)
    assert [client.get("/api/health").status_code for _ in range(5)] == [200] * 5
    response = client.get("/api/health")
    assert "per second" in client.refusal(response, 429)
    assert int(response.headers["retry-after"]) >= 1
    assert response.headers["x-content-type-options"] == "nosniff"
    assert client.get("/api/health", client="10.0.0.9").status_code == 200


def test_buckets_fill_again():
    now = [0.0]
    buckets = TokenBuckets(rate=2.0, burst=3, clock=lambda: now[0])
    assert [buckets.wait_sec("a") for _ in range(4)] == [0, 0, 0, 0.5]
    now[0] = 0.5
    assert buckets.wait_sec("a") == 0
    assert buckets.wait_sec("a") > 0
    now[0] = 100.0
    assert [buckets.wait_sec("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_buckets_of_many_clients_do_not_pile_up():
    buckets = TokenBuckets(rate=1.0, burst=1)
    for number in range(10_000):
        buckets.wait_sec(str(number))
    assert len(buckets._buckets) <= 4096


def test_without_a_rate_there_is_no_limit():
    buckets = TokenBuckets(rate=0, burst=1)
    assert [buckets.wait_sec("a") for _ in range(50)] == [0] * 50

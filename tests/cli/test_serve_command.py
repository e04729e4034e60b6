"""`inkmint serve`: what it refuses before it serves."""

import socket

import pytest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "no-such"], "no model 'no-such'"),
        (["--generator", "hause"], "did you mean 'house'?"),
        (["--host", "198.51.100.1"], "is no address of this machine"),
        (["--port", "99999"], "--port"),
        (["--rate", "-1"], "--rate"),
        (["--max-upload-mb", "0"], "--max-upload-mb"),
    ],
)
def test_refusals_are_one_sentence(arguments, message, inkmint):
    assert message in inkmint("serve", "--no-open", *arguments).sentence()


def test_a_port_that_is_taken(inkmint):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = inkmint("serve", "--no-open", "--port", port).sentence()
    assert sentence == (
        f"inkmint: Port {port} of 127.0.0.1 is taken by another program; "
        "give another with --port, or 0 for any free one.\n"
    )


def test_help(inkmint):
    result = inkmint("serve", "--help")
    assert result.exit_code == 0
    for option in (
        "--host",
        "--port",
        "--runs",
        "--model",
        "--generator",
        "--no-open",
        "--threads",
        "--max-upload-mb",
    ):
        assert option in result.out

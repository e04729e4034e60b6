"""Where a server listens, and whom that lets in."""

import errno
import ipaddress
import os
import secrets
import socket

from inkmint.errors import InkmintError

_NEXT_PORTS = 20
_BACKLOG = 512
_ANY = frozenset({"0.0.0.0", "::"})


class PortError(InkmintError):
    """An address that cannot be listened on."""


def listen(host: str, port: int, *, or_next: bool = False) -> socket.socket:
    """A socket that is bound to the address; 0 is any free port.

    Args:
        host: Name or address of this machine.
        port: To listen on.
        or_next: Whether one of the next ports will do if it is taken.

    Raises:
        PortError: It is taken, not allowed, or not of this machine.
    """
    ports = range(port, min(port + _NEXT_PORTS, 65536)) if or_next else [port]
    refused: OSError | None = None
    for each in ports:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, each, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        except OSError as error:
            raise PortError(
                f"{host} is no address of this machine; give --host 127.0.0.1 or 0.0.0.0."
            ) from error
        listening = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":  # elsewhere it would let two servers share a port
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            refused = error
            if error.errno != errno.EADDRINUSE:
                break
        else:
            return listening
    raise PortError(_sentence(host, port, refused)) from refused


def _sentence(host: str, port: int, refused: OSError | None) -> str:
    code = refused.errno if refused else None
    if code == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken by another program; give another with --port, or 0 for any free one."
    if code == errno.EACCES:
        return f"Port {port} is not allowed to you; give one of 1024 or more with --port."
    if code == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; give --host 127.0.0.1 or 0.0.0.0."
    return f"{host}:{port} cannot be listened on ({refused}); give another with --host and --port."


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own, which no other machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def new_token() -> str:
    """A token that nobody guesses: 192 bits."""
    return secrets.token_urlsafe(24)


def urls(host: str, port: int, token: str) -> list[str]:
    """Where a browser finds the page: on this machine first, then on others if they may reach it."""
    names = ["127.0.0.1" if host == "0.0.0.0" else "::1", socket.gethostname()] if host in _ANY else [host]
    query = f"?token={token}" if token else ""
    return [f"http://{f'[{name}]' if ':' in name else name}:{port}/{query}" for name in names]

"""Who may ask, from where, and what a browser may do with the answers."""

import hmac
import ipaddress
import socket
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkmint.serving.addresses import is_loopback
from inkmint.serving.refusals import Refusal, refused

COOKIE = "inkmint_token"

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Content security policy of our own page: nothing from elsewhere, nothing inline."""

_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SecurityHeaders:
    """Adds the headers that keep a browser strict, unless the answer has its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_strict if scope["type"] == "http" else send)


class HostCheck:
    """Refuses requests under foreign names, as of DNS rebinding, and requests that other pages send.

    An address made of numbers cannot be rebound. Of names, `localhost` is known; to a server that other machines may
    reach, so are its own.

    Args:
        app: It.
        host: That the server listens on.
        names: Others that it answers to.
    """

    def __init__(self, app: ASGIApp, host: str, names: Iterable[str] = ()) -> None:
        self._app = app
        self._open = not is_loopback(host)
        self._names = {"localhost", *(name.lower() for name in names)}
        if self._open:
            own = socket.gethostname().lower()
            self._names |= {host.lower(), own, f"{own.split('.')[0]}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            try:
                self._check(scope["method"], Headers(scope=scope))
            except Refusal as refusal:
                await refused(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, method: str, headers: Headers) -> None:
        host = headers.get("host", "")
        if not self._is_ours(_hostname(host)):
            raise Refusal(
                400, "This server does not answer to that host name; use the address that it printed."
            )
        if method in _SAFE_METHODS:
            return
        origin = headers.get("origin")
        foreign = (
            headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
            if origin is None
            else urlsplit(origin).netloc.lower() != host.lower()
        )
        if foreign:
            raise Refusal(403, "Pages of other servers may not send requests here; use the page of this one.")

    def _is_ours(self, name: str) -> bool:
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._open or address.is_loopback


def _hostname(host: str) -> str:
    """The name of a Host header, without its port, in small letters; empty if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class TokenCheck:
    """Asks every request for the token: in the cookie, as `Authorization: Bearer`, or once as `/?token=`.

    The last sets the cookie and leads to `/`, so that the token does not stay in the address.

    Args:
        app: It.
        token: The right one.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            response = self._answer(scope)
            if response is not None:
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        """What to say to a request that is not let through; None if it is."""
        headers = Headers(scope=scope)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and given and self._is_right(given):
            home = RedirectResponse("./", 303)
            home.set_cookie(COOKIE, given, httponly=True, samesite="lax")
            return home
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_right(bearer.strip()):
            return None
        if self._is_right(_cookie(headers.get("cookie", ""))):
            return None
        return refused(
            Refusal(
                401,
                "This server asks for its token; open the address that it printed, or send Authorization: Bearer.",
                {"WWW-Authenticate": "Bearer"},
            )
        )

    def _is_right(self, token: str) -> bool:
        return hmac.compare_digest(token.encode("utf-8", "replace"), self._token)


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""

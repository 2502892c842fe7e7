"""Answers that break off, and the server protocol that lets them."""

import asyncio
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

TIME_TO_ARRIVE = 0.05  # seconds for what was sent, before a reset throws away what is on its way


class BreakableProtocol(H11Protocol):
    """Gives the application the connection itself, so that it can be broken."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take up a connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class BrokenResponse(Response):
    """Half a body, then the connection is reset (`cut`) or closed (`short`); no body for `drop`."""

    def __init__(self, body: bytes, media_type: str, headers: Mapping[str, str], kind: str) -> None:
        super().__init__(body, media_type=media_type, headers=headers)
        self._kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what is to arrive and break off."""
        transport: asyncio.Transport = scope["state"]["transport"]
        if self._kind != "drop":
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            half = bytes(self.body)[: len(self.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
        if self._kind == "cut":
            await asyncio.sleep(TIME_TO_ARRIVE)
            transport.abort()
        else:
            transport.close()
        await receive()  # until the server has seen that the connection is gone


def without_last_half(body: bytes, form: str) -> bytes:
    """The same body in good form with the first half of its rows only."""
    if form == "json":
        rows = body[1:-2].split(b"\n,")
        return b"[" + b"\n,".join(rows[: len(rows) // 2]) + b"]\n"
    if form == "csv":
        # a line break inside a value is not one between rows: there the next begins with a quote
        header, _, rest = body.partition(b"\n")
        middle = rest.find(b'\n"', len(rest) // 2)
        return header + b"\n" + rest[: middle + 1]
    opening, _, rest = body.partition(b"[")
    rows = rest[: rest.rindex(b"]")].split(b",\n")
    return opening + b"[" + b",\n".join(rows[: len(rows) // 2]) + b"]}\n"


def without_rows(body: bytes, form: str) -> bytes:
    """The same body without any row."""
    if form == "csv":
        return body.partition(b"\n")[0] + b"\n"
    return b"[]\n" if form == "json" else b'{"type":"FeatureCollection","features":[]}\n'

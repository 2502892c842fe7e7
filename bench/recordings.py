"""`python -m bench.recordings`: a portal's answers, each asked for once and served from a file.

The sample portal works for each page that it is asked for, on the processor that the load is
measured on. What stands before it here costs a read of a file, so that a measured load meets a
server as quick as one on another machine.
"""

import asyncio
import hashlib
import json
import os
import signal
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated

import requests
import typer
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

HOST = "127.0.0.1"
# What of an answer's head says what its body is.
_KEPT_HEADERS = ("Content-Type", "Last-Modified", "X-SODA2-Fields", "X-SODA2-Types")
_LONGEST_ANSWER_S = 600
_BYTES_AT_ONCE = 1 << 16


class Recordings:
    """The answers of a portal in a folder: a body and a head for each request.

    Args:
        upstream: the portal's address.
        folder: where the answers are kept; those that are there are not asked for again.
    """

    def __init__(self, upstream: str, folder: Path) -> None:
        self._upstream = upstream
        self._folder = folder

    def answered(self, request: str) -> tuple[Path, dict[str, str]]:
        """The file with the body that answers a path with its query, and its head.

        Raises:
            requests.RequestException: the portal refused or cannot be reached.
        """
        name = hashlib.sha256(request.encode()).hexdigest()
        body, head = self._folder / name, self._folder / f"{name}.json"
        if not head.exists():
            answer = requests.get(f"{self._upstream}{request}", timeout=_LONGEST_ANSWER_S)
            answer.raise_for_status()
            kept = {key: answer.headers[key] for key in _KEPT_HEADERS if key in answer.headers}
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(answer.content)
            Path(file.name).rename(body)
            head.write_text(json.dumps(kept | {"X-Request": request}))
        return body, json.loads(head.read_text())


def pages(folder: Path, dataset: str, columns: int) -> Iterator[Path]:
    """The bodies of the pages of a dataset that were recorded, which have so many columns."""
    for head in sorted(folder.glob("*.json")):
        kept = json.loads(head.read_text())
        is_of_dataset = kept["X-Request"].startswith(f"/resource/{dataset}.csv")
        if is_of_dataset and len(json.loads(kept["X-SODA2-Fields"])) == columns:
            yield head.with_suffix("")


def make_app(recordings: Recordings, latency_s: float, bytes_per_second: int | None) -> Starlette:
    """The application over recordings, each answer as late and as slow as asked for."""

    async def answer(request: Request) -> Response:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        body, head = await run_in_threadpool(recordings.answered, asked)
        await asyncio.sleep(latency_s)
        if bytes_per_second is None:
            return _InFewPieces(body, headers=head)
        length = {"Content-Length": str(body.stat().st_size)}
        return StreamingResponse(_slowly(body, bytes_per_second), headers=head | length)

    return Starlette(routes=[Route("/{path:path}", answer)])


class _InFewPieces(FileResponse):
    """A file by the megabyte: each piece costs this process, beside the load that is measured."""

    chunk_size = 1 << 20


async def _slowly(body: Path, bytes_per_second: int) -> AsyncIterator[bytes]:
    """A file's bytes at the pace of a line, whatever the reader's own."""
    clock = asyncio.get_running_loop().time
    due = clock()
    with body.open("rb") as file:
        while part := file.read(_BYTES_AT_ONCE):
            due += len(part) / bytes_per_second
            yield part
            await asyncio.sleep(max(0.0, due - clock()))


def main(
    upstream: Annotated[str, typer.Option(help="The portal that is asked once.")],
    folder: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Of the answers.")],
    port: Annotated[int, typer.Option(help="On loopback; 0 takes a free one.")] = 0,
    latency: Annotated[float, typer.Option(help="Seconds before each answer.")] = 0.0,
    rate: Annotated[int | None, typer.Option(help="Bytes a second of a connection.")] = None,
) -> None:
    """Serve a portal's recorded answers until the standard input ends."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    app = make_app(Recordings(upstream, folder), latency, rate)
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none")
    with socket.create_server((HOST, port)) as listener:
        typer.echo(f"http://{HOST}:{listener.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[listener])


def _end_with_stdin() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    typer.run(main)

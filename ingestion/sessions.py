"""HTTP sessions, one a thread, which can all be ended while they wait for an answer."""

import contextlib
import socket
import threading
import weakref
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

# Bodies have tens of megabytes: read by requests' own 10 kB, four at once wait for each other, and
# what is not read in one piece is copied together.
requests.models.CONTENT_CHUNK_SIZE = 1 << 26


class Sessions:
    """The sessions of one portal; requests' own are not made to be shared by threads.

    Attributes:
        is_ending: set once they are ended; whoever waits should stop.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.is_ending = threading.Event()
        self._headers = dict(headers)
        self._of_thread = threading.local()
        self._all: list[requests.Session] = []
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._noting = threading.Lock()

    def session(self) -> requests.Session:
        """The session of this thread."""
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = requests.Session()
            session.headers.update(self._headers)
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Adapter(self))
            self._all.append(session)
            self._of_thread.session = session
        return session

    def watch(self, opened: socket.socket) -> None:
        """Note a connection that was opened, so that it can be ended.

        Raises:
            ConnectionAbortedError: the sessions were ended meanwhile.
        """
        with self._noting:
            self._sockets.add(opened)
            if self.is_ending.is_set():
                raise ConnectionAbortedError("ended")

    def end(self) -> None:
        """Close everything; a thread that waits for an answer gets an error at once."""
        with self._noting:
            self.is_ending.set()
            for opened in self._sockets:
                with contextlib.suppress(OSError):  # it was closed before
                    opened.shutdown(socket.SHUT_RDWR)
        for session in self._all:
            session.close()


class _Adapter(HTTPAdapter):
    """Shows each connection that it opens to the sessions."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        _watch(self.poolmanager, self._sessions)

    def proxy_manager_for(self, *arguments: Any, **named: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **named)
        _watch(manager, self._sessions)
        return manager


def _watch(manager: PoolManager, sessions: Sessions) -> None:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            sessions.watch(self.sock)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            sessions.watch(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

"""The HTTP interface: SODA 2.1 and 3, the metadata, and the control of data and faults."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import duckdb
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ingestion.sample_portal import refusals, soda3
from ingestion.sample_portal.answers import MEDIA_TYPES, Answer, answer
from ingestion.sample_portal.broken import BrokenResponse, without_last_half, without_rows
from ingestion.sample_portal.control import VERBS
from ingestion.sample_portal.faults import Fault, Faults, RequestLog, What
from ingestion.sample_portal.refusals import RefusalError
from ingestion.sample_portal.soql import Paging, translate
from ingestion.sample_portal.store import Store

HTML_PAGE = "<!DOCTYPE html><html><body><h1>We will be back soon</h1></body></html>\n"


class Portal:
    """What the handlers share: the store, the faults that wait, the log of requests."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.faults = Faults()
        self.log = RequestLog()

    def reset(self) -> None:
        """Make all data as it was at the start, and forget faults and requests."""
        with self.store.writing:
            self.store.reset()
        self.faults.clear()
        self.log.clear()

    def control(self, verb: str, call: dict[str, Any]) -> dict[str, Any]:
        """Obey a call that changes the data."""
        if verb not in VERBS:
            raise refusals.wrong_control(f"no verb {verb}; there are {[*VERBS]}")
        try:
            with self.store.writing:
                return VERBS[verb](self.store, call)
        except (KeyError, TypeError, ValueError, duckdb.Error) as error:
            raise refusals.wrong_control(f"{verb} with {call}: {error!r}") from error


def make_app(portal: Portal) -> Starlette:
    """The application over a portal."""
    routes = [
        Route("/resource/{dataset}.{form}", _resource),
        Route("/api/v3/views/{dataset}/{verb:str}.{form}", _soda3, methods=["POST"]),
        Route("/api/views/{dataset}.json", _metadata),
        Route("/control/requests", _requests),
        Route("/control/{verb}", _control, methods=["POST"]),
    ]
    app = Starlette(routes=routes, exception_handlers={RefusalError: _refused})
    app.state.portal = portal
    return app


async def _resource(request: Request) -> Response:
    return await _rows(request, dict(request.query_params), Paging())


async def _soda3(request: Request) -> Response:
    if _token(request) is None:
        raise refusals.wrong_token()
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise refusals.malformed(f"the body is no JSON: {error}") from error
    is_export = request.path_params["verb"] == "export"
    parameters, paging = soda3.asked(body, is_export=is_export)
    return await _rows(request, parameters, paging)


async def _rows(request: Request, parameters: Mapping[str, str], paging: Paging) -> Response:
    portal: Portal = request.app.state.portal
    dataset, form = request.path_params["dataset"], request.path_params["form"]
    what: What = "page"
    fault = None
    status, rows = 200, 0
    try:
        if form not in MEDIA_TYPES:
            raise refusals.malformed(f"unknown form {form}")
        spec = portal.store.spec(dataset)
        query = translate(spec, parameters, dataset, paging)
        what = "aggregate" if query.is_aggregate else "page"
        fault = portal.faults.take(dataset, what)
        _check_token(portal, request)
        if response := await _answer_before(portal, fault):
            status = response.status_code
            return response
        store = portal.store

        def answered() -> Answer:
            with store.session() as session:
                return answer(session, query, form)

        result = await run_in_threadpool(answered)
        rows = result.rows
        return _response(store, dataset, result, form, fault)
    except RefusalError as refusal:
        status = refusal.status
        raise
    finally:
        _log(request, dataset, what, status, rows, fault)


async def _metadata(request: Request) -> Response:
    portal: Portal = request.app.state.portal
    dataset = request.path_params["dataset"]
    fault = portal.faults.take(dataset, "metadata")
    status = 200
    try:
        _check_token(portal, request)
        if response := await _answer_before(portal, fault):
            status = response.status_code
            return response
        return JSONResponse(portal.store.metadata(dataset))
    except RefusalError as refusal:
        status = refusal.status
        raise
    finally:
        _log(request, dataset, "metadata", status, 0, fault)


async def _answer_before(portal: Portal, fault: Fault | None) -> Response | None:
    """Let a fault happen that comes before the answer, or in its place."""
    if fault is None:
        return None
    match fault.kind:
        case "status":
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            is_from_coordinator = fault.body == "errorCode"
            refusal = RefusalError(
                fault.status, "fault", fault.message, is_from_coordinator=is_from_coordinator
            )
            return JSONResponse(refusal.body(), fault.status, headers)
        case "html":
            return Response(HTML_PAGE, media_type="text/html")
        case "drop":
            return BrokenResponse(b"", "text/plain", {}, fault.kind)
        case "delay":
            await asyncio.sleep(fault.seconds)
        case "change":
            call = dict(fault.call or {})
            await run_in_threadpool(portal.control, call.pop("verb"), call)
    return None


def _response(
    store: Store, dataset: str, result: Answer, form: str, fault: Fault | None
) -> Response:
    changed = store.changed_at(dataset)
    body = result.body
    headers = {
        "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        "Last-Modified": _http_date(changed),
        "X-SODA2-Fields": json.dumps(list(result.columns)),
        "X-SODA2-Types": json.dumps(list(result.columns.values())),
        "X-SODA2-Truth-Last-Modified": _http_date(changed),
        "X-SODA2-Data-Out-Of-Date": "true" if fault and fault.kind == "stale" else "false",
    }
    media_type = MEDIA_TYPES[form]
    if fault and fault.kind in ("cut", "short"):
        if fault.gzip:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        return BrokenResponse(body, media_type, headers, fault.kind)
    if fault and fault.kind == "truncated":
        body = without_last_half(body, form)
    if fault and fault.kind == "torn":
        body = body[: -len(body) // 4]
    if fault and fault.kind == "empty":
        body = without_rows(body, form)
    return Response(body, media_type=media_type, headers=headers)


def _http_date(at: datetime) -> str:
    return format_datetime(at.replace(tzinfo=UTC), usegmt=True)


def _check_token(portal: Portal, request: Request) -> None:
    if portal.faults.token and _token(request) != portal.faults.token:
        raise refusals.wrong_token()


def _token(request: Request) -> str | None:
    return request.headers.get("X-App-Token") or request.query_params.get("$$app_token")


def _log(
    request: Request, dataset: str, what: str, status: int, rows: int, fault: Fault | None
) -> None:
    portal: Portal = request.app.state.portal
    portal.log.note(
        path=request.url.path,
        query=request.url.query,
        dataset=dataset,
        what=what,
        status=status,
        rows=rows,
        fault=fault.kind if fault else None,
        has_token=_token(request) is not None,
    )


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusalError):
        raise error
    return JSONResponse(error.body(), error.status)


async def _requests(request: Request) -> Response:
    portal: Portal = request.app.state.portal
    return JSONResponse(portal.log.as_rows())


async def _control(request: Request) -> Response:
    portal: Portal = request.app.state.portal
    verb = request.path_params["verb"]
    call = json.loads(await request.body() or b"{}")
    simple: dict[str, Callable[[], None]] = {
        "reset": portal.reset,
        "misbehave": lambda: portal.faults.add(call),
        "behave": portal.faults.clear,
        "token": lambda: setattr(portal.faults, "token", call.get("token")),
        "forget": portal.log.clear,
    }
    if verb in simple:
        await run_in_threadpool(simple[verb])
        return JSONResponse({})
    return JSONResponse(await run_in_threadpool(portal.control, verb, call))

"""Rows of `job_spans` as spans of OpenTelemetry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from stuck_jobs import __version__

SERVICE = "job-pipeline"
OPEN = "stuck_jobs.open"
SCOPE = InstrumentationScope("stuck_jobs", __version__)


@dataclass(frozen=True)
class Span:
    """A row of `job_spans` that is to be sent.

    Attributes:
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
        parent_span_id: likewise; None of the job itself.
        name: of the span.
        kind: OpenTelemetry's, in lower case.
        start_ns: nanoseconds since 1970.
        end_ns: likewise; None while it is open.
        status_code: OpenTelemetry's, in lower case.
        attributes: by name.
        job_id: the job's primary key.
        moved_at: when the job's status was last written.
        may_come_again: whether the next run would meet it again.
    """

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    start_ns: int
    end_ns: int | None
    status_code: str
    attributes: dict[str, Any]
    job_id: str
    moved_at: datetime
    may_come_again: bool


def resource() -> Resource:
    """Whose spans they are: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, else a name of ours."""
    return Resource({"service.name": SERVICE}).merge(OTELResourceDetector().detect())


def readable(span: Span, owner: Resource, now_ns: int) -> ReadableSpan:
    """A span as the exporter wants it.

    Args:
        span: as the view has it.
        owner: what all spans have in common.
        now_ns: the end of one that is still open, which is marked, since OTLP knows none without an end.
    """
    is_open = span.end_ns is None
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace_id, span.span_id),
        parent=_context(span.trace_id, span.parent_span_id) if span.parent_span_id else None,
        resource=owner,
        attributes=span.attributes | ({OPEN: True} if is_open else {}),
        kind=SpanKind[span.kind.upper()],
        status=Status(StatusCode[span.status_code.upper()]),
        start_time=span.start_ns,
        end_time=max(span.start_ns, now_ns) if span.end_ns is None else span.end_ns,
        instrumentation_scope=SCOPE,
    )


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )

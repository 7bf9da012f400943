"""Where Redis is: one server, the master that Sentinels name, or a cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.connection import SSLConnection, parse_url
from redis.exceptions import RedisClusterException
from redis.retry import Retry
from redis.sentinel import Sentinel

from stuck_jobs.collect.redis_tls import tls_mismatch
from stuck_jobs.errors import StuckJobsError

DEFAULT_URL = "redis://localhost:6379/0"
Client = redis.Redis | redis.RedisCluster

FORMS = (
    "redis://host:6379/0, rediss://… (TLS), unix:///path, "
    "redis+sentinel://host:26379,host2:26379/mymaster/0 or redis+cluster://host:6379"
)
_SEVERAL_HOSTS = re.compile(
    r"(?P<scheme>rediss?)\+(?P<mode>sentinel|cluster)://(?P<user>[^@/]*@)?(?P<hosts>[^@/?]+)"
    r"(?P<path>/[^?]*)?(?P<query>\?.*)?"
)
_DEFAULT_PORTS = {"sentinel": 26379, "cluster": 6379}
_SENTINEL_OPTIONS = {"sentinel_username": "username", "sentinel_password": "password"}


@dataclass(frozen=True)
class RedisAddress:
    """A Redis URL, understood.

    Attributes:
        mode: single, sentinel or cluster.
        options: redis-py's, for the servers that hold the data.
        nodes: host and port of each Sentinel or cluster node.
        master: the name under which the Sentinels know it.
        sentinel_options: redis-py's, for the Sentinels.
        is_assumed: nobody said where it is.
    """

    mode: str
    options: dict[str, Any] = field(repr=False)
    nodes: tuple[tuple[str, int], ...] = ()
    master: str = ""
    sentinel_options: dict[str, Any] = field(default_factory=dict, repr=False)
    is_assumed: bool = False

    def open(self, timeout: float) -> Client:
        """Make a client.

        Args:
            timeout: for each answer, in seconds.

        Raises:
            redis.RedisError: if a cluster does not answer; the other clients connect when they are used.
        """
        common: dict[str, Any] = {
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "protocol": 2,
        }
        once = Retry(NoBackoff(), 0)
        match self.mode:
            case "cluster":
                nodes = [ClusterNode(*node) for node in self.nodes]  # type: ignore[no-untyped-call]
                return redis.RedisCluster(startup_nodes=nodes, retry=once, **common, **self.options)
            case "sentinel":
                settings = {"retry": once, **common, **self.sentinel_options}
                sentinels = Sentinel(self.nodes, sentinel_kwargs=settings)  # type: ignore[no-untyped-call]
                master: redis.Redis = sentinels.master_for(  # type: ignore[no-untyped-call]
                    self.master, retry=once, **common, **self.options
                )
                return master
            case _:
                pool = redis.ConnectionPool(retry=once, **common | self.options)
                return redis.Redis.from_pool(pool)

    def reason(self, error: Exception) -> str:
        """Why Redis could not be asked, in one line without the URL's passwords."""
        text = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, redis.ConnectionError | redis.TimeoutError | RedisClusterException | OSError):
            mismatches = (tls_mismatch(host, port, self._uses_tls) for host, port in self._servers)
            text = next(filter(None, mismatches), text)
            if self.is_assumed:
                return f"REDIS_URL is not set, and no Redis answers at {DEFAULT_URL}"
        return self._without_secrets(text)

    @property
    def _uses_tls(self) -> bool:
        return self.options.get("connection_class") is SSLConnection or bool(self.options.get("ssl"))

    @property
    def _servers(self) -> tuple[tuple[str, int], ...]:
        """Those that the URL names by host and port."""
        if self.mode == "single" and "path" not in self.options:
            return ((self.options.get("host", "localhost"), self.options.get("port", 6379)),)
        return self.nodes

    def _without_secrets(self, text: str) -> str:
        for options in (self.options, self.sentinel_options):
            if password := options.get("password"):
                text = text.replace(password, "***")
        return text


def parse_redis_url(url: str | None) -> RedisAddress:
    """Understand a Redis URL.

    Args:
        url: in one of the `FORMS`; if nobody gave one, it is the `DEFAULT_URL`.

    Raises:
        StuckJobsError: if it is none; the message does not repeat the URL, which may hold a password.
    """
    if url is None:
        return replace(_single(DEFAULT_URL), is_assumed=True)
    try:
        several = _SEVERAL_HOSTS.fullmatch(url)
        return _several(several) if several else _single(url)
    except (ValueError, TypeError):
        raise StuckJobsError(
            f"this is no Redis URL; write {FORMS}, with user:password@ before the host if need be, "
            "in which special characters are percent-encoded"
        ) from None


def _single(url: str) -> RedisAddress:
    options = _options(url)
    redis.ConnectionPool(**options).make_connection()  # refuses unknown options, and does not connect yet
    return RedisAddress("single", options)


def _several(matched: re.Match[str]) -> RedisAddress:
    mode = matched["mode"]
    path = unquote(matched["path"] or "").strip("/").split("/")
    master = path.pop(0) if mode == "sentinel" else ""
    if mode == "sentinel" and not master:
        raise ValueError("no master")
    database = int("".join(path) or 0)
    options = _options(f"{matched['scheme']}://{matched['user'] or ''}host{matched['query'] or ''}")
    uses_tls = {"ssl": True} if options.pop("connection_class", None) is SSLConnection else {}
    del options["host"]
    options |= uses_tls
    sentinel_options = uses_tls | {
        name: options.pop(option) for option, name in _SENTINEL_OPTIONS.items() if option in options
    }
    if mode == "sentinel":
        options["db"] = database
    elif database:
        raise ValueError("a cluster has no databases")
    nodes = tuple(_node(host, _DEFAULT_PORTS[mode]) for host in matched["hosts"].split(","))
    return RedisAddress(mode, options, nodes, master, sentinel_options)


def _node(text: str, default_port: int) -> tuple[str, int]:
    split = urlsplit(f"//{text}")
    if not split.hostname:
        raise ValueError("no host")
    return split.hostname, split.port or default_port


def _options(url: str) -> dict[str, Any]:
    """Let redis-py read a URL, unless a character of the password ends the host's part too early."""
    split: SplitResult = urlsplit(url)
    if "@" in split.path + split.query + split.fragment:
        raise ValueError("@ after the host")
    options: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
    return options

"""The part of redis-cli that the documents use, for machines without one: `[-u URL] COMMAND [ARGUMENT…]`."""

from __future__ import annotations

import os
import sys

import redis


def main(arguments: list[str]) -> None:
    if arguments[0] == "-u":
        _, url, *arguments = arguments
    else:
        url = os.environ["REDIS_URL"]
    with redis.Redis.from_url(url, decode_responses=True) as client:
        reply = client.execute_command(*arguments)
    for line in reply if isinstance(reply, list) else [reply]:
        print("" if line is None else line)


if __name__ == "__main__":
    main(sys.argv[1:])

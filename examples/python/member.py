"""Joins, prints its events as JSON lines, executes commands, and leaves on SIGTERM or Ctrl-C."""

import argparse
import asyncio
import json
import os
import signal
import sys

from rankd import RankdError, join, now_ms

SAID = ("member", "resumed", "rank", "was", "size", "position", "code", "message")


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def tell(frame):
    if frame["type"] == "view" and frame["rank"] == frame["was"]:
        return  # the size or the leader has changed: `me.size`, `me.leader`
    promoted = frame["type"] == "view" and frame["rank"] < frame["was"]
    say("promoted" if promoted else frame["type"], **{field: frame[field] for field in SAID if field in frame})


async def run(options):
    hello = {"name": options.name, "group": options.group, "token": options.token}
    limits = {"ca": options.ca, "join_within_ms": options.join_within_ms or None}
    async with join(options.url, on_event=tell, **limits, **hello) as me:

        async def print_it(args, sender):
            say("print", args=args, by=sender["name"])
            return {"printed": True}

        async def relay(args, sender):
            """Sends the command `print` to others, and returns its outcome."""
            return await me.command("print", args["args"], to=args["to"])

        async def act(fence):
            """The work of the leader: writes stamps to a file, and checks the clock before each stamp."""
            say("leads", fence=fence)
            try:
                with open(options.stamps, "a", encoding="utf-8", buffering=1) as stamps:
                    while True:
                        looked_at = now_ms()
                        if me.fence == fence:
                            stamps.write(json.dumps({"fence": fence, "lookedAtMs": looked_at}) + "\n")
                        await asyncio.sleep(options.every_ms / 1000)
            finally:
                say("stopped")

        me.handlers.update({"print": print_it, "relay": relay})
        await me.lead(act)


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", default="rankd://127.0.0.1:2700")
    parser.add_argument("--name", default=f"python-{os.getpid()}")
    parser.add_argument("--group")
    parser.add_argument("--token", default=os.environ.get("RANKD_TOKEN"))
    parser.add_argument("--ca", help="the file with the CA of a server at rankds://")
    parser.add_argument("--join-within-ms", type=int, default=0, help="how long to try to join, ms (0: no limit)")
    parser.add_argument("--stamps", default=os.devnull, help="the file that it writes to while it leads")
    parser.add_argument("--every-ms", type=int, default=1000, help="the interval of these writes, ms")
    options, me = parser.parse_args(), asyncio.current_task()
    for stop in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(stop, me.cancel)
    try:
        await run(options)
    except asyncio.CancelledError:
        say("left")
    except RankdError as error:
        sys.exit(f"rankd: {error}")


if __name__ == "__main__":
    asyncio.run(main())

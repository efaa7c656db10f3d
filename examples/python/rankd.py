"""A member of a rankd group, with the standard library only. docs/protocol.md has the rules (R-…)."""

import asyncio
import json
import random
import re
import ssl
import time

ANSWER_MS = 10_000  # for the connection, for the answer to hello, for the bye after leave
LINE_BYTES_MAX = 2**24 + 2  # no server has a larger frameBytesMax
TASKS_MAX = 100  # concurrent commands, and two or three other tasks; further commands are refused with BUSY
BACKOFF_S, BACKOFF_CAP_S, SEATED_CAP_S = 0.1, 5.0, 1.0
UNKNOWN = {"code": "OUTCOME_UNKNOWN", "message": "the session ended first: any recipient may have executed it"}
URL = re.compile(r"([a-z]\w*)://([^\s/?#]*@)?(\[[0-9a-fA-F:.]+\]|[^\s:/?#@,\[\]]+)?(?::([^\s/?#]*))?([/?#]\S*)?", re.I)
BROKEN = (OSError, ValueError, KeyError, TypeError, asyncio.TimeoutError)  # of a connection or of a frame


class RankdError(Exception):
    """`code` is listed in docs/errors.md; `frame` is the frame of the server."""

    def __init__(self, frame):
        super().__init__(ascii(f"{frame['code']}: {frame['message']}")[1:-1])  # a terminal may show it in a traceback
        self.code, self.frame = frame["code"], frame


def fail(code, message):
    raise RankdError({"code": code, "message": message})


def parse_url(url):
    """Returns the scheme, the host and the port of `rankd://host:port` or `rankds://host:port`. Raises RankdError."""
    found = URL.fullmatch(str(url))
    scheme, user, host, port, path = found.groups() if found else ("rankd", None, None, None, None)
    number = int(port or 2700) if re.fullmatch("[0-9]{0,5}", port or "") else 0
    wrong = {
        "it has no scheme": "://" not in str(url),
        f"the scheme is {scheme!r}": scheme.lower() not in ("rankd", "rankds"),
        "it has a user: pass token= instead": user,
        "the port is not a number from 1 to 65535": not 0 < number < 2**16,
        "it has a path or a query": path not in (None, "/"),
        "it has no host, or a space": not host,
    }
    for what in filter(wrong.get, wrong):
        fail("BAD_ARGUMENT", f"the URL is not of the form rankd://host:port or rankds://host:port: {what}")
    return scheme.lower(), host.strip("[]"), number


def now_ms():  # a monotonic clock, which also runs while the machine sleeps if the system has one
    return (time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()) * 1000


class Session:
    """One connection, and the times of its lease (R-LEAD-3)."""

    def __init__(self, writer):
        self.writer, self.rank, self.yielded, self.suspended = writer, None, False, False
        self.resigning, self.asked, self.features = False, False, []  # asked: to yield, and no view has come since
        self.acknowledged_at = now_ms()  # hello is sent after this, and welcome acknowledges it
        self.sent_at, self.suspend_ms, self.dead_ms = {}, ANSWER_MS, ANSWER_MS  # sent_at: n → when its pong was sent
        self.frame_bytes_max = 4096 + 1024  # for hello; welcome has the limit for later frames

    def send(self, type, **fields):
        """Does not wait, so that reading continues during a write (R-FLOW-1). A field that is None is omitted."""
        line = json.dumps({"type": type, **{k: v for k, v in fields.items() if v is not None}}, allow_nan=False)
        if len(line) > self.frame_bytes_max - 1024:  # the server accepts every shorter frame (R-FRAME-2)
            fail("PAYLOAD_TOO_LARGE", f"{type}: {len(line)} bytes, too many")
        self.writer.write(line.encode() + b"\n")

    def pong(self, n, seen):
        self.acknowledged_at = self.sent_at.get(seen, self.acknowledged_at)
        self.sent_at = {earlier: at for earlier, at in self.sent_at.items() if earlier > seen}
        self.sent_at[n] = now_ms()  # before the write: an earlier time is safe, a later one is not
        self.send("pong", n=n)


class join:
    """`async with join(url, name="ann") as me`, or `me = await join(url)`, with fields of hello by name. Reconnects
    after a lost session. After `join_within_ms` without a seat (None: no limit) it raises the last failure."""

    def __init__(self, url, *, tls=None, ca=None, join_within_ms=10_000, on_event=lambda frame: None, **hello):
        scheme, host, port = parse_url(url)
        if join_within_ms is not None and not join_within_ms > 0:
            fail("BAD_ARGUMENT", f"join_within_ms is {join_within_ms}: give a number above 0, or None")
        tls = (tls or ssl.create_default_context(cafile=ca)) if scheme == "rankds" else None
        self._place = {"host": host, "port": port, "ssl": tls, "limit": LINE_BYTES_MAX}
        self._hello, self._on_event = {"protocol": 1, "updates": "size", **hello}, on_event  # on_event must not wait
        self.size = self.slot = self.leader = None  # as the server last sent them; leader: {"member", "name"}
        self._join_within_ms, self._failure = join_within_ms, {"code": "CONNECT_FAILED", "message": "no answer"}
        self.handlers = {}  # name → async function(args, sender): returns the value, or raises
        self._tasks, self._open, self._orders = set(), {}, 0  # open: id of a command → its frames
        self._link = self._session = self._seat = self._fence = None  # link: the connection, seated or not
        self._acting = self._stopping = None  # the task of `lead`
        self._leaving, self._attempt, self._news = False, 0, asyncio.Event()

    async def __aenter__(self):
        self._life = self._spawn(self._live())
        self._life.add_done_callback(lambda _: self._tell())
        within_s = self._join_within_ms and self._join_within_ms / 1000
        try:
            await asyncio.wait_for(self.until(lambda: self._seat), within_s)
        except asyncio.TimeoutError:
            fail(self._failure["code"], f"not admitted within {within_s} s: {self._failure['message']}")
        finally:
            self._seat or self._life.cancel()
        return self

    def __await__(self):
        return self.__aenter__().__await__()

    @property
    def rank(self):
        """None while it must not act on a rank: suspended, yielding, not connected. Check it right before you act."""
        session = self._session
        if session is None or self._leaving or session.yielded or session.writer.is_closing():
            return None
        return session.rank if now_ms() - session.acknowledged_at < session.suspend_ms else None  # R-LEAD-3

    @property
    def fence(self):
        """The fencing token (epoch, view). None while it must not act as rank 0."""
        return self._fence if self.rank == 0 else None

    async def until(self, holds):
        """Waits until `holds()` is true. Raises RankdError with the bye if the membership ends first."""
        while not holds():
            if self._leaving or self._life.done():
                raise RankdError({"code": "LEFT", "message": "member left"} if self._leaving else self._life.result())
            await self._news.wait()

    async def lead(self, work):
        """Runs `async work(fence)` while this is rank 0. Cancels it when it must stop, and yields when it has ended."""
        while True:
            await self.until(lambda: self.rank == 0)
            acting = self._acting = self._spawn(work(self._fence))
            await asyncio.wait({acting})
            if acting is not self._stopping:
                acting.result()
                await self.until(lambda: self.rank != 0)

    async def command(self, name, args=None, *, to="below", deadline_ms=5000):
        """Returns the outcome, with the receipt as `receipt`: each target is in one of them. Raises RankdError."""
        session, told, frames = self._connected(), [], asyncio.Queue()
        self._orders += 1
        order_id = str(self._orders)
        session.send("command", id=order_id, name=name, args=args, to=to, deadlineMs=deadline_ms)
        self._open[order_id] = frames
        try:
            while len(told) < 2:
                told.append(await frames.get())
                if "code" in told[-1]:
                    raise RankdError(told[-1])
            return {**told[1], "receipt": told[0]}
        finally:
            self._open.pop(order_id, None)

    async def resign(self):
        """Stops acting, goes behind the last present member, and returns when it may act there. Raises RankdError."""
        session = self._connected()
        if "resign" not in session.features:
            fail("UNSUPPORTED", "the server does not have the feature resign")
        if not session.resigning:
            session.resigning = session.yielded = True
            self._tell()
            self._spawn(self._stopped(lambda: session.send("resign")))
        await self.until(lambda: not session.resigning or session is not self._session)
        if session.resigning:
            fail("NOT_CONNECTED", "the session ended first: the member may have resigned")

    async def leave(self, *_):
        """Stops acting, leaves, and waits for the bye. The subordinates are promoted at that moment."""
        self._leaving = True
        self._tell()
        await self._stopped()
        if self._link is not None:
            self._link.send("leave")
            await asyncio.wait({self._life}, timeout=ANSWER_MS / 1000)
        for task in self._tasks:
            task.cancel()
    __aexit__ = leave

    def _connected(self):
        if self._session is None:
            fail("NOT_CONNECTED", "there is no session at the moment")
        return self._session

    def _spawn(self, coroutine):
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _live(self):
        while True:
            try:
                bye = await self._sit() or {"code": "CONNECT_FAILED", "message": "the connection was closed"}
            except BROKEN as error:
                what = f"{type(error).__name__}: {error}" if str(error) else "the server did not answer in time"
                bye = {"code": "CONNECT_FAILED", "message": "{host}:{port}: ".format(**self._place) + what}
            if self._leaving or bye.get("retry") is False:
                return bye
            self._failure = bye
            self._report({**bye, "type": "lost"})
            most_s = min(SEATED_CAP_S if self._seat else BACKOFF_CAP_S, BACKOFF_S * 2 ** min(self._attempt, 10))
            self._attempt += 1
            after_s = bye.get("retryAfterMs", 0) / 1000
            await asyncio.sleep(after_s + random.uniform(0, min(most_s, 0.1) if after_s else most_s))

    async def _sit(self):
        reader, writer = await asyncio.wait_for(asyncio.open_connection(**self._place), ANSWER_MS / 1000)
        session = self._link = Session(writer)
        watch = self._spawn(self._watch(session))
        try:
            session.send("hello", **self._hello)
            async for line in reader:
                if line.strip() and not line.lstrip().startswith(b"{"):
                    raise ValueError(f"the server on this port is not rankd: it sent {line[:60]!r}")
                if line.strip() and (bye := self._take(session, json.loads(line))):
                    return bye
        finally:
            watch.cancel()
            writer.close()
            self._link = self._session = None
            for frames in self._open.values():
                frames.put_nowait(UNKNOWN)
            self._tell()

    async def _watch(self, session):
        """Reports the start and the end of a suspension, and closes the connection after deadMs of silence."""
        while (silent_ms := now_ms() - session.acknowledged_at) < session.dead_ms:
            if session.suspended != (silent_ms >= session.suspend_ms):
                session.suspended = not session.suspended
                self._tell({"type": "suspended" if session.suspended else "restored"})
            await asyncio.sleep(min(50, max(1, session.suspend_ms - silent_ms)) / 1000)
        session.writer.transport.abort()

    def _tell(self, frame=None):
        """Called after a change: cancels leader work that must stop, and wakes every `until`."""
        if self._acting is not None and self.rank != 0:
            self._stopping, self._acting = self._acting, None
            self._stopping.cancel()
        news, self._news = self._news, asyncio.Event()
        news.set()
        if frame is not None:
            self._report(frame)

    def _report(self, frame):
        try:
            self._on_event(frame)
        except Exception as error:  # the membership continues
            asyncio.get_running_loop().call_exception_handler({"message": "on_event failed", "exception": error})

    async def _stopped(self, then=lambda: None):
        if self._stopping is not None:
            await asyncio.wait({self._stopping})
        then()

    def _take(self, session, frame):
        kind = frame["type"]
        if kind == "ping":
            session.pong(frame["n"], frame["seen"])
        elif kind in ("waiting", "welcome", "view"):
            self._told(session, frame, kind)
        elif kind == "yield":
            session.yielded = session.asked = True
            self._tell(frame)
            self._spawn(self._stopped(lambda: session.resigning or session.send("yielded")))  # resign answers it too
        elif kind == "command":
            self._spawn(self._execute(frame, now_ms(), self._objection(frame)))
        elif kind in ("receipt", "outcome") and frame["id"] in self._open:
            self._open[frame["id"]].put_nowait(frame)
        return frame if kind == "bye" else None

    def _told(self, session, frame, kind):
        if kind != "view":
            session.suspend_ms, session.dead_ms = frame["suspendMs"], frame["deadMs"]
        if kind == "welcome":
            session.frame_bytes_max, session.features = frame["frameBytesMax"], frame["features"]
            self._session, self._attempt = session, 0
            self._hello["resume"] = {"member": frame["member"], "secret": frame["resume"], "epoch": frame["epoch"]}
            self.slot = frame["slot"]
            earlier, self._seat = self._seat, (frame["member"], frame["epoch"])
            self._fence = self._fence if self._seat == earlier else None
        self.size, self.leader = frame.get("size", self.size), frame.get("leader", self.leader)  # waiting has neither
        if session.resigning and kind == "view":
            cause, moved = frame["cause"], session.rank == 0 < frame["rank"] or frame["changes"] == 0
            answers = cause.get("reason") == "RESIGNED" and cause["member"] == self._seat[0]
            session.resigning = not (answers or moved and not session.asked)  # no earlier view counts (R-RESIGN-1)
        session.yielded, session.asked = session.resigning, session.resigning and session.asked
        session.rank, own, told = frame.get("rank"), self._fence, frame.get("fence", frame)
        if session.rank != 0:
            self._fence = None
        elif own is None or "fence" in frame:  # in a welcome: another member may have led since (R-JOIN-3)
            self._fence = max(own or (0, 0), (told["epoch"], told["view"]))
        self._tell(frame)

    def _objection(self, frame):
        """Returns why a command must not be executed, checked on its arrival (R-CMD-4)."""
        if (rank := self.rank) is None or frame["from"]["rank"] >= rank:
            return "SUSPENDED" if rank is None else "OUTRANKED"
        if len(self._tasks) > TASKS_MAX:
            return "BUSY"
        return None if frame["name"] in self.handlers else "NO_HANDLER"

    async def _execute(self, frame, read_at, objection):
        seat, late = self._seat, now_ms() - read_at >= frame["deadlineMs"]
        if refused := objection or ("DEADLINE_PASSED" if late else None):
            return await self._answer(frame, seat, status="refused", error={"code": refused})
        try:
            value = await self.handlers[frame["name"]](frame.get("args"), frame["from"])
            await self._answer(frame, seat, status="done", value=value)
        except Exception as error:
            told = {"code": "HANDLER_FAILED", "message": str(error)[:256]}
            await self._answer(frame, seat, status="failed", error=told)

    async def _answer(self, frame, seat, **fields):
        while self._session is None:
            await self._news.wait()  # the result is also valid on a resumed session (R-CMD-8)
        if frame["reply"] and seat == self._seat:
            self._session.send("result", seq=frame["seq"], epoch=seat[1], **fields)

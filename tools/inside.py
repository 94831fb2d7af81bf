"""The half of the sandbox that runs inside it: starts a Jupyter kernel and passes messages between it and the grader.

Not imported by the grader. Frames (see ``remote.py``) come in on standard input and go out on standard output:

=============  ====================================================  ==========================================
in             out, any number                                       out, last
=============  ====================================================  ==========================================
``run``        ``output`` (a message of the kernel's)                ``done`` or ``dead``
``serve``                                                            ``serving`` or ``dead``
``ask``                                                              ``answer`` or ``dead``
``interrupt``                                                        (none; the command under way ends sooner)
=============  ====================================================  ==========================================

After ``serve``, and until an ``ask`` with ``{"op": "end"}``, the kernel answers requests and runs nothing else. All
here shares a user with the student's code, which could stop or imitate it. So the grader takes nothing that comes from
here for more than what a student's code says.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import resource
import shutil
import socket
import sys
import time

import zmq
from aelib_remote import frame, take_frame  # `remote.py`, under the name that it has in a sandbox
from jupyter_client import KernelManager

# Output that a cell prints beyond this ends in an error, in the cell itself; twice as much ends the kernel.
FIRST_CELL = """
def _limit_output():
    import sys
    from IPython import get_ipython
    def limited(write):
        written = 0
        def limited_write(text, *rest):
            nonlocal written
            written += len(text)
            if written > {flood}:
                raise RuntimeError("this cell printed more than {millions} million characters and was stopped")
            return write(text, *rest)
        limited_write.unlimited = write
        return limited_write
    def start(*_):
        for stream in (sys.stdout, sys.stderr):
            stream.write = limited(getattr(stream.write, "unlimited", stream.write))
    get_ipython().events.register("pre_run_cell", start)
_limit_output()
del _limit_output
"""


def limit(name: int, value: int) -> None:
    """Set a limit of the system's for this process and those it starts."""
    hard = resource.getrlimit(name)[1]
    with contextlib.suppress(ValueError, OSError):  # not every system knows, or allows, every one
        resource.setrlimit(name, (value, value if hard == resource.RLIM_INFINITY else min(value, hard)))


def confine(settings: dict) -> None:
    """Give up root's rights, if it is root, and take on the limits."""
    if settings["user"]:
        os.setgroups([])
        os.setresgid(*[settings["user"]] * 3)
        os.setresuid(*[settings["user"]] * 3)
    limit(resource.RLIMIT_CORE, 0)
    # The grader's watcher ends what goes beyond the limit bit by bit, and can say so. This one is for a leap that it
    # would see too late. A kernel that runs into it has no memory left to report an error with.
    limit(resource.RLIMIT_DATA, settings["memory"] * 3 // 2)
    limit(resource.RLIMIT_FSIZE, settings["file"])
    limit(resource.RLIMIT_NPROC, settings["tasks"])
    for folder in (os.environ["HOME"], settings["folder"], settings["work"]):
        os.makedirs(folder, exist_ok=True)
    os.chdir(settings["work"])
    fonts = os.environ["MPLCONFIGDIR"]
    os.makedirs(fonts, exist_ok=True)
    for path in glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "fontlist-*.json")):
        shutil.copy(path, fonts)


class Relay:
    """One kernel, and the pipes to the grader."""

    def __init__(self, settings: dict):
        self.settings = settings
        # The kernel must not get hold of the pipes by inheriting them as standard input and output.
        self.inbox, self.outbox = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1):
            os.dup2(null, standard)
        self.commands = bytearray()
        self.serving: socket.socket | None = None
        self.answers = bytearray()
        self.manager = KernelManager(transport="ipc", ip=os.path.join(settings["folder"], "kernel"))
        options = ["--IPKernelApp.log_level=50", "--HistoryManager.enabled=False"]
        self.manager.start_kernel(
            extra_arguments=options, cwd=settings["work"], env=dict(os.environ), stdout=null, stderr=null
        )
        self.client = self.manager.blocking_client()
        self.client.start_channels(stdin=False, hb=False, control=False)
        self.client.wait_for_ready(timeout=settings["start"])
        self.poller = zmq.Poller()
        for source in (self.inbox, self.client.iopub_channel.socket, self.client.shell_channel.socket):
            self.poller.register(source, zmq.POLLIN)

    def send(self, header: dict, data: bytes = b"") -> None:
        """Write one frame to the grader."""
        rest = memoryview(frame(header, data))
        while rest:
            rest = rest[os.write(self.outbox, rest) :]

    def command(self, wait: bool) -> tuple[dict, bytes] | None:
        """Read the next command, or look whether there is one."""
        while True:
            received = take_frame(self.commands)
            if received is not None:
                return received
            if not wait and not dict(self.poller.poll(0)).get(self.inbox):
                return None
            piece = os.read(self.inbox, 1 << 20)
            if not piece:  # the grader is gone
                self.manager.shutdown_kernel(now=True)
                os._exit(0)
            self.commands += piece

    def loop(self) -> None:
        """Do what the grader says, until it is gone."""
        while True:
            command, data = self.command(wait=True)
            if command["do"] == "run":
                self.run(command["code"])
            elif command["do"] == "serve":
                self.serve()
            elif command["do"] == "ask":
                self.ask(command["request"], data)

    def messages(self, channel):
        """Give the messages that a channel of the kernel's holds now."""
        while channel.socket.poll(0):
            with contextlib.suppress(Exception):  # a student's code can write anything to its own sockets
                yield channel.get_msg(timeout=1)

    def alive(self) -> bool:
        """Tell whether the kernel runs; if not, say so to the grader."""
        if self.manager.is_alive():
            return True
        self.send({"is": "dead", "status": self.manager.provisioner.process.returncode})
        return False

    def wait(self, seconds: float = 0.2) -> dict:
        """Wait for anything to happen; passes an interruption on."""
        ready = dict(self.poller.poll(seconds * 1000))
        if ready.get(self.inbox):
            # While a command is under way, the only other one is this.
            received = self.command(wait=False)
            if received is not None and received[0]["do"] == "interrupt":
                self.manager.interrupt_kernel()
        return ready

    def run(self, code: str) -> None:
        """Run a cell, passing its outputs on."""
        identity = self.client.execute(code, allow_stdin=False, stop_on_error=False)
        size, status, idle, leaving, checked = 0, None, False, False, time.monotonic()
        while not (status and idle):
            ready = self.wait()
            for message in self.messages(self.client.iopub_channel):
                if message["parent_header"].get("msg_id") != identity:
                    continue
                if message["msg_type"] == "status":
                    idle = idle or message["content"]["execution_state"] == "idle"
                    continue
                size += len(json.dumps(message["content"], default=str))
                if size > 2 * self.settings["flood"]:
                    self.manager.shutdown_kernel(now=True)
                    return self.send({"is": "dead", "status": "flood"})
                self.send({"is": "output", "type": message["msg_type"], "content": message["content"]})
            for message in self.messages(self.client.shell_channel):
                if message["parent_header"].get("msg_id") == identity:
                    status = message["content"].get("status", "error")
                    leaving = any(part.get("source") == "ask_exit" for part in message["content"].get("payload") or [])
            if not ready or time.monotonic() - checked > 1:
                checked = time.monotonic()
                if not self.alive():
                    return None
                # What was printed last may have been dropped, if there was too much of it.
                idle = idle or (not ready and status is not None)
        # After `exit()`, the kernel ends when it comes to it.
        return self.send({"is": "dead", "status": "exit"} if leaving else {"is": "done", "status": status})

    def serve(self) -> None:
        """Let the kernel answer requests."""
        path = os.path.join(self.settings["folder"], f"asked-{time.monotonic_ns()}")
        with socket.socket(socket.AF_UNIX) as listener:
            with contextlib.suppress(OSError):
                os.makedirs(self.settings["folder"], exist_ok=True)
            listener.bind(path)
            listener.listen()
            listener.settimeout(0.2)
            self.client.execute(f"__import__('aelib_remote').serve({path!r})", silent=True, store_history=False)
            while True:
                with contextlib.suppress(TimeoutError):
                    self.serving = listener.accept()[0]
                    break
                if not self.alive():
                    return
                self.wait(0)
        self.answers.clear()
        self.poller.register(self.serving, zmq.POLLIN)
        self.send({"is": "serving"})

    def ask(self, request: dict, data: bytes) -> None:
        """Pass a request to the kernel and its answer back."""
        if self.serving is None:
            return self.send({"is": "dead", "status": "closed"})
        end = request.get("op") == "end"
        try:
            self.serving.sendall(frame(request, data))
            while not end:
                answer = take_frame(self.answers)
                if answer is not None:
                    return self.send({"is": "answer", "answer": answer[0]}, answer[1])
                ready = self.wait()
                for channel in (self.client.iopub_channel, self.client.shell_channel):
                    for _ in self.messages(channel):  # what a function prints while it is tested
                        pass
                if ready.get(self.serving.fileno()) or ready.get(self.serving):
                    piece = self.serving.recv(1 << 20)
                    if not piece:
                        break
                    self.answers += piece
                elif not self.manager.is_alive():
                    break
        except (OSError, ValueError):
            pass
        self.poller.unregister(self.serving)
        self.serving.close()
        self.serving = None
        if end:
            return self.send({"is": "answer", "answer": {}})
        time.sleep(0.05)
        if self.alive():
            self.send({"is": "dead", "status": "closed"})
        return None


def main() -> None:
    """Confine this process, start the kernel, say that it is ready, and serve."""
    settings = json.loads(sys.argv[1])
    confine(settings)
    relay = Relay(settings)
    flood = settings["flood"]
    relay.client.execute(FIRST_CELL.format(flood=flood, millions=flood // 1_000_000), silent=True, store_history=False)
    relay.send({"is": "ready"})
    relay.loop()


if __name__ == "__main__":
    main()

"""`python -m azureml_emulator FOLDER [PROXY_PORT [CONTROL_PORT]]`: serve until SIGTERM or SIGINT."""

import errno
import fcntl
import os
import sys
from pathlib import Path
from typing import IO

from azureml_emulator import process

PORTS = 2
NO_PORT = (errno.EADDRINUSE, errno.EACCES)  # it is in use, or this user may not have it
OBJECTS_BETWEEN_COLLECTIONS = 50_000  # Python looks after 700, which is every call or two


async def serve(folder: Path, proxy_port: int, control_port: int) -> None:
    """Serve one folder until told to stop. What serves is imported here: words that are refused do not wait for it."""
    import asyncio
    import gc
    import signal

    from azureml_emulator.core.state import Emulator
    from azureml_emulator.server import Running

    running = Running(Emulator(folder))
    gc.freeze()  # what is imported stays; a call makes hundreds of objects, and nearly none of them is in a cycle
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 50)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        address = await running.start(proxy_port=proxy_port, control_port=control_port, pid=os.getpid())
    except OSError as error:
        if error.errno not in NO_PORT:
            raise
        sys.exit(f"{error.strerror}; name another port, or 0 for any that is free")
    print(f"emulator serves {address.folder}: proxy {address.proxy_url}, control {address.control_url}", flush=True)
    await stopping.wait()
    await running.stop()


def only_here(folder: Path) -> IO[bytes]:
    """The folder for this process and this user alone; it holds tokens and keys, if only emulated ones.

    Raises SystemExit where another process serves it. The file is kept open: the kernel gives the lock back with it.
    """
    os.umask(0o077)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    held = (folder / "process.lock").open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"another emulator serves {folder} already; stop it, or name another folder", file=sys.stderr)
        sys.exit(process.BUSY)
    return held


def stated(words: list[str]) -> tuple[Path, int, int]:
    """The folder and both ports. Raises SystemExit with what is to be said where the words are no such."""
    folder, *ports = words or [""]
    if not folder or folder.startswith("-") or len(ports) > PORTS or not all(port.isdecimal() for port in ports):
        sys.exit(f"{__doc__}\nA port of 0 is any. People have `azureml-emulator up`, which says when it is there.")
    proxy, control = [*map(int, ports), 0, 0][:PORTS]
    return Path(folder).resolve(), proxy, control


if __name__ == "__main__":
    own, *both = stated(sys.argv[1:])
    lock = only_here(own)
    from asyncio import run

    run(serve(own, *both))

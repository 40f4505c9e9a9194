"""`python -m azureml_emulator FOLDER [PROXY_PORT [CONTROL_PORT]]`: serve until SIGTERM or SIGINT."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from azureml_emulator.core.state import Emulator
from azureml_emulator.server import Running


async def serve(folder: Path, proxy_port: int, control_port: int) -> None:
    """Serve one folder until told to stop."""
    running = Running(Emulator(folder))
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    address = await running.start(proxy_port=proxy_port, control_port=control_port, pid=os.getpid())
    print(f"emulator serves {address.folder}: proxy {address.proxy_url}, control {address.control_url}", flush=True)
    await stopping.wait()
    await running.stop()


if __name__ == "__main__":
    ports = [int(text) for text in sys.argv[2:4]] + [0, 0]
    asyncio.run(serve(Path(sys.argv[1]).resolve(), ports[0], ports[1]))

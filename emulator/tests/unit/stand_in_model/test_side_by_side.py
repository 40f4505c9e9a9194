"""Two processes find what one finds, and fail with what one fails with."""

import json
import subprocess
import sys

import pytest

from azureml_emulator.stand_in_model import side_by_side

PROGRAM = """
import json, os, sys
from azureml_emulator.stand_in_model import side_by_side

count, bad, cores = int(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
os.sched_getaffinity = lambda _: set(range(cores))
here = os.getpid()

def work(number):
    if number in bad:
        raise ValueError(f"thing {number}")
    if number in json.loads(sys.argv[4]) and os.getpid() != here:
        os.kill(os.getpid(), 9)
    print("not said twice")
    return number * number, os.getpid() == here

try:
    print(json.dumps(side_by_side.each(work, range(count))), file=sys.stderr)
except ValueError as error:
    print(json.dumps(str(error)), file=sys.stderr)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it forks on Linux alone")


def found(count: int, bad: tuple[int, ...] = (), cores: int = 2, killed: tuple[int, ...] = ()) -> object:
    """What a process of its own finds, which has no threads as a test has."""
    words = (str(count), json.dumps(bad), str(cores), json.dumps(killed))
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=True)
    return json.loads(done.stderr)


def test_every_other_thing_is_done_by_another_process_and_all_are_in_order() -> None:
    assert found(9) == [[number * number, number % 2 == 0] for number in range(9)]


@pytest.mark.parametrize(("count", "cores"), [(side_by_side.FEWEST - 1, 2), (20, 1)])
def test_few_things_or_one_core_need_no_other_process(count: int, cores: int) -> None:
    assert found(count, cores=cores) == [[number * number, True] for number in range(count)]


@pytest.mark.parametrize("bad", [(5,), (4,), (5, 6), (4, 7), (0, 1)])
def test_the_first_thing_that_fails_says_why(bad: tuple[int, ...]) -> None:
    assert found(12, bad=bad) == f"thing {min(bad)}"


def test_what_a_killed_process_leaves_undone_is_done() -> None:
    assert found(8, killed=(5,)) == [[number * number, True] for number in range(8)]


def test_in_a_process_with_threads_nothing_is_forked() -> None:
    program = "import threading, time; threading.Thread(target=time.sleep, args=(1,)).start()\n" + PROGRAM
    words = ("9", "[]", "2", "[]")
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr) == [[number * number, True] for number in range(9)]

"""Every failure has one class, one exit code, and says where it is."""

from mlops.errors import ALL, BadInput, Problem, exit_codes


def test_no_two_failures_share_an_exit_code() -> None:
    codes = [kind.exit_code for kind in ALL]
    assert len(codes) == len(set(codes))
    assert set(exit_codes()) == {0, *codes, 130}


def test_a_problem_reads_as_place_what_why_and_fix() -> None:
    problem = Problem("bad key", "params.yaml", 3, 5, why="it is unknown", fix="remove it")
    assert str(problem) == "params.yaml:3:5: bad key\n  why: it is unknown\n  fix: remove it"


def test_a_place_without_a_file_is_not_invented() -> None:
    assert Problem("x", line=3).place() == ""


def test_a_failure_keeps_every_problem() -> None:
    error = BadInput(["one", Problem("two")])
    assert [problem.what for problem in error.problems] == ["one", "two"]

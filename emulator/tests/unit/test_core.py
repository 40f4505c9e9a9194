"""Store, routing, delays, clock and long-running operations of the emulator, without a server."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.core import arm, state_transitions
from azureml_emulator.core.clock import iso, parse
from azureml_emulator.core.errors import ServiceError
from azureml_emulator.core.operations import Operation, accepted
from azureml_emulator.core.request import Reply, Request
from azureml_emulator.core.state import Emulator
from azureml_emulator.core.state_transitions import Delay
from azureml_emulator.http.routing import Route, Router
from azureml_emulator.routes import ROUTES


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    made = Emulator(tmp_path)
    yield made
    made.close()


REQUEST = Request("PUT", arm.HOST, "/", params={"sub": "s"})


def put(emulator: Emulator, id: str, parent: str = "/p", kind: str = "things", **body: object) -> None:
    emulator.store.put(id, body, parent=parent, kind=kind, name=id.rsplit("/", 1)[-1])


def start(emulator: Emulator, id: str, **options: object) -> Operation:
    return emulator.operations.start(id, "things", request=REQUEST, location="eastus", **options)  # type: ignore[arg-type]


class TestStore:
    def test_ids_ignore_case_and_keep_it(self, emulator: Emulator) -> None:
        put(emulator, "/P/Thing", a=1)
        found = emulator.store.get("/p/THING")
        assert found is not None
        assert (found.id, found.body, found.name) == ("/P/Thing", {"a": 1}, "Thing")
        assert emulator.store.get("/p/other") is None

    def test_children_come_in_order_of_creation_and_replacing_keeps_the_place(self, emulator: Emulator) -> None:
        for name in ("b", "a", "c"):
            put(emulator, f"/p/{name}", n=name)
        put(emulator, "/p/b", n="new")
        put(emulator, "/p/x", kind="other")
        assert [(item.name, item.body["n"]) for item in emulator.store.children("/P", "things")] == [
            ("b", "new"),
            ("a", "a"),
            ("c", "c"),
        ]
        assert [item.name for item in emulator.store.children("/p", "things", newest_first=True)] == ["c", "a", "b"]

    def test_deleting_takes_everything_below(self, emulator: Emulator) -> None:
        put(emulator, "/p/a")
        put(emulator, "/p/a/b", parent="/p/a")
        put(emulator, "/p/a/b/c", parent="/p/a/b", kind="deep")
        put(emulator, "/p/ab")
        emulator.store.delete("/p/A")
        assert [emulator.store.get(id) is None for id in ("/p/a", "/p/a/b", "/p/a/b/c", "/p/ab")] == [
            True,
            True,
            True,
            False,
        ]

    def test_a_failed_transaction_leaves_nothing(self, emulator: Emulator) -> None:
        def write_and_fail() -> None:
            with emulator.transaction():
                put(emulator, "/p/a")
                emulator.store.set_setting("s", "1")
                raise ValueError("later")

        with pytest.raises(ValueError, match="later"):
            write_and_fail()
        assert emulator.store.get("/p/a") is None
        assert emulator.store.setting("s", "0") == "0"
        with emulator.transaction():
            put(emulator, "/p/a")
        assert emulator.store.get("/p/a") is not None

    def test_what_is_stored_survives_a_restart(self, emulator: Emulator, tmp_path: Path) -> None:
        put(emulator, "/p/a", text="é")
        emulator.clock.advance(60)
        again = Emulator(tmp_path)
        found = again.store.get("/p/a")
        again_offset = again.clock.offset()
        again.close()
        assert found is not None
        assert (found.body, again_offset) == ({"text": "é"}, 60.0)


class TestClock:
    def test_it_moves_forward_only(self, emulator: Emulator) -> None:
        before = emulator.clock.now()
        emulator.clock.advance(3600)
        assert timedelta(seconds=3599) < emulator.clock.now() - before < timedelta(seconds=3660)
        with pytest.raises(ValueError, match="forward"):
            emulator.clock.advance(-1)

    def test_times_are_written_as_they_are_read(self) -> None:
        moment = parse("2026-01-02T03:04:05+02:00")
        assert iso(moment) == "2026-01-02T01:04:05.000000Z"
        assert parse(iso(moment)) == moment


class TestPace:
    @pytest.mark.parametrize(
        ("text", "delay"),
        [("at once", Delay()), ("3 reads", Delay(3)), ("40 s", Delay(0, 40.0)), ("1 read, 2.5 s", Delay(1, 2.5))],
    )
    def test_it_is_read_and_written(self, text: str, delay: Delay) -> None:
        assert state_transitions.parse(text) == delay
        assert state_transitions.parse(delay.text) == delay

    @pytest.mark.parametrize("text", ["", "soon", "3", "-1 reads", "2 reads and 3 s"])
    def test_another_form_is_refused(self, text: str) -> None:
        with pytest.raises(ServiceError, match="is not a delay"):
            state_transitions.parse(text)


class TestOperations:
    def test_at_once_means_before_the_next_request(self, emulator: Emulator) -> None:
        put(emulator, "/p/a", properties={"provisioningState": "Creating", "kept": 1})
        operation = start(emulator, "/p/A", merge={"extra": 2})
        assert operation.status == "InProgress"
        emulator.operations.settle()
        found, ended = emulator.store.get("/p/a"), emulator.operations.get(operation.id)
        assert found is not None
        assert ended is not None
        assert found.body["properties"] == {"provisioningState": "Succeeded", "kept": 1, "extra": 2}
        assert (ended.body()["status"], ended.body()["percentComplete"], "endTime" in ended.body()) == (
            "Succeeded",
            100.0,
            True,
        )

    def test_reads_and_seconds_must_both_have_passed(self, emulator: Emulator) -> None:
        put(emulator, "/p/a", properties={})
        operation = start(emulator, "/p/a", wanted=Delay(2, 30.0))
        assert [emulator.operations.read(operation.id).status for _ in range(3)] == ["InProgress"] * 3
        assert emulator.operations.pending("/P/a") is not None
        emulator.clock.advance(31)
        emulator.operations.settle()
        assert emulator.operations.read(operation.id).status == "Succeeded"
        assert emulator.operations.pending("/p/a") is None

    def test_a_failure_shows_on_the_operation_and_on_the_resource(self, emulator: Emulator) -> None:
        put(emulator, "/p/a", properties={"provisioningState": "Creating"})
        operation = start(
            emulator, "/p/a", merge={"extra": 1}, error=("ResourceNotReady", "User container has crashed")
        )
        emulator.operations.settle()
        body, found = emulator.operations.read(operation.id).body(), emulator.store.get("/p/a")
        assert found is not None
        assert (body["status"], body["error"]["code"], body["percentComplete"]) == ("Failed", "ResourceNotReady", 0.0)
        assert found.body["properties"]["provisioningState"] == "Failed"
        assert "extra" not in found.body["properties"]

    def test_deleting_happens_when_it_is_due(self, emulator: Emulator) -> None:
        put(emulator, "/p/a", properties={})
        operation = start(emulator, "/p/a", effect="delete", wanted=Delay(1))
        emulator.operations.settle()
        assert emulator.store.get("/p/a") is not None
        assert emulator.operations.read(operation.id).status == "Succeeded"
        assert emulator.store.get("/p/a") is None

    @pytest.mark.parametrize(
        ("id", "status", "result"),
        [
            ("/workspaces/w/computes/c", "computeOperationsStatus/{id}?api-version={v}&service=new", None),
            ("/workspaces/w", "workspaceOperationsStatus/{id}?api-version={v}&type=async", "type=location"),
            ("/registries/r", "registryOperationsStatus/{id}?api-version={v}&type=async", "type=location"),
        ],
    )
    def test_each_service_has_its_own_name_for_operations(
        self, emulator: Emulator, id: str, status: str, result: str | None
    ) -> None:
        begun = start(emulator, id)
        headers = accepted(begun, 202).headers
        wanted = f"/locations/eastus/{status}".format(id=begun.id, v=begun.api_version)
        assert headers["Azure-AsyncOperation"].endswith(wanted)
        assert headers.get("Location") == (result and headers["Azure-AsyncOperation"].replace("type=async", result))

    def test_the_answer_names_where_to_poll(self, emulator: Emulator) -> None:
        created, gone = (accepted(start(emulator, "/p/a"), status) for status in (201, 202))
        assert "/locations/eastus/mfeOperationsStatus/oe:" in created.headers["Azure-AsyncOperation"]
        assert ("Location" in created.headers, "/mfeOperationResults/" in gone.headers["Location"]) == (False, True)
        with pytest.raises(ServiceError, match="not known"):
            emulator.operations.read("oe:none")


def answer(text: str) -> Route:
    def handler(request: Request, emulator: Emulator) -> Reply:
        return Reply(200, {"row": text, **request.params})

    host, methods, path, *when = text.split(" ")
    return Route(host, methods.replace("|", " "), path, handler, when[0] if when else "")


class TestRouting:
    router = Router(
        [
            answer("{account}.blob.net PUT /{container}/{blob...} comp=block"),
            answer("{account}.blob.net GET|HEAD /{container}/{blob...}"),
            answer("arm.net GET /subscriptions/{sub}/things/{name}"),
        ]
    )

    def ask(self, method: str, host: str, path: str, query: str = "") -> dict[str, str]:
        route, request = self.router.find(Request(method, host, path, query_string=query))
        reply = route.handler(request, None)  # type: ignore[arg-type]
        assert isinstance(reply, Reply)
        found: dict[str, str] = reply.body
        return found

    def test_parts_of_host_and_path_are_captured(self) -> None:
        found = self.ask("GET", "acc.blob.net", "/c/a/b c/d")
        assert (found["account"], found["container"], found["blob"]) == ("acc", "c", "a/b c/d")
        assert self.ask("PUT", "acc.blob.net", "/c/x", "comp=block&blockid=1")["blob"] == "x"

    def test_paths_ignore_case_and_values_keep_it(self) -> None:
        assert self.ask("GET", "arm.net", "/SUBSCRIPTIONS/S1/Things/MyName")["name"] == "MyName"

    def test_a_query_is_read_once(self) -> None:
        asked = Request("PUT", "one.blob.net", "/c/b", query_string="comp=block")
        _, found = self.router.find(asked)
        assert (found.query, found.params["blob"], asked.params) == ({"comp": "block"}, "b", {})
        assert found.query is asked.query
        assert found == Request("PUT", "one.blob.net", "/c/b", query_string="comp=block", params=found.params)

    def test_a_known_path_with_another_method_is_405(self) -> None:
        with pytest.raises(ServiceError) as refused:
            self.ask("DELETE", "acc.blob.net", "/c/x")
        assert (refused.value.status, refused.value.headers["Allow"]) == (405, "GET, HEAD")

    @pytest.mark.parametrize(
        ("host", "path"), [("arm.net", "/subscriptions/s/things"), ("other.net", "/"), ("a.b.blob.net", "/c/x")]
    )
    def test_what_no_row_fits_is_501_and_named(self, host: str, path: str) -> None:
        with pytest.raises(ServiceError, match=f"GET https://{host}{path}") as refused:
            self.ask("GET", host, path)
        assert refused.value.status == 501

    def test_no_row_of_the_table_is_hidden_by_an_earlier_one(self) -> None:
        seen: set[tuple[str, str, str, str]] = set()
        for route in ROUTES:
            for method in route.methods.split():
                row = (route.host.lower(), method, route.path.lower(), route.when)
                assert row not in seen, f"{row} stands twice in the table"
                seen.add(row)


def page(query: str) -> dict[str, Any]:
    request = Request("GET", "arm.net", "/things", query_string=query)
    found: dict[str, Any] = arm.page(request, range(70), lambda number: {"n": number}).body
    return found


class TestPaging:
    def test_pages_follow_each_other_to_the_end(self) -> None:
        query, numbers = "api-version=1&$filter=a b", []
        while query:
            found = page(query)
            numbers += [item["n"] for item in found["value"]]
            query = str(found.get("nextLink", "")).partition("?")[2]
            assert not query or "api-version=1" in query
        assert numbers == list(range(70))

    def test_top_limits_without_a_next_page(self) -> None:
        found = page("$top=5&$skip=2")
        assert ([item["n"] for item in found["value"]], "nextLink" in found) == ([2, 3, 4, 5, 6], False)

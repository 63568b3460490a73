"""Start, snapshot, and a Runtime API that goes away at any point."""

import json
import os

import pytest

from tests.runtime.conftest import WITHIN_SECONDS, got, whole
from tests.runtime.runtime_api import FIRST_CHUNK, LATER_CHUNK, NEXT, NEXT_BODY, RESPONSE_HEAD, STATUS

SNAP_START = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}


class TestInit:
    @pytest.mark.parametrize(
        ("handler", "kind"),
        [("no.such", "ModuleNotFoundError"), ("nobody", "AttributeError"), ("", "AttributeError")],
    )
    def test_error_at_import_is_an_init_error(self, start, runtime_api, handler, kind):
        function = start("echo", _HANDLER=f"handlers.{handler}")
        posted = whole(runtime_api)
        assert posted.call == "/init/error"
        assert posted.headers["lambda-runtime-function-error-type"] == kind
        assert posted.json()["errorMessage"]
        assert function.process.wait(WITHIN_SECONDS) == 1
        assert kind in function.printed()
        assert runtime_api.gets.empty()

    def test_exits_with_a_sentence_without_a_runtime_api(self, start, runtime_api):
        runtime_api.stop()
        function = start("echo")
        assert function.process.wait(WITHIN_SECONDS) == 1
        assert function.printed() == "Runtime API: ConnectionRefusedError at /invocation/next\n"


class TestSnapStart:
    def test_waits_for_the_restore_and_then_for_events(self, start, runtime_api):
        start("echo", **SNAP_START)
        assert got(runtime_api.gets) == "/restore/next"
        assert got(runtime_api.gets) == "/invocation/next"

    def test_on_demand_function_waits_for_no_restore(self, start, runtime_api):
        start("echo", AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")
        assert got(runtime_api.gets) == "/invocation/next"

    def test_error_at_import_is_an_init_error(self, start, runtime_api):
        function = start("nobody", **SNAP_START)
        assert whole(runtime_api).call == "/init/error"
        assert function.process.wait(WITHIN_SECONDS) == 1

    def test_no_connection_is_kept_over_the_snapshot(self, start, runtime_api):
        start("echo", **SNAP_START)
        got(runtime_api.gets)
        got(runtime_api.gets)
        assert runtime_api.connections == 2

    def test_copies_of_a_snapshot_draw_different_random_numbers(self, start, runtime_api, tmp_path):
        seeded = "import random\nfrom handlers import reported\nrandom.seed(1)\n"
        (tmp_path / "task/seeded.py").write_text(seeded, encoding="utf-8")
        for _ in range(2):
            start("reported", _HANDLER="seeded.reported", **SNAP_START)
        # Both wait for an event, so that each takes one.
        for _ in range(4):
            got(runtime_api.gets)
        for _ in range(2):
            runtime_api.invoke({})
        drawn = {json.loads(whole(runtime_api).streamed())["drawn"] for _ in range(2)}
        assert len(drawn) == 2


class TestRuntimeApiGoesAway:
    @pytest.mark.parametrize("place", [RESPONSE_HEAD, FIRST_CHUNK, LATER_CHUNK, STATUS])
    def test_handler_runs_to_its_end_and_the_next_event_is_served(self, start, runtime_api, tmp_path, place):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        function = start("from_pipe")
        runtime_api.reset_at.add(place)
        runtime_api.invoke({"pipe": str(pipe)})
        with pipe.open("wb", buffering=0) as lines:
            lines.write(b"one\n")
            posted = got(runtime_api.posts)
            if place == LATER_CHUNK:
                got(posted.parts)
            for _ in range(50):
                lines.write(b"more\n")
        assert got(runtime_api.gets) == "/invocation/next"
        assert got(runtime_api.gets) == "/invocation/next"
        runtime_api.events.put(None)
        printed = function.printed()
        assert "stored\n" in printed
        assert "Runtime API: " in printed
        assert "Traceback" not in printed

    @pytest.mark.parametrize("place", [NEXT, NEXT_BODY])
    def test_exits_if_no_event_can_come(self, start, runtime_api, place):
        function = start("echo")
        runtime_api.reset_at.add(place)
        runtime_api.invoke({"parts": ["one"]})
        assert function.process.wait(WITHIN_SECONDS) == 1
        assert "Runtime API: " in function.printed()
        assert "Traceback" not in function.printed()

    @pytest.mark.parametrize("status", [400, 403, 413])
    @pytest.mark.parametrize("handler", ["echo", "fail"])
    def test_rejected_response_is_logged_and_the_next_event_served(self, start, runtime_api, handler, status):
        function = start(handler)
        kind = "error" if handler == "fail" else "response"
        runtime_api.statuses[f"/invocation/request-1/{kind}"] = status
        for _ in range(2):
            runtime_api.invoke({"parts": ["one"]})
            whole(runtime_api)
        runtime_api.events.put(None)
        assert f"Runtime API: status {status} at /invocation/request-1/{kind}\n" in function.printed()

    @pytest.mark.parametrize("call", ["/invocation/next", "/invocation/request-1/response"])
    def test_exits_at_a_container_error(self, start, runtime_api, call):
        function = start("echo")
        runtime_api.statuses[call] = 500
        runtime_api.invoke({"parts": ["one"]})
        assert function.process.wait(WITHIN_SECONDS) == 1
        assert "container error" in function.printed()

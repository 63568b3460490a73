"""What the runtime client posts: streamed responses, their failures, and the context that handlers get."""

import json
import os
import subprocess

import pytest

from infra.local.template import ROOT
from tests.runtime.conftest import got, whole
from tests.runtime.runtime_api import ARN

WRAPPER = ROOT / "infra/layer/stream"


class TestStream:
    def test_response_is_prelude_eight_nul_bytes_and_body(self, start, runtime_api):
        start("echo")
        runtime_api.invoke({"parts": ["one", "two"]})
        posted = whole(runtime_api)
        head, body = posted.body.split(bytes(8))
        assert json.loads(head) == {"statusCode": 200, "headers": {"Content-Type": "text/event-stream"}}
        assert body == b"onetwo"
        assert posted.call == "/invocation/request-1/response"

    def test_headers_announce_a_stream_and_its_trailers(self, start, runtime_api):
        start("echo")
        runtime_api.invoke({"parts": ["one"]})
        headers = whole(runtime_api).headers
        assert headers["lambda-runtime-function-response-mode"] == "streaming"
        assert headers["transfer-encoding"] == "chunked"
        assert headers["content-type"] == "application/vnd.awslambda.http-integration-response"
        assert headers["trailer"] == "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body"

    def test_each_part_arrives_before_the_next_is_generated(self, start, runtime_api, tmp_path):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        start("from_pipe")
        runtime_api.invoke({"pipe": str(pipe)})
        with pipe.open("wb", buffering=0) as lines:
            lines.write(b"one\n")
            posted = got(runtime_api.posts)
            assert got(posted.parts).endswith(bytes(8) + b"one\n")
            for word in (b"two\n", b"three\n"):
                lines.write(word)
                assert got(posted.parts) == word
        assert got(posted.parts) is None
        assert posted.is_complete

    def test_empty_parts_do_not_end_the_stream(self, start, runtime_api):
        start("echo")
        runtime_api.invoke({"parts": ["one", "", "two"]})
        assert whole(runtime_api).streamed() == b"onetwo"

    def test_response_without_a_body_still_has_its_prelude(self, start, runtime_api):
        start("echo")
        runtime_api.invoke({"parts": []})
        posted = whole(runtime_api)
        assert posted.prelude()["statusCode"] == 200
        assert posted.streamed() == b""

    def test_a_process_serves_one_event_after_another(self, start, runtime_api):
        start("echo")
        for number in range(1, 4):
            runtime_api.invoke({"parts": [str(number)]})
            assert whole(runtime_api).streamed() == str(number).encode()


class TestContext:
    def test_handler_gets_request_id_arn_and_remaining_time(self, start, runtime_api):
        start("reported")
        runtime_api.invoke({})
        reported = json.loads(whole(runtime_api).streamed())
        assert (reported["id"], reported["arn"]) == ("request-1", ARN)
        assert reported["left"] > 0

    def test_no_time_remains_after_the_deadline(self, start, runtime_api):
        start("reported")
        runtime_api.invoke({}, Lambda_Runtime_Deadline_Ms="1000")
        assert json.loads(whole(runtime_api).streamed())["left"] == 0

    def test_trace_is_that_of_this_invocation(self, start, runtime_api):
        start("reported")
        runtime_api.invoke({}, Lambda_Runtime_Trace_Id="Root=1-a;Sampled=1")
        assert json.loads(whole(runtime_api).streamed())["trace"] == "Root=1-a;Sampled=1"
        runtime_api.invoke({})
        assert json.loads(whole(runtime_api).streamed())["trace"] == ""

    def test_headers_of_an_event_may_be_in_any_case(self, start, runtime_api):
        start("reported")
        runtime_api.invoke({}, lambda_runtime_trace_id="Root=1-a")
        assert json.loads(whole(runtime_api).streamed())["trace"] == "Root=1-a"

    def test_invocation_id_is_sent_back_if_there_is_one(self, start, runtime_api):
        start("echo")
        runtime_api.invoke({"parts": []}, Lambda_Runtime_Invocation_Id="i-1")
        assert whole(runtime_api).headers["lambda-runtime-invocation-id"] == "i-1"
        runtime_api.invoke({"parts": []})
        assert "lambda-runtime-invocation-id" not in whole(runtime_api).headers

    def test_invocation_id_is_sent_back_with_an_error(self, start, runtime_api):
        start("fail")
        runtime_api.invoke({}, Lambda_Runtime_Invocation_Id="i-1")
        assert whole(runtime_api).headers["lambda-runtime-invocation-id"] == "i-1"

    def test_shared_modules_are_not_top_level_modules(self, start, runtime_api, opt):
        start("reported")
        runtime_api.invoke({})
        path = json.loads(whole(runtime_api).streamed())["path"]
        assert str(opt / "python") in path
        assert not [entry for entry in path if entry.endswith("shared") or "shared/runtime" in entry]


class TestHandlerError:
    @pytest.mark.parametrize("handler", ["fail", "fail_at_first"])
    def test_error_before_the_first_part_fails_the_invocation(self, start, runtime_api, handler):
        start(handler)
        runtime_api.invoke({})
        posted = whole(runtime_api)
        assert posted.call == "/invocation/request-1/error"
        assert posted.headers["lambda-runtime-function-error-type"] == "ValueError"
        assert posted.json()["errorType"] == "ValueError"

    def test_error_in_the_middle_ends_the_stream_with_trailers(self, start, runtime_api):
        start("fail_later")
        runtime_api.invoke({})
        posted = whole(runtime_api)
        assert posted.streamed() == b"one"
        assert posted.trailers["lambda-runtime-function-error-type"] == "ValueError"
        assert posted.error()["errorType"] == "ValueError"

    @pytest.mark.parametrize("handler", ["fail", "fail_at_first", "fail_later"])
    def test_process_serves_the_next_event_after_an_error(self, start, runtime_api, handler):
        start(handler)
        for number in (1, 2):
            runtime_api.invoke({})
            assert f"request-{number}/" in whole(runtime_api).call

    @pytest.mark.parametrize("handler", ["fail", "fail_later"])
    def test_message_of_an_error_is_neither_sent_nor_printed(self, start, runtime_api, handler):
        function = start(handler)
        runtime_api.invoke({})
        posted = whole(runtime_api)
        sent = posted.body + json.dumps(posted.error() if posted.trailers else {}).encode()
        runtime_api.events.put(None)
        assert "visitor" not in function.printed()
        assert b"visitor" not in sent

    def test_traceback_is_one_log_event(self, start, runtime_api):
        function = start("fail")
        runtime_api.invoke({})
        whole(runtime_api)
        runtime_api.events.put(None)
        (event,) = [line for line in function.printed().split("\n") if "ValueError" in line]
        assert "handlers.py:" in event
        assert event.startswith("[ERROR] ValueError: ")


class TestDeadline:
    def test_killed_process_has_sent_and_printed_everything_so_far(self, start, runtime_api):
        function = start("hang")
        runtime_api.invoke({})
        posted = got(runtime_api.posts)
        assert got(posted.parts).endswith(b"one")
        assert got(posted.parts) == b"two"
        function.process.kill()
        assert got(posted.parts) is None
        assert not posted.is_complete
        assert "printed before the deadline\n" in function.printed()


class TestSamLocal:
    def test_response_goes_out_in_one_piece(self, start, runtime_api):
        start("echo", AWS_SAM_LOCAL="true")
        runtime_api.invoke({"parts": ["one ", "é"]})
        posted = whole(runtime_api)
        assert "transfer-encoding" not in posted.headers
        assert posted.json() == {
            "statusCode": 200,
            "headers": {"Content-Type": "text/event-stream"},
            "body": "one é",
        }

    def test_error_in_the_middle_fails_the_invocation(self, start, runtime_api):
        start("fail_later", AWS_SAM_LOCAL="true")
        runtime_api.invoke({})
        assert whole(runtime_api).call == "/invocation/request-1/error"


def test_wrapper_is_executable_in_git():
    listed = subprocess.run(["/usr/bin/env", "git", "ls-files", "--stage", WRAPPER], capture_output=True, check=True)
    assert listed.stdout.startswith(b"100755 ")

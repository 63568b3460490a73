"""How the SAM CLI handles our template, according to its own code."""

import json
import os

import pytest

from tests.sam.recording import PYTHON, RECORDED, record

SAM = json.loads(RECORDED.read_text(encoding="utf-8"))


def answer(request):
    answer = SAM["requests"][request]["answer"]
    return answer["status"], answer["body"], answer["cors"]


@pytest.mark.skipif(not PYTHON.is_file() and "CI" not in os.environ, reason="the SAM CLI is not installed: make lint")
def test_recording_matches_the_installed_sam_cli():
    assert record() == SAM, "record it again: python -m tests.sam"


def test_sam_guards_the_management_plane_of_the_adapted_template():
    guarded = {operation for operation, authorizer in SAM["authorizers"].items() if authorizer == "Authorize"}
    open_to_all = {
        operation for operation in SAM["authorizers"] if " /v1/client/" in operation or " /console" in operation
    }
    assert guarded == SAM["authorizers"].keys() - open_to_all


def test_sam_skips_the_authorizer_of_the_unmodified_template():
    assert set(SAM["authorizersOfTemplateAsItIs"].values()) == {None}


def test_sam_error_responses_lack_cors_headers():
    assert answer("no credential") == (401, {"message": "Unauthorized"}, None)
    assert answer("denied") == (403, {"message": "User is not authorized to access this resource"}, None)
    missing = (403, {"message": "Missing Authentication Token"}, None)
    assert answer("unknown path") == answer("unknown method") == missing

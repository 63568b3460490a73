"""The folders of the functions' code, before anything runs it."""

import pytest

from infra.local import code, template


def test_missing_build_gets_a_hint(monkeypatch, tmp_path):
    monkeypatch.setattr(code, "ARTIFACT", tmp_path / "artifact")
    with pytest.raises(code.NotBuilt, match="make run ARTIFACT=1 builds it"):
        code.artifact(template.read())


def test_built_function_sees_only_its_layers(monkeypatch, tmp_path):
    monkeypatch.setattr(code, "ARTIFACT", tmp_path)
    monkeypatch.setattr(code, "RUNTIME", tmp_path / "python")
    code.RUNTIME.touch()
    built = code.artifact(template.read())
    assert (built.task, built.python, built.edited) == (tmp_path / "functions", str(tmp_path / "python"), ())
    assert built.libraries("Chat") == (tmp_path / "SharedLayer/python",)
    assert built.libraries("Authorize") == (tmp_path / "SharedLayer/python", tmp_path / "CryptographyLayer/python")
    # A deployment shows no exception, for its message may quote what a caller sent.
    assert "crashes" not in " ".join(built.command("browser.sessions.handler", None))


def test_a_wrapped_function_is_started_by_its_wrapper(monkeypatch, tmp_path):
    monkeypatch.setattr(code, "ARTIFACT", tmp_path)
    monkeypatch.setattr(code, "RUNTIME", tmp_path / "python")
    code.RUNTIME.touch()
    built = code.artifact(template.read())
    wrapper = str(tmp_path / "SharedLayer/stream")
    assert built.command("browser.chat.handler", "/opt/stream") == [wrapper, str(tmp_path / "python")]
    assert built.command("browser.chat.handler", None)[0] == str(tmp_path / "python")
    # The source has no /opt: what the wrapper starts is started directly.
    assert "shared.runtime" in code.source().command("browser.chat.handler", "/opt/stream")[-2]

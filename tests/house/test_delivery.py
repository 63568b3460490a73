"""samconfig.toml and the workflows, which nothing else runs before a deployment."""

import fnmatch
import re
import shutil
import subprocess
import tomllib

import pytest
import yaml

from infra.local import parameters
from infra.local.template import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PINNED = re.compile(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}|\./\.github/workflows/[a-z]+\.yml")


@pytest.fixture(scope="module")
def configuration():
    return tomllib.loads((ROOT / "samconfig.toml").read_text())


def workflow(name):
    # YAML 1.1 reads `on` as true.
    text = (ROOT / f".github/workflows/{name}.yml").read_text().replace("\non:", '\n"on":')
    return yaml.safe_load(text)


def overrides(configuration, environment):
    return dict(
        entry.split("=", 1) for entry in configuration[environment]["deploy"]["parameters"]["parameter_overrides"]
    )


def test_make_requires_python3_13_before_it_installs_anything(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for goal in ("build", "sam-local", "test-artifact", "bench"):
        words = ["make", "--no-print-directory", goal, "RUNTIME_PYTHON=/nowhere/python3.13", "PYTHON=/nowhere/python3"]
        refused = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert refused.returncode == 2
        assert "install python3.13" in refused.stderr
        assert "/nowhere/python3:" not in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]


class TestConfiguration:
    @pytest.mark.parametrize("environment", ["dev", "prod"])
    def test_sets_only_parameters_of_the_template(self, configuration, source, environment):
        for name, value in overrides(configuration, environment).items():
            assert value in source["Parameters"][name]["AllowedValues"], name

    def test_protects_production_and_asks_for_confirmation(self, configuration):
        assert overrides(configuration, "prod")["DeletionProtection"] == "true"
        assert configuration["prod"]["deploy"]["parameters"]["confirm_changeset"] is True

    def test_dev_stack_can_be_deleted_and_logs_at_debug(self, configuration):
        assert overrides(configuration, "dev") == {"DeletionProtection": "false", "LogLevel": "DEBUG"}

    @pytest.mark.parametrize("environment", ["dev", "prod"])
    def test_acknowledges_roles_and_the_nested_stack(self, configuration, environment):
        given = configuration[environment]["deploy"]["parameters"]["capabilities"]
        assert given.split() == ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]

    def test_dev_and_prod_have_different_stack_names(self, configuration):
        names = [configuration[environment]["global"]["parameters"]["stack_name"] for environment in ("dev", "prod")]
        assert names == ["client-tokens-dev", "client-tokens"]

    def test_builds_without_the_stale_cache(self, configuration):
        assert configuration["default"]["build"]["parameters"]["cached"] is False

    def test_documented_parameter_file_is_valid(self, source):
        manual = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
        (written,) = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
        given = yaml.safe_load(written)
        assert given.keys() <= source["Parameters"].keys()
        parameters.require_valid(source, given)

    def test_parameter_files_are_ignored_by_git(self):
        ignored = (ROOT / ".gitignore").read_text().splitlines()
        (name,) = set(re.findall(r"file://(\S+)", (ROOT / "docs/deploy.md").read_text(encoding="utf-8"))) - {
            "policy.json"
        }
        assert any(fnmatch.fnmatch(name, pattern) for pattern in ignored)


def test_commit_hooks_run_pinned_tools():
    (hooks,) = (each["hooks"] for each in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"])
    pinned = (ROOT / "infra/requirements/development.txt").read_text()
    for hook in hooks:
        tool = hook["entry"].split()[0]
        assert tool.startswith(".venv/bin/")
        assert f"\n{tool.removeprefix('.venv/bin/').removesuffix('-hook')}==" in pinned


class TestWorkflows:
    @pytest.mark.parametrize("name", [path.stem for path in WORKFLOWS])
    def test_permissions_are_read_only_unless_a_job_needs_more(self, name):
        assert workflow(name)["permissions"] == {"contents": "read"}
        for job, one in workflow(name)["jobs"].items():
            more = {"id-token": "write"} if (name, job) == ("deploy", "deploy") else {}
            assert one.get("permissions", {"contents": "read"}) == {"contents": "read"} | more, job

    @pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
    def test_actions_are_pinned_and_hold_no_secret(self, path):
        used = re.findall(r"uses: (\S+)", path.read_text())
        assert used
        assert [action for action in used if not PINNED.fullmatch(action)] == []
        assert "secrets" not in path.read_text()
        # Text from strangers, such as a branch's name, must never become part of a command.
        assert [line for line in path.read_text().splitlines() if "run:" in line and "${{" in line] == []

    def test_checks_run_on_both_python_versions(self):
        job = workflow("ci")["jobs"]["check"]
        assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
        assert job["steps"][-1] == {"run": ".ci/run"}
        assert {"pull_request", "push", "workflow_call"} == workflow("ci")["on"].keys()

    def test_tag_is_deployed_after_checks_and_approval(self):
        deploy = workflow("deploy")
        assert deploy["on"] == {"push": {"tags": ["v*"]}}
        assert deploy["jobs"]["check"]["uses"] == "./.github/workflows/ci.yml"
        job = deploy["jobs"]["deploy"]
        assert (job["needs"], job["environment"]) == ("check", "production")

    def test_deploy_job_builds_before_it_assumes_its_role(self):
        steps = workflow("deploy")["jobs"]["deploy"]["steps"]
        runs = [step.get("run") or step["uses"].partition("@")[0] for step in steps]
        assert runs[-3:] == [
            "make build",
            "aws-actions/configure-aws-credentials",
            ".venv-sam/bin/sam deploy --config-env prod --no-confirm-changeset",
        ]
        assert steps[-2]["with"].keys() == {"role-to-assume", "aws-region"}

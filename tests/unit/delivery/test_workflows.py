"""What a reviewer of the pipeline would look for; actionlint, in ci.yml and .ci/run, knows the syntax."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILES = {path.name: path for path in sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))}
Workflow = dict[Any, Any]


def workflow(name: str) -> Workflow:
    read: Workflow = yaml.safe_load(FILES[name].read_text())
    return read


def jobs(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from workflow(name)["jobs"].items()


def steps(name: str) -> Iterator[dict[str, Any]]:
    for _, job in jobs(name):
        yield from job.get("steps", [])


@pytest.fixture(params=FILES)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_there_are_workflows() -> None:
    assert set(FILES) >= {"ci.yml", "plan.yml", "deploy.yml", "release.yml", "terraform-plan.yml"}


def test_actions_are_pinned_by_commit_with_their_version(name: str) -> None:
    used = re.findall(r"uses: (.*)", FILES[name].read_text())
    foreign = [use for use in used if not use.startswith("./")]
    assert [use for use in foreign if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


def test_one_action_has_one_commit_everywhere() -> None:
    pins = {use for path in FILES.values() for use in re.findall(r"uses: (\S+@[0-9a-f]{40})", path.read_text())}
    assert len(pins) == len({pin.partition("@")[0] for pin in pins})


def test_token_has_no_right_but_those_of_each_job(name: str) -> None:
    assert workflow(name)["permissions"] == {}
    allowed = {"contents": "read", "id-token": "write", "pull-requests": "write"}
    for job, described in jobs(name):
        rights = described["permissions"].items()
        assert rights <= allowed.items(), job
        # who may write a comment runs no code of the pull request and has no identity in Azure
        assert "pull-requests" not in described["permissions"] or len(described["permissions"]) == 1


def test_no_stranger_starts_a_workflow_that_has_rights(name: str) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(workflow(name)[True])  # YAML's `on`


def test_scripts_contain_no_expressions(name: str) -> None:
    """What a stranger can write (a title, a branch) reaches a script by the environment only."""
    assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []


def test_every_job_ends_by_itself(name: str) -> None:
    assert [
        job for job, described in jobs(name) if "uses" not in described and "timeout-minutes" not in described
    ] == []


def test_checkouts_leave_no_token_behind(name: str) -> None:
    for step in steps(name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_the_only_secrets_are_those_that_terraform_writes_to_the_vault(name: str) -> None:
    used = re.findall(r"^ *(\S+): \$\{\{ secrets\.(\w+) \}\}$", FILES[name].read_text(), re.MULTILINE)
    assert FILES[name].read_text().count("secrets.") == len(used)
    assert set(used) <= {
        ("TF_VAR_anthropic_api_key", "ANTHROPIC_API_KEY"),
        ("TF_VAR_qdrant_api_key", "QDRANT_API_KEY"),
        ("TF_VAR_neo4j_password", "NEO4J_PASSWORD"),
    }


def test_only_what_applies_is_given_secrets() -> None:
    """A plan runs code of a pull request, and Terraform keeps ephemeral values in no plan."""
    assert [name for name, path in FILES.items() if "secrets." in path.read_text()] == ["release.yml"]
    assert [name for name, path in FILES.items() if "secrets: inherit" in path.read_text()] == ["deploy.yml"]


def test_newer_commit_cancels_checks_but_never_a_release() -> None:
    assert workflow("plan.yml")["concurrency"]["cancel-in-progress"] is True
    for name in ("deploy.yml", "release.yml"):
        assert workflow(name)["concurrency"]["cancel-in-progress"] is False


def test_ci_runs_the_targets_that_the_local_run_does() -> None:
    scripts = [step.get("run", "") for step in workflow("ci.yml")["jobs"]["test"]["steps"]]
    targets = [script.removeprefix("make ") for script in scripts if script.startswith("make ")]
    assert targets == ["setup", "check", "packaging", "terraform", "e2e", "test"]
    local = (ROOT / ".ci" / "run").read_text()
    assert [target for target in targets if not re.search(rf"\b{target}\b", local)] == []
    made = (ROOT / "Makefile").read_text()
    assert [target for target in targets if not re.search(rf"^{target}:", made, re.MULTILINE)] == []


def test_prod_comes_after_staging_and_staging_after_the_checks() -> None:
    released = workflow("deploy.yml")["jobs"]
    assert (released["staging"]["needs"], released["prod"]["needs"]) == ("checks", "staging")
    assert [released[name]["with"]["environment"] for name in ("staging", "prod")] == ["staging", "prod"]


def test_release_keeps_the_old_package_and_migrates_before_it_deploys() -> None:
    names = [step.get("name") for step in workflow("release.yml")["jobs"]["release"]["steps"]]
    order = [
        "Apply what was approved",
        "Keep the package that runs now",
        "Migrate the database, while the old package runs",
        "Deploy",
        "One synthetic alert to its verdict and audit proof",
        "Back to the previous package",
    ]
    assert [name for name in names if name in order] == order


def test_failed_verification_brings_the_old_package_back() -> None:
    (back,) = [step for step in steps("release.yml") if step.get("name") == "Back to the previous package"]
    assert "failure()" in back["if"]
    assert "steps.verify.outcome == 'failure'" in back["if"]
    assert "deploy build/previous.zip" in back["run"]

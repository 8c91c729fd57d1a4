"""The post step: Python gives the environment back, and where it cannot, node does."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.action.shim.steps import OK, Ended, Service, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.action.shim.steps import Step

HANG = "signal.pause()"
CRASHES = {
    "raises": "raise RuntimeError('broken')",
    "is killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "has tried everything": "sys.exit(3)",
}


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(OK) as running:
        yield running


@pytest.fixture
def taken(step: Step, service: Service, secret: str, allocation: str) -> Step:
    """A step that has asked for its environment."""
    step.took(service.url, secret=secret, allocation=allocation)
    return step


@pytest.mark.parametrize("change", [{"STATE_asked": ""}, {"STATE_refused": "1"}])
def test_where_nothing_can_have_been_taken_nothing_is_done(
    taken: Step, service: Service, change: dict[str, str]
) -> None:
    taken.env |= change
    taken.work("print('python ran')")
    assert taken.post() == Ended(0, "")
    assert service.requests == []


def test_what_python_gave_back_node_leaves_alone(taken: Step, service: Service) -> None:
    taken.work("print(sys.argv[1])")
    assert taken.post() == Ended(0, "post\n")
    assert service.requests == []


def test_python_gets_what_the_main_step_kept(taken: Step, secret: str, allocation: str) -> None:
    taken.work("json.dump(dict(os.environ), open(os.environ['NOTES'], 'w'))")
    taken.post()
    seen = json.loads(taken.notes.read_text())
    assert (seen["ATMOSPHERE_ACTION_SECRET"], seen["ATMOSPHERE_ACTION_ALLOCATION"]) == (secret, allocation)
    assert seen["INPUT_JOB-STATUS"] == "success"
    assert seen["STATE_asked"] == taken.env["STATE_asked"]


@pytest.mark.parametrize("crash", CRASHES)
def test_where_python_fails_node_gives_back(taken: Step, service: Service, crash: str, secret: str) -> None:
    taken.work(CRASHES[crash])
    ended = taken.post()
    assert ended.code == 0
    assert len(service.requests) == 1
    assert ended.annotations("warning") == []
    assert secret not in ended.output


def test_where_python_hangs_node_gives_back(taken: Step, service: Service) -> None:
    taken.work(HANG)
    ended = taken.post(pythonMs=1000)
    assert ended.code == 0
    assert len(service.requests) == 1


def test_where_python_has_gone_node_gives_back(taken: Step, service: Service) -> None:
    taken.without_python()
    taken.env["STATE_python"] = str(taken.directory / "removed")
    ended = taken.post()
    assert ended.code == 0
    assert len(service.requests) == 1


def test_another_python_stands_in_for_the_one_that_has_gone(taken: Step, service: Service) -> None:
    taken.env["STATE_python"] = str(taken.directory / "removed")
    taken.work("print('another')")
    assert taken.post() == Ended(0, "another\n")
    assert service.requests == []


def test_a_job_that_hides_its_programs_does_not_hide_the_one_that_was_kept(taken: Step, service: Service) -> None:
    taken.without_python()
    taken.work("print('kept')")
    assert taken.post() == Ended(0, "kept\n")
    assert service.requests == []


def test_a_service_that_is_down_is_a_warning_and_the_job_stays_green(taken: Step, nowhere: str) -> None:
    taken.env["STATE_endpoint"] = nowhere
    taken.work("sys.exit(3)")
    ended = taken.post(releaseMs=1000)
    assert ended.code == 0
    (warning,) = ended.annotations("warning")
    assert taken.env["STATE_allocation"] in warning
    assert "deadline" in warning


def test_with_fail_on_release_error_it_fails_the_job(taken: Step, nowhere: str) -> None:
    taken.env |= {"STATE_endpoint": nowhere, "INPUT_FAIL-ON-RELEASE-ERROR": "true"}
    taken.work("sys.exit(3)")
    ended = taken.post(releaseMs=1000)
    assert ended.code == 1
    assert len(ended.annotations("error")) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_does_not_stop_the_release(taken: Step, number: signal.Signals) -> None:
    taken.work("open(os.environ['NOTES'], 'w').close()\nwhile os.path.exists(os.environ['NOTES']): time.sleep(0.01)")
    with taken.start(str(taken.action / "post.js")) as node:
        wait_for(taken.notes.exists)
        node.send_signal(number)
        assert node.stdout is not None
        assert number.name in node.stdout.readline()
        taken.notes.unlink()
        assert node.wait(timeout=10) == 0


def test_a_runner_that_reads_no_more_does_not_stop_the_release(taken: Step, service: Service) -> None:
    taken.work(CRASHES["raises"])
    with taken.start(str(taken.action / "post.js")) as node:
        assert node.stdout is not None
        node.stdout.close()
        assert node.wait(timeout=30) == 0
    assert len(service.requests) == 1


def test_where_python_could_not_tidy_up_node_does(taken: Step, allocation: str) -> None:
    lease = taken.temp / f"atmosphere-{allocation}"
    lease.mkdir()
    (lease / "lease.json").write_text("{}")
    taken.env |= {
        "STATE_previous": json.dumps({"AWS_REGION": "eu-west-1", "AWS_PROFILE": ""}),
        "STATE_profiles": "[]",
    }
    taken.work(CRASHES["raises"])
    ended = taken.post()
    assert taken.written("GITHUB_ENV") == {"AWS_REGION": "eu-west-1", "AWS_PROFILE": ""}
    assert not lease.exists()
    assert "profiles" in ended.annotations("warning")[0]


def test_what_python_tidied_up_is_left_to_it(taken: Step, allocation: str) -> None:
    (taken.temp / f"atmosphere-{allocation}").mkdir()
    taken.env["STATE_previous"] = json.dumps({"AWS_REGION": "eu-west-1"})
    taken.work(CRASHES["has tried everything"])
    taken.post()
    assert taken.written("GITHUB_ENV") == {}


def test_trouble_in_tidying_up_does_not_keep_the_environment(taken: Step, service: Service) -> None:
    taken.env["STATE_previous"] = "no JSON"
    taken.work(CRASHES["raises"])
    assert taken.post().code == 0
    assert len(service.requests) == 1

"""The wheel `atmosphere-service` beside that of its client: what is in it, and that it works without a checkout."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from packaging.requirements import Requirement

from atmosphere.cli.main import _SUBCOMMANDS
from distribution import bills, client, service
from distribution.__main__ import main
from distribution.parts import PACKAGE, SOURCE
from distribution.wheels import project
from infra import dependencies
from tests.release.installing import installed, ran

if TYPE_CHECKING:
    from email.message import Message

ROOT: Final = Path(__file__).parents[2]
GUIDE: Final = ROOT / "docs" / "construct.md"
COMMAND: Final = ("boto3", "click", "rich", "pydantic", "pyyaml")
CONSTRUCT: Final = (*COMMAND, "aws-cdk-lib", "constructs", "pip")
IMPORT_ALL: Final = """
import importlib, pathlib, sys
site = pathlib.Path(sys.argv[1])
for path in sorted(site.glob(sys.argv[2])):
    name = ".".join(path.relative_to(site).with_suffix("").parts).removesuffix(".__init__")
    if not name.endswith("__main__"):
        importlib.import_module(name)
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The client's and the service's."""
    place = tmp_path_factory.mktemp("dist")
    return client.build(place), service.build(place)


def contents(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def metadata(wheel: Path) -> Message:
    (text,) = (text for name, text in contents(wheel).items() if name.endswith(".dist-info/METADATA"))
    return message_from_string(text)


def asked(wheel: Path, extra: str = "") -> dict[str, str]:
    """What it requires with an extra and not without: names with their versions."""
    found = [Requirement(text) for text in metadata(wheel).get_all("Requires-Dist", ())]
    wanted = [each for each in found if (f'"{extra}"' in str(each.marker) if extra else each.marker is None)]
    return {each.name: str(each.specifier) for each in wanted}


def test_each_file_of_the_package_is_in_exactly_one_of_the_wheels(wheels: tuple[Path, Path]) -> None:
    theirs, ours = (
        {name for name in contents(wheel) if name.startswith(("atmosphere/", "atmosphere_cdk/"))} for wheel in wheels
    )
    assert theirs & ours == set()
    tree = {
        path.relative_to(SOURCE).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in theirs | ours if name.startswith("atmosphere/")} == tree


def test_the_construct_is_there_with_the_locks_of_the_functions(wheels: tuple[Path, Path]) -> None:
    inside = contents(wheels[1])
    modules = {path.relative_to(ROOT / "infra").as_posix() for path in (ROOT / "infra").rglob("*.py")}
    further = {"py.typed", "organization-policy.json"}
    further |= {f"{directory}/{name}" for directory, names in service.DATA.items() for name in names}
    assert {name.partition("/")[2] for name in inside if name.startswith("atmosphere_cdk/")} == modules | further
    assert inside["atmosphere_cdk/requirements/authorizer.txt"] == dependencies.TOKENS_LOCK.read_text()


def test_no_module_of_it_imports_infra(wheels: tuple[Path, Path]) -> None:
    for name, text in contents(wheels[1]).items():
        if name.endswith(".py"):
            for node in ast.walk(ast.parse(text)):
                named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                named += [each.name for each in node.names] if isinstance(node, ast.Import) else []
                assert not [each for each in named if each.partition(".")[0] == "infra"], name


def test_it_requires_the_client_of_its_own_version_and_the_parser_of_configurations(
    wheels: tuple[Path, Path],
) -> None:
    version = project()["version"]
    assert metadata(wheels[1])["Version"] == metadata(wheels[0])["Version"] == version
    assert asked(wheels[1]).keys() == {"atmosphere-client", "pydantic", "pyyaml"}
    assert f"atmosphere-client[cli]=={version}" in metadata(wheels[1]).get_all("Requires-Dist", ())
    assert not [name for name in contents(wheels[1]) if name.endswith("entry_points.txt")], "the client's has them"


def test_the_extras_are_the_construct_and_what_a_local_run_gives_its_functions(wheels: tuple[Path, Path]) -> None:
    assert metadata(wheels[1]).get_all("Provides-Extra") == ["infra", "local"]
    construct, local = asked(wheels[1], "infra"), asked(wheels[1], "local")
    assert construct.keys() == {"aws-cdk-lib", "constructs", "pip"}
    locked = {name: f"=={version}" for name, version in dependencies.pins(dependencies.TOKENS_LOCK).items()}
    assert local == {**construct, **locked}


def test_equal_input_gives_an_equal_wheel(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    assert client.build(tmp_path).read_bytes() == wheels[0].read_bytes()


def test_a_release_of_another_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "v99.0.0"]) == 1
    assert "99.0.0" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_bill_of_materials_has_each_pinned_distribution_with_its_hashes(tmp_path: Path) -> None:
    for path in bills.write(tmp_path):
        bill = json.loads(path.read_text())
        assert bill["bomFormat"] == "CycloneDX"
        assert (bill["metadata"]["component"]["name"], bill["metadata"]["component"]["version"]) == (
            service.NAME,
            project()["version"],
        )
        pins = dependencies.pins(ROOT / "requirements" / bills.BILLS[path.name])
        assert {each["name"]: each["version"] for each in bill["components"]} == pins
        assert all(each["externalReferences"][0]["hashes"] for each in bill["components"])


@pytest.mark.slow
def test_the_requirements_of_a_release_are_enough_to_build_it(tmp_path: Path) -> None:
    binaries = installed(tmp_path / "venv", *dependencies.pins(ROOT / "requirements" / "release.txt"), wheels=())
    version = project()["version"]
    done = ran(
        binaries / "python", "-m", "distribution", tmp_path / "out", f"v{version}", env=environ(tmp_path), cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    built = {path.name for path in (tmp_path / "out").iterdir()}
    wheels = {f"atmosphere_{name}-{version}-py3-none-any.whl" for name in ("client", "service")}
    assert built == {*wheels, *bills.BILLS}


def environ(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONUTF8": "1"}


@pytest.mark.slow
def test_the_whole_command_works_from_an_empty_environment(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    binaries = installed(tmp_path / "venv", *COMMAND, wheels=wheels)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    env = environ(tmp_path)

    shown = ran(binaries / "atmosphere", "--help", env=env, cwd=tmp_path)
    table = shown.stdout.partition("Commands:")[2].partition("\n\n")[0]
    listed = re.findall(r"^  ([a-z]+) ", table, re.MULTILINE)
    assert set(listed) == set(_SUBCOMMANDS), shown.stderr
    version = ran(binaries / "atmosphere", "--version", env=env, cwd=tmp_path).stdout
    assert version == f"atmosphere, version {project()['version']}\n"

    checked = ran(binaries / "atmosphere", "config", "check", "config", env=env, cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    (tmp_path / "config" / "environments.yaml").write_text("environments: 7\n")
    refused = ran(binaries / "atmosphere", "config", "check", "config", env=env, cwd=tmp_path)
    assert refused.returncode == 1

    for name in set(_SUBCOMMANDS) - {"local"}:
        done = ran(binaries / "atmosphere", name, "--help", env=env, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    local = ran(binaries / "atmosphere", "local", "--help", env=env, cwd=tmp_path)
    assert local.returncode == 1
    assert "pip install 'atmosphere-service[local]'" in local.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(
    not dependencies.wheels_directory().is_dir(),
    reason="the wheels for AWS are not there: `make setup` fetches them, with the network",
)
def test_the_snippet_of_the_guide_is_an_app_that_synthesizes_the_service_for_aws(
    wheels: tuple[Path, Path], tmp_path: Path
) -> None:
    binaries = installed(tmp_path / "venv", *CONSTRUCT, wheels=wheels)
    (snippet,) = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "app.py").write_text(snippet)
    cache = tmp_path / "cache" / "atmosphere" / "assets"
    cache.mkdir(parents=True)
    (cache / dependencies.wheels_directory().name).symlink_to(dependencies.wheels_directory())
    env = {**environ(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "CDK_OUTDIR": str(tmp_path / "cdk.out")}

    done = ran(binaries / "python", "app.py", env=env, cwd=tmp_path, timeout=600)

    assert done.returncode == 0, done.stderr
    template = json.loads((tmp_path / "cdk.out" / "Testing.template.json").read_text())
    names = [
        entry["Properties"]["FunctionName"]
        for entry in template["Resources"].values()
        if entry["Type"] == "AWS::Lambda::Function" and "FunctionName" in entry["Properties"]
    ]
    assert "testing-allocate" in names
    assert set(template["Outputs"]) == {"Endpoint", "AlarmTopicArn"}
    assert (tmp_path / "cdk.out" / "TestingEnvironment.template.json").is_file()
    handlers = list((tmp_path / "cdk.out").glob("asset.*/atmosphere/handlers/allocate.py"))
    assert handlers, "the code of the functions is that of the installed package"
    assert list(cache.glob("aws-*")), "assets are made in the user's cache"
    mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(binaries / "python"), "app.py"]
    typed = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert typed.returncode == 0, typed.stdout

    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    every = ran(binaries / "python", "-c", IMPORT_ALL, site, "atmosphere_cdk/**/*.py", env=env, cwd=tmp_path)
    assert every.returncode == 0, every.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_local_run_works_from_the_wheels(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    """On the embedded AWS of this checkout, which `atmosphere local setup` would install from the same locks."""
    binaries = installed(tmp_path / "venv", *CONSTRUCT, *dependencies.pins(dependencies.TOKENS_LOCK), wheels=wheels)
    cache = tmp_path / "cache" / "atmosphere"
    cache.mkdir(parents=True)
    (cache / "emulator").symlink_to(ROOT / ".emulator")
    env = {**environ(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [str(binaries / "atmosphere"), "local", "up", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            told = running.stdout.readline()
            assert told, "it ended before it was ready"
            ready = tmp_path / "ready.json"
            ready.write_text(told)
            words = ("status", "--ready-file", str(ready))
            shown = ran(binaries / "atmosphere", *words, env=env, cwd=tmp_path)
            assert "demo" in shown.stdout, shown.stderr
        finally:
            running.terminate()
        assert running.wait() == 0

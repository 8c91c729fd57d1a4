"""Synthesis for this machine: kept under the digest of its inputs, and loud when it fails."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from atmosphere.local import assembly
from atmosphere.local.assembly import SynthesisFailed, command, run, synthesize
from atmosphere.local.places import EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = EXAMPLE


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return shutil.copytree(CONFIG, tmp_path / "config")


def _kept(cache: Path, config: Path, **settings: str) -> Path:
    """What `synthesize` would find if it had run before."""
    path = cache / assembly._digest(config, settings)
    path.mkdir(parents=True)
    return path


def test_what_was_synthesized_before_needs_no_node(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = _kept(tmp_path / "cache", config, session_seconds="30")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert synthesize(config, {"session_seconds": "30"}, cache=tmp_path / "cache") == kept


def test_the_place_of_the_configuration_does_not_matter(tmp_path: Path, config: Path) -> None:
    kept = _kept(tmp_path / "cache", config)
    moved = config.rename(tmp_path / "elsewhere")
    assert synthesize(moved, {}, cache=tmp_path / "cache") == kept


@pytest.mark.parametrize("change", ["setting", "configuration"])
def test_any_changed_input_is_synthesized_anew(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    _kept(tmp_path / "cache", config)
    monkeypatch.setenv("PATH", str(tmp_path))  # no node: a synthesis is seen by its failure
    monkeypatch.delenv("JSII_NODE", raising=False)
    if change == "configuration":
        with (config / "access.yaml").open("a") as file:
            file.write("# another line\n")
    settings = {"session_seconds": "30"} if change == "setting" else {}
    with pytest.raises(SynthesisFailed, match="Node"):
        synthesize(config, settings, cache=tmp_path / "cache")


def test_a_failed_synthesis_shows_its_text_and_keeps_nothing(tmp_path: Path, config: Path) -> None:
    (config / "access.yaml").write_text("iam: 3\n")
    with pytest.raises(SynthesisFailed, match=r"access\.yaml"):
        synthesize(config, {}, cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_synthesis_sees_nothing_of_the_callers_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    show = "import os, sys; sys.exit(repr([name for name in os.environ if name.startswith('AWS_')]))"
    with pytest.raises(SynthesisFailed, match=r"^\[\]$"):
        run([sys.executable, "-c", show])


def test_the_command_names_configuration_target_and_settings(tmp_path: Path) -> None:
    words = command(CONFIG, {"b_seconds": "2", "a_seconds": "1"}, tmp_path)
    assert words[1:] == [
        *("-m", "infra.app", "--config", str(CONFIG), "--target", "host", "--out", str(tmp_path)),
        *("--setting", "a_seconds=1", "--setting", "b_seconds=2"),
    ]


def test_the_least_recently_used_assemblies_are_forgotten(tmp_path: Path, config: Path) -> None:
    cache = tmp_path / "cache"
    for number in range(assembly._KEPT + 3):
        _kept(cache, config, session_seconds=str(number))
    first = synthesize(config, {"session_seconds": "0"}, cache=cache)
    assembly._prune(cache)
    assert first.exists()
    assert len(list(cache.iterdir())) == assembly._KEPT

"""The page: what it shows of a service, that it asks little, and that no text of a test does anything in it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from atmosphere.client.errors import ServiceError
from atmosphere.status.asking import DAY, MOST_DAYS, MOST_REPORTS, ask
from atmosphere.status.markup import element
from atmosphere.status.overview import overview
from atmosphere.status.page import html
from atmosphere.status.timeline import day_of, lasted
from tests.client.conftest import Answer
from tests.status.told import AT, BLOCKER, HARM

if TYPE_CHECKING:
    from atmosphere.client.client import AtmosphereClient
    from tests.client.conftest import Service
    from tests.status.told import Told

VOID = {"meta", "br"}


class Read(HTMLParser):
    """The page as a browser without style reads it: elements with their attributes, and the text of each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if {"td", "th"} & set(self.open) and "title" not in self.open:
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


@pytest.fixture
def page(told: Told, client: AtmosphereClient) -> Page:
    return Page(told, client)


class Page:
    """Reads the page anew, after a test has changed what the service tells."""

    def __init__(self, told: Told, client: AtmosphereClient) -> None:
        self.told = told
        self.client = client

    def html(self) -> str:
        return html(overview(ask(self.client, AT)))

    def read(self) -> Read:
        return Read(self.html())


def test_it_shows_each_pool_with_its_counts_and_who_waits(page: Page) -> None:
    rows = page.read().rows
    assert ["release", "", "1", "1", "1", "1", "0", "1"] in rows
    assert ["demo", "", "1", "1", "0", "0", "0", "3"] in rows


def test_a_bar_has_a_part_for_each_environment_and_says_so_in_words(page: Page) -> None:
    read = page.read()
    told = [each["aria-label"] for each in read.all("svg") if each["role"] == "img"]
    assert "1 free, 1 in-use, 1 cleaning, 1 dirty" in told


def test_a_day_shows_allocations_in_their_place_and_the_status_since_its_last_change(page: Page) -> None:
    text = page.html()
    (held,) = re.findall(r"<rect ([^>]*)><title>held ", text)
    assert 'x="740.0"' in held  # minutes from 15:30 of the day before to 03:50
    assert 'width="700.0"' in held
    assert "held from 03:50 to 15:30; hold by an operator at 03:50" in text


def test_a_dirty_environment_says_why_and_what_to_run_next(page: Page) -> None:
    text = page.read().text
    assert "blocked:AWS::S3::Bucket" in text
    assert "AWS::S3::Bucket:orders-archive@ap-southeast-2 AccessDenied: explicit deny" in text
    assert str(BLOCKER["next"]["command"]) in text  # type: ignore[index]
    assert "It is cleaned again by itself at 2026-11-24 17:30 UTC." in text


def test_a_pool_that_is_held_leads_to_the_pool(page: Page) -> None:
    page.told.rows[4]["dirtyReason"] = "pool-held"
    assert "atmosphere pool show release" in page.read().text


def test_leftovers_are_added_up_by_requester_and_what_is_left_comes_first(page: Page) -> None:
    rows = page.read().rows
    start = rows.index(["requester", "cleanings", "removed", "left", "most of them"])
    left = [int(row[3]) for row in rows[start + 1 :]]
    assert left == sorted(left, reverse=True)
    assert left[0] == 1


def test_outcomes_are_the_newest_first(page: Page) -> None:
    rows = page.read().rows
    start = rows.index(["ended", "requester", "outcome", "ended by", "environment", "lasted"])
    ended = [datetime.fromisoformat(str(each["datetime"])) for each in page.read().all("time")[1:]]
    assert len(ended) == 20
    assert ended == sorted(ended, reverse=True)
    assert {row[2] for row in rows[start + 1 : start + 21]} == {"success", "failure", "timeout"}


@pytest.mark.parametrize("place", ["requester", "outcome", "reason", "blocker", "pool"])
def test_what_a_test_wrote_is_text_everywhere(place: str, page: Page) -> None:
    clean = page.read()
    if place == "requester":
        page.told.requesters = (HARM,)
    elif place == "outcome":
        page.told.outcome = HARM
    elif place == "reason":
        page.told.rows[4]["dirtyReason"] = HARM
    elif place == "blocker":
        page.told.rows[4]["dirtyReason"] = f"blocked:{HARM}"
        page.told.blockers = [dict.fromkeys(("type", "id", "region", "code", "message"), HARM)]
    else:
        page.told.rows[4]["pool"] = HARM
    text = page.html()
    read = Read(text)
    assert "<script>alert(1)</script>" in read.text
    assert "\u202e" not in text
    assert {tag for tag, _ in read.elements} <= {tag for tag, _ in clean.elements}
    assert {name for _, attributes in read.elements for name in attributes} <= {
        name for _, attributes in clean.elements for name in attributes
    }


def test_nothing_is_fetched_run_or_sent_by_it(page: Page) -> None:
    text = page.html()
    read = Read(text)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(each["content"] for each in read.all("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not {"script", "link", "img", "iframe", "a", "form"} & {tag for tag, _ in read.elements}
    assert not {"style", "src", "href", "onload", "onclick"} & {name for _, given in read.elements for name in given}
    assert not re.search(r"url\(|@import|https?://", text)


def test_it_can_be_read_without_seeing_it(page: Page) -> None:
    read = page.read()
    names = [tag for tag, _ in read.elements]
    assert [names.count(name) for name in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    assert read.all("html") == [{"lang": "en"}]
    headings = {each["id"] for each in read.all("h2")}
    assert {each["aria-labelledby"] for each in read.all("section")} == headings
    assert names.count("caption") == names.count("table") == 4
    assert {each.get("scope") for each in read.all("th")} == {"col", "row"}
    assert all(each.get("aria-label") for each in read.all("svg"))
    ids = [given["id"] for _, given in read.elements if "id" in given]
    assert len(ids) == len(set(ids))


def test_a_page_that_is_served_reloads_and_a_file_does_not(page: Page) -> None:
    shown = overview(ask(page.client, AT))
    assert '<meta http-equiv="refresh" content="10">' in html(shown, reload_seconds=10)
    assert "refresh" not in html(shown)


def test_a_service_without_anything_is_a_page_too(page: Page) -> None:
    page.told.rows = []
    text = page.read().text
    for sentence in ("There is no pool.", "No environment is registered.", "No leftovers are recorded."):
        assert sentence in text


def test_it_asks_twice_and_once_for_each_environment_and_each_dirty_one(page: Page) -> None:
    page.html()
    asked = page.told.asked
    assert len(asked) == 2 + len(page.told.rows) + 2
    assert asked[:2] == ["pools", "environments"]
    assert "leftovers=true" in asked[2]
    assert "since=2026-11-21T11%3A30%3A00" in asked[2]


def test_the_requests_for_many_environments_are_limited_and_the_page_says_what_is_missing(page: Page) -> None:
    row = page.told.rows[4]
    page.told.rows = [{**row, "account": f"{number:012}"} for number in range(100)]
    text = page.read().text
    assert len(page.told.asked) == 2 + MOST_DAYS + MOST_REPORTS
    assert "60 environments are shown without their history." in text


def test_environments_that_are_in_trouble_or_in_use_keep_their_history_before_free_ones(page: Page) -> None:
    free, dirty = page.told.rows[1], page.told.rows[4]
    page.told.rows = [{**free, "account": f"{number:012}"} for number in range(MOST_DAYS)] + [dirty]
    page.html()
    assert any("222222222226" in path for path in page.told.asked if path.startswith("allocations"))


def test_a_day_with_more_entries_than_a_page_says_so(page: Page) -> None:
    page.told.more = {"222222222223/eu-west-1"}
    assert "what was before is not shown" in page.html()


def test_an_environment_that_disappears_meanwhile_is_still_listed_without_its_report(page: Page) -> None:
    page.told.gone = {"222222222226/ap-southeast-2"}
    text = page.read().text
    assert "orders-archive" not in text
    assert "blocked:AWS::S3::Bucket" in text


def test_what_could_not_be_asked_is_an_error_and_never_an_empty_page(page: Page, service: Service) -> None:
    refusal = Answer(403, body={"code": "forbidden", "message": "for operators"})
    service.script = [lambda arrived: refusal if "allocations" in arrived.path else page.told(arrived)]
    with pytest.raises(ServiceError):
        page.html()


def test_an_allocation_without_an_end_ends_at_the_latest_when_the_environment_moved_on(page: Page) -> None:
    assert "<title>in-use 15:05 to 15:30" in page.html()
    row = page.told.rows[0]
    asked = ask(page.client, AT)
    moved = replace(asked.environments[0], allocation="another", since=AT - timedelta(minutes=10))
    day = day_of(moved, asked.days[f"{row['account']}/{row['region']}"], begin=AT - DAY, end=AT)
    assert day.spans[-1].end == AT - timedelta(minutes=10)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (90_060, "1 d 1 h"),
        (86_460, "1 d"),
        (3660, "1 h 1 min"),
    ],
)
def test_a_duration_is_said_in_words(seconds: int, words: str) -> None:
    assert lasted(timedelta(seconds=seconds)) == words


def test_an_attribute_cannot_be_left() -> None:
    made = element("p", class_='"><script>')
    assert made == '<p class="&quot;&gt;&lt;script&gt;"></p>'

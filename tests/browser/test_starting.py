"""What starts a rule besides changes, chosen in the editor: set times, every record, repeats and active hours."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.pages.editor import EditorPage
from tests.needs import needs

pytestmark = [needs("chromium"), needs("editor-tools"), pytest.mark.xdist_group("browser")]


def test_set_times_are_chosen_in_words(visits: Visits) -> None:
    editor = EditorPage(visits("analyst"))
    editor.start("Stock level")
    when, condition, then = (editor.chapter(each) for each in ("when", "if", "then"))
    editor.pick(then.get_by_role("button", name="Add an action"), "Ask")
    when.get_by_role("combobox", name="Starts").select_option("schedule")
    expect(when.get_by_role("textbox", name="At", exact=True)).to_have_value("08:00")
    expect(when.get_by_role("button", name="Kind of record")).to_have_count(0)
    when.get_by_role("combobox", name="How often").select_option("week")
    when.get_by_role("checkbox", name="Friday").check()
    when.get_by_role("button", name="another time").click()
    when.get_by_role("textbox", name="At", exact=True).nth(1).fill("16:30")
    expect(condition.get_by_role("radio")).to_have_count(1)
    expect(editor.sentence).to_contain_text("every Friday at 08:00 and 16:30 (Asia/Shanghai)")
    draft = editor.definition()
    assert draft["trigger"] == {
        "type": "schedule",
        "object": "occasion",
        "times": ["08:00", "16:30"],
        "every": "week",
        "weekdays": ["fri"],
    }
    assert draft["firing"] == {"policy": "each_time"}
    editor.visit.shoot("editor-schedule")


def test_repeats_and_active_hours_are_chosen_in_words(visits: Visits) -> None:
    editor = EditorPage(visits("analyst"))
    editor.start("Stock level")
    condition, then = editor.chapter("if"), editor.chapter("then")
    editor.pick(then.get_by_role("button", name="Add an action"), "Ask")
    condition.get_by_role("radio", name="Again and again while it is true").check()
    condition.get_by_role("spinbutton", name="Every").fill("2")
    condition.get_by_role("textbox", name="Active from").fill("08:00")
    condition.get_by_role("textbox", name="until", exact=True).fill("18:00")
    expect(editor.sentence).to_contain_text("While it is true, again every 2 hours.")
    expect(editor.sentence).to_contain_text("Active from 08:00 to 18:00 (Asia/Shanghai)")
    firing = editor.definition()["firing"]
    assert firing == {
        "policy": "while_true",
        "every_seconds": 7200,
        "hours_from": "08:00",
        "hours_until": "18:00",
    }


def test_how_many_records_it_is_already_true_for_is_said_before_publishing(visits: Visits) -> None:
    editor = EditorPage(visits("analyst", "zh"))
    editor.start("库存")
    when = editor.chapter("when")
    when.get_by_role("combobox", name="发布时条件已成立的记录").select_option("fire")
    expect(when.get_by_role("spinbutton", name="最多处理的记录数")).to_be_visible()
    editor.visit.shoot("editor-already")

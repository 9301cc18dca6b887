"""The form of a message in Slack: whatever a notice holds, Block Kit takes it, and nothing in it is markup."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.adapters.channels.slack_blocks import blocks, escaped, fallback
from leh_guardian.ports import Button, Notice
from tests.support.people.slack_server import check_message

TEXT = st.text(st.characters(codec=None, exclude_categories=[]), max_size=400)
LONG = st.builds(lambda text, times: text * times, TEXT, st.integers(0, 60))
BUTTON = st.builds(Button, verb=TEXT, label=LONG, token=LONG, confirm=LONG)


@given(
    st.builds(
        Notice,
        id=st.just("id"),
        title=LONG,
        lines=st.lists(LONG, max_size=80),
        incident=TEXT,
        rule=TEXT,
        severity=TEXT,
        number=TEXT,
        level=st.integers(0, 3),
        status=TEXT,
        link=st.sampled_from(["", "https://g.kr/a/x", "https://g.kr/" + "x" * 4000]),
        buttons=st.lists(BUTTON, max_size=40),
    ),
    st.booleans(),
)
def test_slack_takes_it(notice: Notice, buttons: bool) -> None:
    """Every text within its limit, none empty, none markup, no action twice; as JSON that UTF-8 can say."""
    made = blocks(notice, buttons=buttons)
    check_message({"text": fallback(notice), "blocks": made, "parse": "none", "link_names": False})
    str(made).encode("utf-8")


def test_markups_three_signs() -> None:
    """As Slack's documentation has them, each once."""
    assert escaped("<!channel> & &lt;") == "&lt;!channel&gt; &amp; &amp;lt;"

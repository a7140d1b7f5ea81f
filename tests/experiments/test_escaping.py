"""Titles and names of data files have no meaning in the Markdown that is written."""

from dsc_tf.experiments.tables import as_markdown, escape_markdown


def test_a_title_is_text_and_nothing_else():
    title = (
        "=cmd|' /C calc'!A0 <script>alert(1)</script> \\input{/etc/passwd}\n# ![x](http://x/x.png) *b* `c`"
    )
    escaped = escape_markdown(title)
    assert "\n" not in escaped
    for markup in ("<script>", "\\input{", "cmd|", "![x](", " *b*", " `c`", " # "):
        assert markup not in escaped
    assert escape_markdown("Plain title 1990-2000 (daily)") == "Plain title 1990-2000 (daily)"


def test_a_cell_cannot_start_another():
    assert as_markdown(["a|b"], [["c\nd"]]) == "| a\\|b |\n| --- |\n| c d |\n"

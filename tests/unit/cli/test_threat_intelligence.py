from pathlib import Path

from typer.testing import CliRunner

from cli.app import app


def test_feed_is_counted_and_its_junk_named(tmp_path: Path) -> None:
    feed = tmp_path / "feed.txt"
    feed.write_text("evil[.]test\nnonsense\n8.8.8.8\n203.0.114[.]7\n")
    done = CliRunner().invoke(app, ["ti", "import", str(feed), "--source", "f", "--dry-run"])
    assert done.exit_code == 0
    assert "2 indicators would be published, 2 entries are not usable." in done.output
    assert "line 2: 'nonsense' is no" in done.output
    assert "line 3: '8.8.8.8' would match everybody: it is a public resolver" in done.output


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["ti", "import", str(tmp_path / "none"), "--source", "f", "--dry-run"])
    assert done.exit_code == 1
    assert "expected a readable file" in done.output

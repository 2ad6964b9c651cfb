"""Commands that cannot run are refused before the study starts."""

from pathlib import Path

import pytest

from tunesmith.errors import InvalidStudy
from tunesmith.run.command import Command


@pytest.mark.parametrize(
    ("template", "options", "words"),
    [
        ([], {}, "empty"),
        (["no-such-program-here", "{lr}"], {}, "'no-such-program-here'"),
        (["${env}", "no-such-program-here"], {}, "'no-such-program-here'"),
        (["./tool"], {}, "'./tool'"),
        (["python3", "-u", "missing.py", "--lr={lr}"], {}, "'missing.py'"),
        (["${env}", "${interpreter}", "missing.py", "${args}"], {}, "'missing.py'"),
        (["sh", "missing.sh"], {}, "'missing.sh'"),
        (["sh"], {"slots": 0}, "slots"),
        (["sh"], {"time_limit": 0}, "time_limit"),
        (["sh"], {"metrics_file": "/tmp/m", "slots": 2}, "metrics_file"),
        (["sh"], {"cwd": Path("/no/such/place")}, "/no/such/place"),
    ],
)
def test_mistakes_are_told_before_anything_runs(template, options, words, tmp_path):
    with pytest.raises(InvalidStudy) as error:
        Command(template, **{"cwd": tmp_path, **options})
    assert words in str(error.value)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize(
    "template",
    [
        ["{program}"],
        ["python3", "{script}.py"],
        ["python3", "-m", "package", "out.py"],
        ["sh", "-c", "run out.sh"],
        ["sh", "--out", "new.sh"],
        ["/usr/bin/env", "A=1", "later"],
        ["${interpreter}", "there.py", "other.py"],
        ["./there.py"],
    ],
)
def test_what_may_be_right_is_let_through(template, tmp_path):
    (tmp_path / "there.py").touch(0o755)
    Command(template, cwd=tmp_path).close()

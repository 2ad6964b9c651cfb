"""Any program as a trial."""

import json
import os
import sys

import pytest
from programs import ENDS, job, poll_until, shell

from tunesmith.run import program as program_module
from tunesmith.run.command import Command
from tunesmith.run.executor import Executor
from tunesmith.trials.facts import Failed, Finished, Reported


def python(code):
    return [sys.executable, "-S", "-c", code, "{lr}"]


def run(template, *, given=None, **options):
    """The facts of one trial, from its start to its end."""
    executor = Command(template, **options)
    try:
        executor.submit(given or job())
        return [update.fact for update in poll_until(executor, ENDS)]
    finally:
        executor.close()


def test_it_is_an_executor():
    executor: Executor = Command(["sh", "-c", "true"], slots=3)
    assert executor.slots == 3
    assert not executor.poll(5)
    executor.signal(0, "stop")
    executor.close()
    executor.close()


def test_reports_come_one_by_one_and_then_the_end():
    code = "for i in range(3): print(f'loss={i} lr={__import__(\"sys\").argv[1]}')"
    facts = run(python(code))
    assert facts == [Reported(i + 1, {"loss": float(i), "lr": 0.1}, 1) for i in range(3)] + [Finished({}, 1)]


def test_one_poll_gives_one_report_of_a_trial():
    executor = Command(shell("echo loss=1; echo loss=2"))
    executor.submit(job())
    updates = poll_until(executor, Reported)
    assert [update.fact.step for update in updates] == [1]
    executor.close()


def test_a_silent_program_finishes():
    assert run(shell("true")) == [Finished({}, 1)]


def test_what_the_program_is_told(tmp_path):
    names = ["STUDY", "TRIAL", "ATTEMPT", "SEED", "CONFIG", "FOLDER", "METRICS"]
    code = f"import os, json; json.dump([os.environ['TUNESMITH_' + n] for n in {names}] + [os.environ['PYTHONUNBUFFERED']], open('out', 'w'))"
    folder = tmp_path / "trial-00004"
    run(python(code), given=job(4, folder, attempt=2, config={"lr": 0.1, "a.b": True}), cwd=tmp_path)
    *told, config, where, metrics, unbuffered = json.loads((tmp_path / "out").read_text())
    assert told == ["s", "4", "2", "7"]
    assert json.loads(config) == {"lr": 0.1, "a.b": True}
    assert (where, metrics, unbuffered) == (str(folder), str(folder / "metrics.txt"), "1")


def test_output_is_kept_over_attempts(tmp_path):
    for _ in range(2):
        run(shell("echo out; echo err >&2; printf tail"), given=job(folder=tmp_path / "t"))
    assert (tmp_path / "t" / "stdout.txt").read_text() == "out\ntail" * 2
    assert (tmp_path / "t" / "stderr.txt").read_text() == "err\n" * 2


def test_without_a_folder_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    facts = run(shell('test -d "$TUNESMITH_FOLDER" && echo loss=1'))
    assert facts == [Reported(1, {"loss": 1.0}, 1), Finished({}, 1)]
    assert list(tmp_path.iterdir()) == []


def test_metrics_from_a_file(tmp_path):
    code = """
import os, time
with open(os.environ["TUNESMITH_METRICS"], "a", buffering=1) as file:
    file.write('{"epoch": 1, "loss": 0.5}\\n')
    while not os.path.exists("go"): time.sleep(0.01)
    file.write("epoch=2 loss=0.25")
"""
    executor = Command(python(code), cwd=tmp_path, metrics_file="logs/m.jsonl")
    executor.submit(job(folder=tmp_path / "t"))
    first = poll_until(executor, Reported)
    (tmp_path / "go").touch()
    rest = poll_until(executor, ENDS)
    executor.close()
    assert [update.fact for update in first + rest] == [
        Reported(1, {"loss": 0.5}, 1),
        Reported(2, {"loss": 0.25}, 1),
        Finished({}, 1),
    ]
    assert (tmp_path / "t" / "logs" / "m.jsonl").exists()


def test_the_configuration_as_a_file(tmp_path):
    code = "import sys, json; print('loss=%s' % json.load(open(sys.argv[1]))['a']['b'])"
    template = [sys.executable, "-S", "-c", code, "${args_json_file}"]
    assert run(template, given=job(folder=tmp_path / "t", config={"a.b": 5}))[0] == Reported(1, {"loss": 5.0}, 1)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("echo loss=1; echo bad luck >&2; exit 3", "error", ["exit code 3", "bad luck"]),
        ("exit 1", "error", ["exit code 1"]),
        ("echo CUDA out of memory >&2; exit 1", "oom", ["out of memory"]),
        ("echo only printed; exit 1", "error", ["only printed"]),
        ("kill -9 $$", "killed", ["SIGKILL"]),
        ("kill -SEGV $$", "killed", ["SIGSEGV"]),
        ("exec /nowhere/program", "error", ["exit code 12"]),
    ],
)
def test_failures_are_kinds_of_outcome(code, kind, words):
    failure = run(shell(code))[-1]
    assert isinstance(failure, Failed)
    assert failure.kind == kind
    assert all(word in failure.message for word in words)
    assert failure.trace, "a failure without a trace would end the study"


def test_a_program_that_cannot_be_started(tmp_path):
    text = tmp_path / "text"
    text.write_text("no program")
    text.chmod(0o755)
    failure = run([str(text), "{lr}"])[-1]
    assert isinstance(failure, Failed)
    assert "cannot be started" in failure.message
    assert failure.trace == ""


@pytest.mark.parametrize("value", ["a\0b", "x" * 3_000_000, "\ud800"])
def test_a_value_that_no_command_line_takes_fails_its_trial_only(value):
    failure = run(shell("true"), given=job(config={"lr": value}))[-1]
    assert isinstance(failure, Failed)
    assert failure.trace


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    assert isinstance(run(shell("true"), given=job(folder=tmp_path / "file" / "t"))[-1], Failed)


def test_trials_run_side_by_side_on_devices_of_their_own(tmp_path):
    code = 'touch $TUNESMITH_TRIAL; while ! [ -e 0 -a -e 1 ]; do sleep 0.01; done; echo "loss=$CUDA_VISIBLE_DEVICES"'
    executor = Command(shell(code), slots=2, devices=["4", "5"], cwd=tmp_path)
    executor.submit(job(0))
    executor.submit(job(1))
    found = {}
    while len(found) < 2:
        found |= {
            update.trial: update.fact.metrics["loss"]
            for update in executor.poll(1)
            if isinstance(update.fact, Reported)
        }
    assert found == {0: 4.0, 1: 5.0}
    poll_until(executor, ENDS)
    executor.close()


def test_a_place_is_free_again_after_the_end():
    executor = Command(shell("true"))
    for number in range(3):
        executor.submit(job(number))
        assert [update.trial for update in poll_until(executor, ENDS)] == [number]
    executor.close()


def test_any_bytes_are_survived(tmp_path):
    code = """
import os, sys
for _ in range(3):
    os.write(1, os.urandom(100_000) + b"x" * 100_000 + b"\\n" + b"\\0\\xff=1 loss=\\n")
    os.write(2, os.urandom(100_000))
os.write(1, b"\\nloss=2\\n")
"""
    facts = run(python(code), given=job(folder=tmp_path / "t"))
    assert facts[-1] == Finished({}, 1)
    assert Reported(1, {"loss": 2.0}, 1).metrics.items() <= facts[-2].metrics.items()
    assert (tmp_path / "t" / "stderr.txt").stat().st_size == 300_000


def test_a_program_may_close_its_output_and_go_on(tmp_path):
    code = "exec >&- 2>&-; while ! [ -e go ]; do sleep 0.01; done; echo loss=3 >> $TUNESMITH_METRICS"
    executor = Command(shell(code), cwd=tmp_path)
    executor.submit(job())
    assert executor.poll(0.1) == []
    (tmp_path / "go").touch()
    assert [update.fact for update in poll_until(executor, ENDS)] == [Reported(1, {"loss": 3.0}, 1), Finished({}, 1)]
    executor.close()


def test_systems_without_process_descriptors(monkeypatch):
    monkeypatch.setattr(program_module, "_exit_descriptor", lambda pid: None)
    assert run(shell("echo loss=1; exit 2"))[0] == Reported(1, {"loss": 1.0}, 1)
    assert run(shell("sleep 60 & true")) == [Finished({}, 1)]


def test_a_full_disk_ends_only_the_copy(tmp_path):
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "stdout.txt").symlink_to("/dev/full")
    assert run(shell("echo loss=1"), given=job(folder=folder)) == [Reported(1, {"loss": 1.0}, 1), Finished({}, 1)]


def test_the_programs_environment_is_ours_otherwise(monkeypatch):
    monkeypatch.setenv("MY_LOSS", "4")
    assert run(shell("echo loss=$MY_LOSS"))[0] == Reported(1, {"loss": 4.0}, 1)
    assert "TUNESMITH_TRIAL" not in os.environ


def test_a_resumed_trial_does_not_report_again():
    facts = run(shell("for i in 1 2 3; do echo epoch=$i loss=$i; done"), given=job(after=2))
    assert facts == [Reported(3, {"loss": 3.0}, 1), Finished({}, 1)]

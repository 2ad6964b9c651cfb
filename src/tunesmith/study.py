"""Study: one search, as a handle. Delegates; decides nothing."""

from __future__ import annotations

import importlib
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, final, overload

from tunesmith.analysis.best import best_of, front_of
from tunesmith.analysis.table import Table, table
from tunesmith.asking import Desk
from tunesmith.errors import InvalidStudy, MissingExtra, without_inner_frames
from tunesmith.held_out import Test, look
from tunesmith.opening import Wanted, settle
from tunesmith.reading import Reading
from tunesmith.run.driver import Ending
from tunesmith.run.folder import load_checkpoint, study_folder, trial_folder
from tunesmith.run.threads import one_thread
from tunesmith.samplers.auto import choose_sampler
from tunesmith.samplers.base import Sampler
from tunesmith.schedulers.auto import choose_scheduler, confirmation
from tunesmith.schedulers.base import Decision, Scheduler
from tunesmith.space.space import Space
from tunesmith.stages.named import sampler_of, scheduler_of
from tunesmith.stores.base import Store
from tunesmith.stores.sqlite import SqliteStore
from tunesmith.stores.url import open_store
from tunesmith.trials.lineage import Segment, schedule
from tunesmith.trials.spec import Budget, Pick, StudySpec, limits_from, objectives_from, seconds_from
from tunesmith.trials.trial import FailureKind, State, Trial
from tunesmith.trials.view import View
from tunesmith.warm_start import Source

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    import polars as pl

    from tunesmith.analysis.ablation import Ablation
    from tunesmith.analysis.confirm import Confirmed
    from tunesmith.analysis.health.finding import Finding
    from tunesmith.analysis.importance.shares import Importance, Method, Region
    from tunesmith.analysis.looks import Look
    from tunesmith.analysis.panels.chronicle import Chronicle
    from tunesmith.run.folder import Checkpoint

DEFAULT_STORE: Final = "sqlite:///tunesmith.db"


@final
class Study:
    """One search: its trials, its best result, and ask/tell. Made by `Study.open` or `tune`."""

    def __init__(
        self, store: Store, name: str, *, sampler: Sampler | None = None, scheduler: Scheduler | None = None
    ) -> None:
        self.store = store
        self.name = name
        self.ending: Ending | None = None
        """Why the last `tune` ended."""
        self._reading = Reading(store, name)
        self._desk = Desk(self._reading)
        self._scratch: Path | None = None
        spec = self._reading.spec
        self.sampler = choose_sampler(spec, sampler or sampler_of(spec))
        self.scheduler = choose_scheduler(spec, scheduler or scheduler_of(spec))

    @staticmethod
    @without_inner_frames
    def open(
        name: str,
        *,
        space: Space | Mapping[str, object] | None = None,
        minimize: str | Sequence[str] | None = None,
        maximize: str | Sequence[str] | None = None,
        limits: Mapping[str, str] | None = None,
        store: str | Path | Store | None = None,
        seed: int | None = None,
        trials: int | None = None,
        time: str | float | None = None,
        cost: float | None = None,
        sampler: str | Sampler | None = None,
        scheduler: str | Scheduler | None = None,
        points: Sequence[Mapping[str, Any]] = (),
        pick: Pick | None = None,
        steps: int | None = None,
        confirm: float | None = None,
        stop: Literal["budget", "auto"] | None = None,
        warm_start: Sequence[Source] = (),
    ) -> Study:
        """Continue the study of this name in `store`, or begin it.

        What is left out stays as the study has it. Budgets (`trials`, `time`, `cost`) are totals and may be changed;
        `sampler` and `scheduler` too. Another space, other objectives or another seed under the same name raise
        `StudyChanged`. `points` are configurations to try right after the default one; `warm_start` names
        earlier studies to begin from, of which what they found is kept with this one. Without a space and an objective it
        takes up an existing study, by default one in `tunesmith.db` here, and raises `UnknownStudy` if there is none. A
        study that begins is kept in memory unless `store` names a file.
        """
        begins = space is not None or minimize is not None or maximize is not None
        opened = open_store(store if begins or store is not None else DEFAULT_STORE, create=begins)
        wanted = Wanted(
            space=Space(space) if isinstance(space, Mapping) else space,
            objectives=objectives_from(minimize, maximize),
            limits=None if limits is None else limits_from(limits),
            budget=Budget(trials, seconds_from(time), cost),
            seed=seed,
            pick=pick,
            sampler=sampler,
            scheduler=scheduler,
            points=points,
            steps=steps,
            confirm=confirm,
            stop=stop,
            warm_start=warm_start,
        )
        try:
            settle(opened, name, wanted)
            return Study(
                opened,
                name,
                sampler=None if isinstance(sampler, str) else sampler,
                scheduler=None if isinstance(scheduler, str) else scheduler,
            )
        except BaseException:
            if opened is not store:
                opened.close()
            raise

    # -- reading -----------------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """The study as it is now: trials, curves and columns, in one immutable value."""
        return self._reading.view()

    @property
    def spec(self) -> StudySpec:
        """What is searched, for what, within which budget."""
        return self._reading.spec

    @property
    def trials(self) -> Sequence[Trial]:
        """All trials, by number."""
        return self._reading.view(curves=False).trials

    @property
    def best(self) -> Trial:
        """The best trial: feasible, with the best first objective. Raises `InvalidStudy` while there is none.

        Where noise is large, the one of the ten best of which the best is expected; once the best ones have been repeated,
        the one that is confirmed, and `study.confirmed` says what it is worth.
        """
        view = self._reading.view(curves=False)
        best = best_of(view)
        if best is None:
            raise InvalidStudy(f"Study {self.name!r} has no result yet: {_tally(view.trials)}.")
        return best.trial

    @property
    def confirmed(self) -> Confirmed | None:
        """What the winner came to when it was trained again on fresh seeds; None as long as it was not."""
        best = best_of(self._reading.view(curves=False))
        return None if best is None else best.confirmed

    def test(self, function: Test | None = None) -> Look | None:
        """What the best trial comes to on the test set: by `function(config, state)`, or by the `test_...` metrics that its
        trainings reported, which nobody has seen so far.

        Every winner is looked at once, and each look is on record; asked again, it tells what was seen. None without a winner, or
        if there is nothing to look at.
        """
        return look(self._reading, self._checkpoint, function)

    @property
    def front(self) -> list[Trial]:
        """The trials that no other one beats in all objectives, by number."""
        return front_of(self._reading.view(curves=False))

    def importance(
        self, metric: str | None = None, *, method: Method = "fanova", region: Region = "whole"
    ) -> Importance:
        """Which parameters an objective depends on, the first one unless `metric` names another, with intervals.

        `method` is "fanova" or "ped-anova"; `region` is "whole", or "top" for what still matters among good configurations.
        Raises `InvalidStudy` if too few configurations have a value: 10, or 20 with "ped-anova" (80 in the top region).
        """
        from tunesmith.analysis.importance.measure import importance  # noqa: PLC0415  scipy takes a while to load

        with one_thread():
            return importance(self._reading.view(curves=False), metric, method=method, region=region)

    def ablation(self, metric: str | None = None) -> Ablation:
        """Which change on the way from the default configuration to the best trial is expected to have brought what."""
        from tunesmith.analysis.ablation import ablation  # noqa: PLC0415

        with one_thread():
            return ablation(self._reading.view(curves=False), metric)

    def health(self) -> list[Finding]:
        """What is wrong with the study, the worst first: findings with evidence and a remedy."""
        from tunesmith.analysis.health.examine import health  # noqa: PLC0415

        with one_thread():
            return health(self.view)

    def figure(self, name: str = "history") -> go.Figure:
        """A figure of the report, drawn with Plotly: "history", "curves", "parallel", "slices", "timeline", "importance", "contour",
        or one that only some studies have: "pareto", "volume", "plane", "population", "failures", "ablation".

        Raises `InvalidStudy` for another name, and where there is nothing to draw or too few trials tell.
        """
        from tunesmith.plots import sections  # noqa: PLC0415  plotly is only needed here

        with one_thread():
            return sections.figure_of(sections.Source(self.view, told=self._told()), name)

    def schedule(self, number: int) -> list[Segment]:
        """What the training of a trial went through: which configuration up to which step, from its first ancestor on.

        One segment, unless the trial was forked from another (`ts.PBT`). `ts.Replay` trains along it again.
        """
        return schedule(self.view, number)

    @property
    def choices(self) -> list[str]:
        """Which sampler and which scheduler the study has and why, and what is repeated, in a sentence each."""
        if self.spec.scheduler != "auto":
            return [self.sampler.why, self.scheduler.why, *confirmation(self.spec)]
        # What `auto` means for a run depends on where its trials run, which paused ones tell.
        paused = any(trial.state is State.PAUSED for trial in self.trials)
        return [self.sampler.why, choose_scheduler(self.spec, parks=paused).why, *confirmation(self.spec)]

    def table(self) -> Table:
        """All trials as columns and rows of plain values."""
        return table(self._reading.view(curves=False))

    def to_pandas(self) -> pd.DataFrame:
        """One row per trial. Needs pandas."""
        frame: pd.DataFrame = _library("pandas").DataFrame(self._columns())
        return frame

    def to_polars(self) -> pl.DataFrame:
        """One row per trial. Needs polars."""
        frame: pl.DataFrame = _library("polars").DataFrame(self._columns(), strict=False)
        return frame

    def _columns(self) -> dict[str, list[object]]:
        found = self.table()
        return {name: [row[index] for row in found.rows] for index, name in enumerate(found.columns)}

    # -- ask and tell ------------------------------------------------------------------------------------------------

    def ask(self) -> Trial:
        """The next trial to train: `trial.number`, `trial.config`, `trial.seed`.

        Before new ones come trials whose process has died, and paused ones that shall go on, from `trial.last.step`.
        Raises `BudgetSpent` when the study's trials are used up, `SpaceExhausted` when a finite space is, and `NothingToDo`
        when the scheduler waits for trials that run.
        """
        return self._desk.ask(self.sampler.sampler, self.scheduler.scheduler)

    def enqueue(self, config: Mapping[str, Any]) -> Trial:
        """Add a trial with this configuration (missing parameters at their defaults), to be trained before others."""
        return self._desk.enqueue(config)

    @overload
    def report(self, target: Trial, *, step: int | None = None, **metrics: float) -> Decision: ...
    @overload
    def report(self, target: str | Path) -> Path: ...
    def report(self, target: Trial | str | Path, *, step: int | None = None, **metrics: float) -> Decision | Path:
        """`report(trial, step=3, val_loss=0.4)` records metrics of a running trial and returns what becomes of it.

        A `Stop` or a `Pause` has been recorded then: train something else. `ask` gives a paused trial out when it shall go on.
        `report("report.html")` writes a page about the study, complete in one file, and returns its path.
        """
        if isinstance(target, Trial):
            return self._desk.report(target, self.scheduler.scheduler, step, metrics)
        return self._write_report(Path(target))

    def tell(self, trial: Trial, value: float | Mapping[str, float] | None = None, /, **metrics: float) -> Trial:
        """The trial is done, with these values; without any its last report counts. Returns it as recorded.

        A value that is NaN or infinite makes it a failure of kind "nan". Raises `InvalidStudy` if an objective is missing.
        """
        return self._desk.tell(trial, value, metrics)

    def fail(self, trial: Trial, kind: FailureKind = "error", message: str = "") -> Trial:
        """The trial failed; `kind` is one of error, oom, nan, timeout, killed."""
        return self._desk.fail(trial, kind, message)

    def stop(self, trial: Trial, reason: str = "stopped by a person") -> Trial:
        """End a trial now, wherever it runs; its last report counts."""
        return self._desk.stop(trial, reason)

    # -- files -------------------------------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """Where checkpoints and outputs of the trials are kept: beside the store, or in a temporary directory."""
        if isinstance(self.store, SqliteStore):
            return study_folder(self.store.path.with_suffix(".files"), self.name)
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="tunesmith-"))
            weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        return study_folder(self._scratch, self.name)

    def load(self, number: int | None = None) -> Any:
        """The state that the best trial, or trial `number`, saved last, as `ctx.load()` gives it.

        Raises `InvalidStudy` if it has saved none.
        """
        found = self.best.number if number is None else number
        checkpoint = self._checkpoint(found)
        if checkpoint is None:
            raise InvalidStudy(
                f"Trial {found} of study {self.name!r} has no checkpoint; save one with ctx.save(state) in the training function, "
                "after a report."
            )
        return checkpoint.state

    def _checkpoint(self, number: int) -> Checkpoint | None:
        return load_checkpoint(trial_folder(self.folder, number))

    def _told(self) -> Chronicle | None:
        """What the log tells beyond the trials, unless it is too long to be read as a whole."""
        from tunesmith.analysis.panels.chronicle import MOST_FACTS, chronicle  # noqa: PLC0415

        return chronicle(self.store.events(self.name)) if self.view.seq <= MOST_FACTS else None

    def _write_report(self, path: Path) -> Path:
        from tunesmith.plots.page import report_html  # noqa: PLC0415  plotly is only needed here

        try:
            with one_thread():
                page = report_html(self.view, notes=self.choices, told=self._told())
            path.write_text(page, encoding="utf-8")
        except OSError as error:
            raise InvalidStudy(
                f"{path} cannot be written ({error.strerror}); name a file in a directory that you may write to."
            ) from None
        return path.absolute()

    def close(self) -> None:
        """Give back the store's connection."""
        self.store.close()

    def __enter__(self) -> Study:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _repr_html_(self) -> str:
        """The study as a notebook shows it."""
        from tunesmith.plots.card import study_card  # noqa: PLC0415

        with one_thread():
            return study_card(self._reading.view(curves=False))

    def __repr__(self) -> str:
        return f"<Study {self.name!r}: {_tally(self.trials)}>"


def _tally(trials: Sequence[Trial]) -> str:
    counts = [(state, sum(trial.state is state for trial in trials)) for state in State]
    return ", ".join(f"{count} {state.value}" for state, count in counts if count) or "no trials"


def _library(name: Literal["pandas", "polars"]) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtra(f"study.to_{name}() needs {name}; install it with: pip install {name}") from None

"""Telling: what a stage has learned is said when the next one begins."""

from __future__ import annotations

from typing import final

from tunesmith.run.watcher import Watcher
from tunesmith.stages.order import stage_of
from tunesmith.stages.plan import Plan
from tunesmith.stages.story import roles_sentence, story
from tunesmith.stages.tournament import is_open
from tunesmith.trials.changes import Changes
from tunesmith.trials.view import View


@final
class Telling:
    """What the inner watcher shows, and between it the chapters of the story, each once."""

    def __init__(self, inner: Watcher) -> None:
        self.inner = inner
        self._told: set[str] = set()
        self._stage: str | None = None
        self._owes = False
        """Whether a stage is over that has not been told yet, as trials of it may still change it."""
        self._view: View | None = None

    def changed(self, view: View, changes: Changes) -> None:
        self.inner.changed(view, changes)
        if self._view is None:
            self.said(f"Stages by role: {roles_sentence(view)}")
            # What earlier runs have told is not told again.
            self._told |= (
                {chapter.stage for chapter in story(view) if chapter.state == "over"} if view.trials else set()
            )
        self._view = view
        stage = stage_of(view.trials[-1]) if view.trials else None
        if stage is not None and stage != self._stage:
            self._stage, self._owes = stage, True
        if self._owes:
            self._owes = self._tell(view, "over", "skipped")

    def _tell(self, view: View, *states: str) -> bool:
        """Say the chapters that are in one of the states, up to one that may still change; whether there is one."""
        plan = Plan(view)
        waits = {stage.name for stage in plan.stages if is_open(plan, stage)}
        for chapter in story(view):
            # How it was confirmed is part of the study's result.
            if chapter.state not in states or chapter.stage in self._told or chapter.stage == "confirmation":
                continue
            if chapter.stage in waits and "now" not in states:
                return True
            self._told.add(chapter.stage)
            self.said(f"  {chapter}")
        return False

    def said(self, text: str) -> None:
        self.inner.said(text)

    def tick(self, view: View) -> None:
        self.inner.tick(view)

    def close(self) -> None:
        self.inner.close()
        if self._view is not None and self._view.trials:
            self._tell(self._view, "over", "skipped", "now")

"""What happened: facts, the fold that turns them into trials, and the View that algorithms see. Pure."""

from tunesmith.trials.changes import Changes as Changes, ReportColumns as ReportColumns, ReportRow as ReportRow
from tunesmith.trials.facts import (
    Asked as Asked,
    Draft as Draft,
    Event as Event,
    Fact as Fact,
    Failed as Failed,
    Finished as Finished,
    Lost as Lost,
    Noted as Noted,
    Opened as Opened,
    Paused as Paused,
    Reported as Reported,
    Resumed as Resumed,
    Revised as Revised,
    Started as Started,
    Stopped as Stopped,
    Suggested as Suggested,
)
from tunesmith.trials.fold import fold as fold
from tunesmith.trials.order import best_trial as best_trial, feasible as feasible, front as front
from tunesmith.trials.spec import (
    Budget as Budget,
    MetricLimit as MetricLimit,
    Objective as Objective,
    StudySpec as StudySpec,
)
from tunesmith.trials.story import story as story
from tunesmith.trials.trial import Failure as Failure, Report as Report, State as State, Trial as Trial
from tunesmith.trials.view import View as View

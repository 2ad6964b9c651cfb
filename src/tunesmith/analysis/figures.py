"""The figures of a study as plain arrays and lists, to be drawn by any plotting library."""

from tunesmith.analysis.ablation import Ablation, ablation
from tunesmith.analysis.axes import Axis
from tunesmith.analysis.curves import Curves, Line, curves
from tunesmith.analysis.history import History, history
from tunesmith.analysis.importance.measure import importance
from tunesmith.analysis.importance.shares import Importance
from tunesmith.analysis.parallel import Gathered, Parallel, parallel
from tunesmith.analysis.summary import Outcome, Summary, summary
from tunesmith.analysis.table import Table, table
from tunesmith.analysis.thinned import Density, Thinned, thinned

__all__ = [
    "Ablation",
    "Axis",
    "Curves",
    "Density",
    "Gathered",
    "History",
    "Importance",
    "Line",
    "Outcome",
    "Parallel",
    "Summary",
    "Table",
    "Thinned",
    "ablation",
    "curves",
    "history",
    "importance",
    "parallel",
    "summary",
    "table",
    "thinned",
]

"""The figures of a study as plain arrays and lists, to be drawn by any plotting library."""

from tunesmith.analysis.ablation import Ablation, ablation
from tunesmith.analysis.axes import Axis
from tunesmith.analysis.curves import Curves, Line, curves
from tunesmith.analysis.history import History, history
from tunesmith.analysis.importance.measure import importance
from tunesmith.analysis.importance.shares import Importance
from tunesmith.analysis.panels.chronicle import Chronicle, chronicle, chronicle_of
from tunesmith.analysis.panels.comparison import Comparison, Course, comparison
from tunesmith.analysis.panels.contour import Contour, contour
from tunesmith.analysis.panels.failures import Failures, failures
from tunesmith.analysis.panels.pareto import Pareto, Volume, pareto, volume
from tunesmith.analysis.panels.plane import Plane, plane, plane_params
from tunesmith.analysis.panels.population import Member, Population, population
from tunesmith.analysis.panels.slices import Slices, slices
from tunesmith.analysis.panels.timeline import Bar, Timeline, timeline
from tunesmith.analysis.parallel import Gathered, Parallel, parallel
from tunesmith.analysis.summary import Outcome, Standing, Summary, summary
from tunesmith.analysis.table import Table, table
from tunesmith.analysis.thinned import Density, Thinned, thinned

__all__ = [
    "Ablation",
    "Axis",
    "Bar",
    "Chronicle",
    "Comparison",
    "Contour",
    "Course",
    "Curves",
    "Density",
    "Failures",
    "Gathered",
    "History",
    "Importance",
    "Line",
    "Member",
    "Outcome",
    "Parallel",
    "Pareto",
    "Plane",
    "Population",
    "Slices",
    "Standing",
    "Summary",
    "Table",
    "Thinned",
    "Timeline",
    "Volume",
    "ablation",
    "chronicle",
    "chronicle_of",
    "comparison",
    "contour",
    "curves",
    "failures",
    "history",
    "importance",
    "parallel",
    "pareto",
    "plane",
    "plane_params",
    "population",
    "slices",
    "summary",
    "table",
    "thinned",
    "timeline",
    "volume",
]

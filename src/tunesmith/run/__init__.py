"""Where trials execute: the driver, executors, devices and records."""

from tunesmith.run.context import Context as Context, StopTrial as StopTrial
from tunesmith.run.driver import Driver as Driver, Ending as Ending
from tunesmith.run.executor import Executor as Executor, Job as Job, Update as Update

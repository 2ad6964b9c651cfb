"""What to keep running. Pure."""

from tunesmith.schedulers.base import (
    Continue as Continue,
    Decision as Decision,
    New as New,
    Pause as Pause,
    Resume as Resume,
    Scheduler as Scheduler,
    Stop as Stop,
)
from tunesmith.schedulers.combine import Any as Any
from tunesmith.schedulers.divergence import Divergence as Divergence
from tunesmith.schedulers.finals import Finals as Finals
from tunesmith.schedulers.growing import PASHA as PASHA
from tunesmith.schedulers.halving import Halving as Halving
from tunesmith.schedulers.hyperband import Hyperband as Hyperband
from tunesmith.schedulers.median import Median as Median
from tunesmith.schedulers.patience import Patience as Patience
from tunesmith.schedulers.plain import NoStopping as NoStopping
from tunesmith.schedulers.population import PBT as PBT
from tunesmith.schedulers.promotion import Promotion as Promotion
from tunesmith.schedulers.replay import Replay as Replay

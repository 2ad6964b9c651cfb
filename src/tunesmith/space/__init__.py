"""What may vary. Pure."""

from tunesmith.space.codec import Codec as Codec
from tunesmith.space.conditions import Test as Test, When as When, when as when
from tunesmith.space.hints import Binding as Binding, arguments as arguments, bind as bind, space_of as space_of
from tunesmith.space.limits import Forbidden as Forbidden, Limit as Limit, Relation as Relation, forbid as forbid
from tunesmith.space.params import (
    Choice as Choice,
    Config as Config,
    Fixed as Fixed,
    Float as Float,
    Int as Int,
    Json as Json,
    Ordinal as Ordinal,
    Param as Param,
)
from tunesmith.space.space import Space as Space

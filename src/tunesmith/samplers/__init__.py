"""What to try next. Pure."""

from tunesmith.samplers.base import Proposal as Proposal, Sampler as Sampler
from tunesmith.samplers.grid import Grid as Grid
from tunesmith.samplers.sobol import Sobol as Sobol
from tunesmith.samplers.uniform import Uniform as Uniform
from tunesmith.samplers.wrap import Distinct as Distinct, Seeded as Seeded

"""Random parameters and spaces for hypothesis."""

from hypothesis import strategies as st

from tunesmith.space import Choice, Fixed, Float, Int, Ordinal, Space, when

finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 6))


@st.composite
def floats(draw):
    log = draw(st.booleans())
    bound = st.floats(1e-9, 1e9) if log else finite
    low, high = sorted((draw(bound), draw(bound)))
    if not log and high - low > 1e-3 and draw(st.booleans()):
        return Float(low, high, step=draw(st.sampled_from([(high - low) / 7, min(0.1, high - low)])))
    return Float(low, high, log=log)


@st.composite
def ints(draw):
    log = draw(st.booleans())
    bound = st.integers(1 if log else -1000, 10_000)
    low, high = sorted((draw(bound), draw(bound)))
    return Int(low, high, log=log, step=1 if log else draw(st.integers(1, 5)))


scalars = st.one_of(st.integers(-5, 5), st.text(max_size=4), st.booleans(), st.none(), finite)
options = st.lists(scalars, min_size=1, max_size=5, unique_by=lambda v: (type(v).__name__, v))
params = st.one_of(
    floats(),
    ints(),
    options.map(lambda values: Choice(*values)),
    options.map(lambda values: Ordinal(*values)),
    scalars.map(Fixed),
)


@st.composite
def spaces(draw, param=params):
    """A root choice, free parameters and some under conditions, one level deep or two."""
    body = {"root": Choice("a", "b", "c")}
    for index in range(draw(st.integers(0, 3))):
        body[f"free{index}"] = draw(param)
    for index in range(draw(st.integers(0, 3))):
        body[f"under{index}"] = when({"root": draw(st.sampled_from(["a", ["a", "b"]]))}, draw(param))
    if draw(st.booleans()):
        body["deep"] = when({"root": "a"}, {"kind": Choice(1, 2), "leaf": when({"kind": 2}, draw(param))})
    return Space(body)

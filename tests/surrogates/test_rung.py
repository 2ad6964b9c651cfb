"""Evidence of one rung: values at the highest step that enough trials have reached."""

from tunesmith.space.params import Float
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import evidence_of
from tunesmith.surrogates.rung import evidence_at_rung
from tunesmith.testing.histories import History, spec_of

LINE = spec_of(Space({"x": Float(0, 1)}))


def test_the_highest_rung_with_enough_trials() -> None:
    """with one parameter three are enough; what they reported later does not count"""
    log = History(LINE)
    for value in range(5):
        log.pause(log.train([1.0 + value] if value < 2 else [1.0 + value, 0.5 + value, 0.1 * value]))
    found = evidence_at_rung(log.view)
    assert found.numbers.tolist() == [2, 3, 4]
    assert found.losses[:, 0].round(9).tolist() == [0.2, 0.3, 0.4]
    few = History(LINE)
    few.pause(few.train([1.0]))
    assert evidence_at_rung(few.view).losses.tolist() == evidence_of(few.view).losses.tolist()

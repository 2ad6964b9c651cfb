"""Folders of studies and trials, and checkpoints that forks begin with."""

from pathlib import Path

from hypothesis import given, strategies as st

from tunesmith.run.folder import fork_checkpoint, load_checkpoint, save_checkpoint, study_folder

NAMES = st.text(min_size=1, max_size=20).filter(lambda name: name == name.strip())


@given(NAMES, NAMES)
def test_every_study_has_a_folder_of_its_own(one: str, other: str) -> None:
    """directly in the root, whatever the name, and no two names share one"""
    root = Path("/root")
    folders = study_folder(root, one), study_folder(root, other)
    assert all(folder.parent == root and folder.name not in ("", ".", "..") for folder in folders)
    assert (folders[0] == folders[1]) == (one == other)


def test_a_fork_begins_where_its_parent_stood(tmp_path: Path) -> None:
    """what the parent saves later is its own"""
    parent, fork = tmp_path / "parent", tmp_path / "fork"
    assert not fork_checkpoint(parent, fork)
    save_checkpoint(parent, 5, {"weights": 1}, best=True)
    assert fork_checkpoint(parent, fork)
    save_checkpoint(parent, 6, {"weights": 2}, best=True)
    found = load_checkpoint(fork)
    assert found is not None
    assert (found.step, found.state) == (5, {"weights": 1})

"""Which file system a directory lies on: SQLite's write-ahead log needs memory shared by all its processes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_NETWORK: Final = (
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p.net", "lustre", "gpfs", "beegfs", "ceph", "glusterfs",
    "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone",
)  # fmt: skip


def network_filesystem(directory: Path, mounts: Path = Path("/proc/self/mounts")) -> str | None:
    """The kind of network file system that a directory lies on; None for a local one, or where it cannot be told."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    resolved = directory.resolve()
    best, kind = -1, ""
    for line in lines:
        _, mount, found, *_ = line.split(" ")
        mount = mount.replace("\\040", " ")
        if resolved.is_relative_to(mount) and len(mount) >= best:
            best, kind = len(mount), found
    return kind if kind in _NETWORK else None

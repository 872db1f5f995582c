"""What a run's folder may be: a mount point, which cannot be removed, too."""

import errno
import os
from pathlib import Path

import pytest

from local.services.guard import guarded
from local.services.process import ServiceFailed


def test_mount_point_with_an_earlier_runs_files_is_emptied_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "demo"
    (folder / "kafka").mkdir(parents=True)
    (folder / "kafka" / "log").touch()
    rmdir = os.rmdir

    def busy(path: str | Path, *, dir_fd: int | None = None) -> None:
        if Path(path).name == folder.name:
            raise OSError(errno.EBUSY, "Device or resource busy")
        rmdir(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "rmdir", busy)
    with guarded(folder, keep=True) as site:
        assert list(site.folder.iterdir()) == []


def test_folder_that_cannot_be_emptied_is_refused_with_what_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.txt").touch()
    (tmp_path / "demo").symlink_to(tmp_path / "elsewhere")  # what a link points to is not removed
    with pytest.raises(ServiceFailed, match=r"cannot be emptied, mine\.txt stays"), guarded(tmp_path / "demo"):
        pass

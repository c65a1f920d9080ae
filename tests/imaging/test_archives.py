"""Archives as people pack them: read where that is possible, and named with a remedy where it is not."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from core.imaging.archive import Limits
from core.imaging.packed import OTHERS
from core.imaging.read import Scan, load, scan
from core.imaging.source import sources_from_uploads
from tests import dicom_builder as build
from tests.imaging import quirks

CHEST = build.chest()
FILES = build.files_of(build.series(CHEST))
NIFTI = build.nifti(CHEST)


def scanned(data: bytes, name: str = "upload", limits: Limits | None = None) -> Scan:
    upload = build.NamedBytes(data, name)
    return scan(sources_from_uploads([upload], limits=limits) if limits else sources_from_uploads([upload]))


def tar_of(files: dict[str, bytes], how: str = "w:") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=how) as archive:  # type: ignore[call-overload]
        folder = tarfile.TarInfo("export/")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


NAMED = {f"export/IM{place}": data for place, data in enumerate(FILES)}
PACKED: dict[str, Callable[[], bytes]] = {
    "tar": lambda: tar_of(NAMED),
    "tar.gz": lambda: tar_of(NAMED, "w:gz"),
    "tar.bz2": lambda: tar_of(NAMED, "w:bz2"),
    "tar.xz": lambda: tar_of(NAMED, "w:xz"),
    "tar of gzipped files": lambda: tar_of({name: gzip.compress(data) for name, data in NAMED.items()}),
    "zip of gzipped files": lambda: build.zip_of([gzip.compress(data) for data in FILES]),
    "zip of bzipped files": lambda: build.zip_of([bz2.compress(data) for data in FILES]),
    "zip of files packed by xz": lambda: build.zip_of([lzma.compress(data) for data in FILES]),
    "gzipped zip": lambda: gzip.compress(build.zip_of(FILES)),
    "zip in a zip, named otherwise": lambda: build.zip_named({"study.dat": build.zip_of(FILES)}),
    "zip in a zip without a name's end": lambda: build.zip_named({"STUDY0001": build.zip_of(FILES)}),
    "tar in a zip": lambda: build.zip_named({"a/b": tar_of(NAMED)}),
    "tar.gz in a zip": lambda: build.zip_named({"a.bin": tar_of(NAMED, "w:gz")}),
    "zip in a tar": lambda: tar_of({"inner": build.zip_of(FILES)}),
    "many images, gzipped": lambda: gzip.compress(build.file_bytes(build.enhanced(build.series(CHEST)))),
    "NIfTI by gzip": lambda: gzip.compress(NIFTI),
    "NIfTI by bzip2": lambda: bz2.compress(NIFTI),
    "NIfTI by xz": lambda: lzma.compress(NIFTI),
    "NIfTI in a tar.gz": lambda: tar_of({"ct.nii": NIFTI}, "w:gz"),
    "gzipped NIfTI in a tar": lambda: tar_of({"ct.nii.gz": gzip.compress(NIFTI)}),
}


@pytest.mark.parametrize("how", sorted(PACKED))
def test_archives_are_read_whatever_their_name(how: str):
    found = scanned(PACKED[how]())
    assert found.rejected == ()
    assert np.array_equal(load(found.series[0]).hu, CHEST.hu)


@pytest.mark.parametrize(("offset", "magic", "name"), OTHERS)
def test_other_archives_are_named_with_a_remedy(offset: int, magic: bytes, name: str):
    data = bytes(offset) + magic + bytes(range(200)) * 3
    for whole in (data, build.zip_named({"inner": data})):
        assert [rejection.reason for rejection in scanned(whole).rejected] == [
            f"This is a {name} archive, which cannot be read here; unpack it and upload the folder or a zip."
        ]


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (9, "Deflate64 (method 9)"), (93, "Zstandard (method 93)"), (1, "Shrink (method 1)"),
        (6, "Implode (method 6)"), (95, "XZ (method 95)"), (96, "JPEG (method 96)"), (98, "PPMd (method 98)"),
        (99, "AES (method 99)"), (20, "method 20"), (2, "method 2"),
    ],
)  # fmt: skip
def test_a_zip_packed_in_another_way_is_named_once(method: int, said: str):
    whole = scanned(quirks.packed_by(build.zip_of(FILES), method))
    sentence = f"packed with {said}, which cannot be read here; unzip it and upload the folder."
    assert [str(rejection) for rejection in whole.rejected] == [f"File 1 of 1: This zip is {sentence}"]
    some = scanned(quirks.packed_by(build.zip_of([*FILES, b"a note"]), method, members=[10]))
    assert some.series[0].slices == len(FILES)
    assert [str(rejection) for rejection in some.rejected] == [f"File 11 of 11: This file of the zip is {sentence}"]


@pytest.mark.parametrize(
    "folders",
    [
        ["a\\"], ["a\\", "a\\b\\"], ["export\\series\\"], ["a/"], ["a/", "a\\"], ["é\\"], ["a b\\c d\\"],
        ["\\\\server\\share\\"], ["C:\\x\\"], ["a\\", "b\\", "c\\", "d\\"],
    ],
)  # fmt: skip
def test_folders_are_no_empty_files(folders: list[str]):
    found = scanned(build.zip_named({**{name: b"" for name in folders}, **NAMED}))
    assert found.rejected == ()
    assert found.series[0].place == "files 1 to 10 of 10"


def test_a_folder_marked_by_its_attributes_alone_is_no_empty_file():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("export")
        info.external_attr = 0x10
        archive.writestr(info, b"")
        for name, data in NAMED.items():
            archive.writestr(name, data)
    assert scanned(buffer.getvalue()).rejected == ()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_unpacks_to_far_more_is_refused(pack: Callable[[bytes], bytes]):
    limits = Limits(ratio_from_bytes=2**20)
    bomb = pack(tar_of({"zeros": bytes(30 * 2**20)}))
    assert "unpacks to far more than an image can" in scanned(bomb, limits=limits).rejected[0].reason
    alone = pack(FILES[0][:1000] + bytes(30 * 2**20))
    assert "unpacks to far more than an image can" in scanned(alone, limits=limits).rejected[0].reason


@pytest.mark.parametrize("how", ["w:gz", "w:bz2", "w:xz", "w:"])
@pytest.mark.parametrize("keep", [0.2, 0.7])
def test_a_damaged_archive_is_called_damaged(how: str, keep: float):
    data = tar_of(NAMED, how)
    found = scanned(data[: int(len(data) * keep)])
    assert any("damaged or incomplete" in rejection.reason or "cut short" in rejection.reason for rejection in
               found.rejected) or "missing" in str(found.rejected) or "only" in str(found.rejected)  # fmt: skip
    assert found.series == () or how == "w:"

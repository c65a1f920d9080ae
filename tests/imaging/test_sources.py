"""Folders, zips in zips, litter, damage, passwords and bombs."""

import gzip
import io
import zipfile

import pytest

from core.imaging import archive
from core.imaging.archive import Limits
from core.imaging.errors import ImagingError
from core.imaging.read import Scan, load, scan
from core.imaging.source import sources_from_path, sources_from_uploads
from tests import dicom_builder as build

FILES = build.files_of(build.series())


def scanned(data: bytes, name: str = "upload.zip", limits: Limits | None = None) -> Scan:
    upload = build.NamedBytes(data, name)
    return scan(sources_from_uploads([upload], limits=limits) if limits else sources_from_uploads([upload]))


def test_litter_and_dicomdir_are_ignored_without_a_word():
    named = {f"A/B c/{index}": data for index, data in enumerate(FILES)}
    litter = ["DICOMDIR", "Thumbs.db", "A/.DS_Store", "__MACOSX/A/._1", "A/._2", "A/desktop.ini"]
    found = scanned(build.zip_named({**{name: b"litter" for name in litter}, **named}))
    assert found.rejected == ()
    assert found.series[0].place == "files 1 to 10 of 10"


def test_zips_inside_a_zip_are_read_and_deeper_ones_refused():
    inner = build.zip_of(FILES)
    found = scanned(build.zip_named({"one/inner.zip": inner}))
    assert found.series[0].slices == len(FILES)
    deep = scanned(build.zip_named({"a.zip": build.zip_named({"b.zip": inner})}))
    assert deep.series == ()
    assert "unpack it first" in deep.rejected[0].reason


def test_names_do_not_matter():
    found = scanned(build.zip_of(FILES, extension=".jpg"), name="whatever")
    assert found.series[0].slices == len(FILES)


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_a_zip_cut_short_is_called_damaged(keep: float):
    data = build.zip_of(FILES)
    found = scanned(data[: int(len(data) * keep)])
    assert [str(rejection) for rejection in found.rejected] == [
        "File 1 of 1: This zip is damaged or incomplete; make it again and upload it once more."
    ]


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_one_damaged_file_inside_a_zip_is_named_by_its_place(how: int):
    data = bytearray(build.zip_of(FILES, how=how))
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        info = packed.infolist()[4]
        start = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    data[start : start + 40] = b"\xff" * 40
    found = scanned(bytes(data))
    assert found.rejected[0].place == "file 5 of 10"
    assert "damaged inside its zip" in found.rejected[0].reason
    assert "1 slice is missing" in found.rejected[1].reason


@pytest.mark.parametrize("cut", [0, 1, 5])
def test_large_members_are_streamed_and_their_damage_is_told(cut: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "STREAMED_ABOVE", 0)
    whole = build.file_bytes(build.enhanced(build.series()))
    data = bytearray(build.zip_named({"a": whole, "ct.nii.gz": gzip.compress(build.nifti(build.chest()))}))
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        info = packed.infolist()[0]
        start = info.header_offset + 31 + info.compress_size * cut // 6
    if not cut:
        assert [load(one).hu.shape for one in scanned(bytes(data)).series] == [(10, 48, 48)] * 2
        return
    data[start : start + 40] = bytes(40)
    found = scanned(bytes(data))
    said = [str(rejection) for rejection in found.rejected]
    for one in found.series:
        try:
            load(one)
        except ImagingError as error:
            said.append(str(error))
    assert len(said) == 1
    assert said[0].startswith("File 1 of 2: ")


def test_a_file_that_may_not_be_read_is_named_by_its_place(tmp_path, monkeypatch: pytest.MonkeyPatch):
    for index, data in enumerate(FILES):
        (tmp_path / f"{index}").write_bytes(data)
    (tmp_path / "gone").symlink_to(tmp_path / "0")
    sources = sources_from_path(tmp_path)
    (tmp_path / "0").unlink()
    found = scan(sources)
    assert [str(rejection) for rejection in found.rejected] == [
        f"File {n} of 11: This file cannot be opened; check that it may be read and try again." for n in (1, 11)
    ]
    assert found.series[0].slices == len(FILES) - 1


def test_a_zip_with_a_password_is_refused_in_words():
    data = bytearray(build.zip_of(FILES))
    place = 0
    while (place := data.find(b"PK\x01\x02", place)) >= 0:  # the encryption bit of every entry
        data[place + 8] |= 1
        place += 4
    place = 0
    while (place := data.find(b"PK\x03\x04", place)) >= 0:
        data[place + 6] |= 1
        place += 4
    found = scanned(bytes(data))
    assert "password" in found.rejected[0].reason


def test_a_zip_bomb_is_refused_before_it_unpacks():
    bomb = build.zip_named({"a": bytes(80 * 2**20)})
    assert "unpacks to far more than an image can" in scanned(bomb).rejected[0].reason


def test_members_that_share_their_bytes_are_a_bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("a", b"0" * 1000)
        packed.filelist.append(packed.filelist[0])
    assert "unpacks to far more" in scanned(buffer.getvalue()).rejected[0].reason


def test_uploads_beyond_the_limits_are_refused():
    data = build.zip_of(FILES)
    assert "more than 5" in scanned(data, limits=Limits(files=5)).rejected[0].reason
    assert "unpacks to more than" in scanned(data, limits=Limits(total_bytes=1000)).rejected[0].reason
    several = [build.NamedBytes(file, "x") for file in FILES]
    with pytest.raises(ImagingError, match="upload fewer at a time"):
        sources_from_uploads(several, limits=Limits(files=5))
    with pytest.raises(ImagingError, match="upload fewer series"):
        sources_from_uploads(several, limits=Limits(total_bytes=1000))


def test_an_upload_of_nothing_says_what_to_choose():
    with pytest.raises(ImagingError, match="holds no image file"):
        sources_from_uploads([build.NamedBytes(b"x", "Thumbs.db")])


def test_a_missing_path_is_said_without_quoting_it(tmp_path):
    with pytest.raises(ImagingError) as caught:
        sources_from_path(tmp_path / "secret-name")
    assert "secret-name" not in str(caught.value)


def test_files_that_are_not_in_memory_are_read_too(tmp_path):
    (tmp_path / "export.zip").write_bytes(build.zip_of(FILES))
    with (tmp_path / "export.zip").open("rb") as file:
        found = scan(sources_from_uploads([file]))
        assert load(found.series[0]).hu.shape == (10, 48, 48)


def test_the_origin_of_a_series_is_its_zip_and_folder():
    found = scanned(build.zip_of(FILES), name="monday.zip")
    assert found.series[0].origin == "monday.zip/export/series"
    assert "monday" not in repr(found)

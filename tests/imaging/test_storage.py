"""Volumes at rest: in a folder and in an object store, whole, once, and away when deleted."""

import threading

import numpy as np
import obstore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import NotFound, ParallaxError
from core.imaging import packing, places, storage, wire
from core.imaging.storage import VolumeStore
from tests import dicom_builder as build

CHEST = build.chest()


@pytest.fixture(params=["folder", "bucket", "memory"])
def store(request: pytest.FixtureRequest, tmp_path) -> VolumeStore:
    (tmp_path / "objects").mkdir()
    addresses = {
        "folder": str(tmp_path / "volumes"),
        "bucket": (tmp_path / "objects").as_uri(),
        "memory": "memory:///",
    }
    storage._place.cache_clear()  # every test has a memory of its own
    return VolumeStore(addresses[request.param])


def test_a_volume_comes_back_whole_and_by_slices(store: VolumeStore):
    key = store.put(CHEST)
    assert key == CHEST.content_hash
    assert np.array_equal(store.hu(key), CHEST.hu)
    assert np.array_equal(store.slice(key, 3), CHEST.hu[3])
    assert store.hu(key).dtype == np.int16
    assert store.geometry(key) == (CHEST.hu.shape, CHEST.spacing_mm, CHEST.z_mm)


def test_the_same_content_twice_is_stored_once(store: VolumeStore):
    assert store.put(CHEST) == store.put(build.chest())
    assert np.array_equal(store.hu(CHEST.content_hash), CHEST.hu)


def test_extreme_values_survive(store: VolumeStore):
    values = np.random.default_rng(1).integers(-32768, 32768, (8, 32, 32)).astype(np.int16)
    volume = build.Volume(values, (1.0, 1.0, 1.0), tuple(range(8)), (), CHEST.attributes, "f" * 64)
    assert np.array_equal(store.hu(store.put(volume)), values)


def test_masks_lie_beside_the_volume_and_can_be_replaced(store: VolumeStore):
    key = store.put(CHEST)
    for fill in (1, 2):
        mask = np.full((5, 16, 16), fill, np.uint8)
        store.put_array(key, "lungs-abc", mask)
        assert np.array_equal(store.array(key, "lungs-abc"), mask)
        assert np.array_equal(store.array_slice(key, "lungs-abc", 4), mask[4])
    assert np.array_equal(store.hu(key), CHEST.hu)


def test_what_is_deleted_is_not_found_any_more(store: VolumeStore):
    key = store.put(CHEST)
    store.slice(key, 0)
    store.delete(key)
    store.delete(key)
    assert not store.has(key)
    for call in (lambda: store.hu(key), lambda: store.slice(key, 0), lambda: store.geometry(key)):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(NotFound):
        store.put_array(key, "lungs", np.zeros((1, 2, 2), np.uint8))
    assert store.put(CHEST) == key


def test_slices_outside_and_odd_keys_and_names_are_refused(store: VolumeStore):
    key = store.put(CHEST)
    for index in (-1, 10):
        with pytest.raises(NotFound):
            store.slice(key, index)
    for odd in ("../../etc/passwd", "", "A" * 64):
        with pytest.raises(NotFound):
            store.hu(odd)
    with pytest.raises(ParallaxError):
        store.array(key, "../hu")


def test_a_folder_holds_no_half_volume_and_no_scratch(tmp_path, monkeypatch: pytest.MonkeyPatch):
    store = VolumeStore(str(tmp_path / "v"))

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(places, "flush", fail)
    with pytest.raises(ParallaxError, match="No space left"):
        store.put(CHEST)
    monkeypatch.undo()
    assert list((tmp_path / "v").iterdir()) == []
    assert not store.has(CHEST.content_hash)
    store.put(CHEST)
    assert [path.name for path in (tmp_path / "v").iterdir()] == [CHEST.content_hash[:2]]


def test_many_writers_of_one_volume_agree(tmp_path):
    store = VolumeStore(str(tmp_path / "v"))
    failures: list[Exception] = []

    def put() -> None:
        try:
            store.put(CHEST)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert np.array_equal(store.hu(CHEST.content_hash), CHEST.hu)


def test_an_array_replaced_by_another_process_is_read_anew(tmp_path):
    key = VolumeStore(str(tmp_path)).put(CHEST)
    here, elsewhere = VolumeStore(str(tmp_path)), places.Folder(tmp_path)
    here.put_array(key, "heat", np.zeros((3, 16, 16), np.uint8))
    assert here.array(key, "heat").shape == (3, 16, 16)
    elsewhere.write(key, "heat", np.ones((5, 8, 8), np.uint8))
    assert here.array(key, "heat").shape == (5, 8, 8)
    elsewhere.delete(key)
    with pytest.raises(NotFound):
        here.slice(key, 0)


def test_an_unknown_address_is_refused_in_words():
    with pytest.raises(ParallaxError, match="folder or s3://"):
        VolumeStore("nonsense://somewhere")


def old(store: VolumeStore, volume: build.Volume) -> str:
    """Store a volume as it was stored before volumes were packed."""
    key = store.put(volume)
    place = store._place
    place.write(key, "hu", volume.hu)
    if isinstance(place, places.Folder):
        (place._folder(key) / "hu.packed").unlink()
    else:
        obstore.delete(place._bucket, f"{key[:2]}/{key}/hu.packed")
        place._opened.forget(key)
    return key


@given(arrays(np.int16, st.tuples(*[st.integers(1, 9)] * 2)))
def test_every_image_survives_the_wire(pixels: np.ndarray):
    assert np.array_equal(wire.unpacked(wire.packed(pixels), pixels.shape), pixels)
    assert len(wire.planes(pixels)) == pixels.nbytes


def test_a_volume_of_before_is_read_and_packed_alike(store: VolumeStore):
    key = old(store, CHEST)
    for packs in (True, False):
        assert np.array_equal(store.hu(key), CHEST.hu)
        for z in (0, 3, 9):
            assert np.array_equal(store.slice(key, z), CHEST.hu[z])
            assert np.array_equal(wire.unpacked(store.frame(key, z), CHEST.hu.shape[1:]), CHEST.hu[z])
        with pytest.raises(NotFound):
            store.slice(key, 10)
        assert store.pack(key) == packs
    assert list(store.keys()) == [key]
    with pytest.raises(NotFound):
        store.array(key, "hu")  # stored once


def test_the_coarse_view_is_the_volume_at_a_quarter(store: VolumeStore):
    key = store.put(CHEST)
    frame, shape = store.coarse(key), store.coarse_shape(key)
    assert shape is not None
    small = wire.unpacked(frame, (shape[0] * shape[1], shape[2])).reshape(shape)
    assert shape == (5, *(length // 4 for length in CHEST.hu.shape[1:]))
    assert np.abs(small[1, 2, 3] - CHEST.hu[2, 8:12, 12:16].mean()) <= 0.5


def test_the_middle_of_the_lungs_is_found_and_without_lungs_that_of_the_volume():
    hu = np.full((30, 64, 64), -1000, np.int16)
    hu[:, 10:50, 10:50] = 40
    assert packing.lungs_middle(hu) == 15
    hu[18:27, 20:40, 20:40] = -800
    assert packing.lungs_middle(hu) == 22


def test_a_damaged_file_is_said_in_a_sentence(tmp_path):
    store = VolumeStore(str(tmp_path))
    key = store.put(CHEST)
    path = tmp_path / key[:2] / key / "hu.packed"
    whole = path.read_bytes()
    for damaged in (whole[:3], whole[:40], b"x" * len(whole), whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        store._place._opened.forget(key)
        with pytest.raises(ParallaxError, match="damaged"):
            store.slice(key, 9)

"""Whatever is damaged, the outcome is a volume or a sentence: never another error, never a dead process."""

import gzip
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ParallaxError
from core.imaging.read import load, scan
from tests import dicom_builder as build

DATASETS = build.series(build.chest(slices=8, size=24))
SERIES = {
    **{name: build.files_of(DATASETS, syntax=syntax) for name, syntax in build.UNCOMPRESSED.items()},
    **{name: build.files_of(DATASETS, syntax=syntax) for name, syntax in build.COMPRESSED.items()},
    "enhanced": [build.file_bytes(build.enhanced(DATASETS))],
    "NIfTI": [gzip.compress(build.nifti(build.chest(slices=8, size=24)))],
    "zip": [build.zip_of(build.files_of(DATASETS))],
}


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Flip, drop, add or overwrite bytes, mostly in the header, or cut the rest off."""
    changed = bytearray(data)
    place = rng.randrange(min(len(changed), rng.choice([400, 1500, len(changed)])))
    kind = rng.randrange(5)
    if kind == 0:
        changed[place] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del changed[place:]
    elif kind == 2:
        del changed[place : place + rng.choice([1, 2, 50])]
    elif kind == 3:
        changed[place:place] = rng.randbytes(rng.choice([1, 2, 50]))
    else:
        changed[place : place + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f"])
    return bytes(changed)


@pytest.mark.parametrize("name", SERIES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_damage_ends_in_a_volume_or_a_sentence(name: str, seed: int):
    rng = random.Random(seed)
    files = list(SERIES[name])
    for index in rng.sample(range(len(files)), rng.choice([1, len(files)])):
        files[index] = damaged(files[index], rng)
    failure: ParallaxError | None = None
    volumes = []
    try:
        found = scan(build.uploads(files))
        volumes = [load(candidate) for candidate in found.series]
    except ParallaxError as error:
        failure = error
    if failure is not None:
        assert str(failure).endswith(".")
        assert failure.__context__ is None
    else:
        assert found.series or found.rejected
    assert all(volume.hu.dtype == np.int16 and np.isfinite(volume.spacing_mm).all() for volume in volumes)

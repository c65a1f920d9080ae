"""Which precision a processor gets: the quicker one, by measurement."""

import pytest
import torch

from core.ai import precision
from core.ai.precision import Speed, described, fast_dtype, measured, training_precision


@pytest.mark.parametrize(
    ("speed", "dtype", "name"),
    [
        (Speed(5.7, 0.8), torch.bfloat16, "bf16-mixed"),
        (Speed(86.5, 206.0), torch.float32, "32-true"),  # a Xeon without bfloat16 units
        (Speed(1.0, 0.95), torch.float32, "32-true"),  # so little gain is not worth the rounding
        (Speed(1.0, 1.0), torch.float32, "32-true"),
    ],
)
def test_bfloat16_only_where_it_was_measured_quicker(monkeypatch, speed, dtype, name):
    monkeypatch.setattr(precision, "measured", lambda: speed)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert fast_dtype("cpu") == dtype
    assert training_precision() == name
    assert f"{speed.float32_ms:.1f} ms in float32" in described("cpu")
    assert described("cpu").startswith(str(dtype).removeprefix("torch."))


def test_a_gpu_is_judged_by_its_generation(monkeypatch):
    for generation, dtype in (((7, 5), torch.float32), ((8, 0), torch.bfloat16), ((9, 0), torch.bfloat16)):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _, found=generation: found)
        assert fast_dtype("cuda") == dtype


def test_this_processor_is_measured_once():
    first = measured()
    assert first.float32_ms > 0
    assert first.bfloat16_ms > 0
    assert measured() is first

"""Texts over the image are readable whatever lies under them."""

from collections.abc import Callable

import numpy as np
import pytest

from core.imaging.volume import Volume
from core.viewer.fake import Fake
from tests.viewer.desk import Desk

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]

# contrast of WCAG 2 of a text over its own ground over white, the brightest an image can be
CONTRAST = """() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const root = document.getElementById("host").shadowRoot;
  return [...root.querySelectorAll(".hud")].filter((hud) => hud.textContent && !hud.hidden).flatMap((hud) => {
    const [r, g, b, alpha = 1] = parts(getComputedStyle(hud).backgroundColor);
    const ground = light([r, g, b].map((v) => v * alpha + 255 * (1 - alpha)));
    return [hud, ...hud.querySelectorAll("*")].map((part) => {
      const text = light(parts(getComputedStyle(part).color).slice(0, 3));
      return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    });
  });
}"""


def test_texts_keep_their_contrast_over_a_white_image(desk: Sit, bar: Volume) -> None:
    white = Volume(
        np.full(bar.hu.shape, 3000, np.int16), bar.spacing_mm, bar.z_mm, bar.affine, bar.attributes, bar.content_hash
    )
    seat = desk(Fake.of(white))
    seat.page.mouse.move(500, 400)
    found = seat.page.evaluate(CONTRAST)
    assert len(found) >= 10
    assert min(found) >= 4.5

"""One volume in, one AI read out: lungs, truncation, slice probabilities with maps, patient rule (Luo et al. 2022)."""

import time

from core.ai.batches import settle
from core.ai.brought.reading import Brought, read_brought
from core.ai.explain import store_heat
from core.ai.lungs import at_hand, lung_mask, volume_ml
from core.ai.parameters import CLASSES, PipelineParams
from core.ai.preprocess import kept_slices, lung_box
from core.ai.quality import check_chest, hanging, warnings_of
from core.ai.result import CaseResult as CaseResult
from core.ai.result import Row, SliceScore
from core.ai.rule import check_rule, patient_call
from core.ai.slices import score_slices
from core.ai.weights import Model, device_name
from core.errors import InvalidInput
from core.imaging.arriving import Arriving
from core.imaging.volume import Volume
from core.progress import Progress, ignore


def read_volume(
    volume: Volume | Arriving,
    model: Model | Brought,
    *,
    parameters: PipelineParams | None = None,
    rule: str = "paper",
    heat_maps: bool = True,
    on_progress: Progress = ignore,
) -> CaseResult:
    """Read a volume with both networks and call the patient; a brought model reads as its card says, by its own rule.

    Slices outside the kept range are never given to the slice network. Parameters are the model's own unless others
    are given. Progress counts slices of both networks. Of a series that is still arriving the lung network takes each
    slice once it is there.
    Raises NoLungs when the series shows none or is no chest, InvalidInput for an unknown rule or when truncation leaves
    no slice, ImagingError when a slice that arrives is damaged.
    """
    if isinstance(model, Brought):
        return read_brought(volume, model, heat_maps=heat_maps, on_progress=on_progress)
    parameters = parameters or model.parameters
    check_rule(rule)
    depth = len(volume.hu)
    kept = kept_slices(depth, parameters.truncation)
    if not kept:
        raise InvalidInput("Truncation leaves no slice of this series; drop less at its ends.")
    work = depth + len(kept)
    settle(model.device)
    begun = time.perf_counter()
    lungs = lung_mask(
        volume.hu,
        volume.spacing_mm,
        model,
        parameters=parameters,
        ready=volume.wait_for if isinstance(volume, Arriving) else at_hand,
        on_progress=lambda done, _: on_progress(done, work),
    )
    small = check_chest(volume, lungs)
    doubts = warnings_of(volume, lungs, small)
    settle(model.device)
    after_lungs = time.perf_counter()
    probabilities, maps = score_slices(
        volume,
        lungs,
        model,
        kept,
        parameters=parameters,
        heat_maps=heat_maps,
        on_progress=lambda done, _: on_progress(depth + done, work),
    )
    heat = None
    if maps is not None:
        box = lung_box(lungs, volume.spacing_mm, margin_mm=parameters.box_margin_mm)
        heat = store_heat(maps, box, lungs[kept.start : kept.stop])
    settle(model.device)
    after_slices = time.perf_counter()
    triples: list[Row | None] = [None] * depth
    for index, row in zip(kept, probabilities.tolist(), strict=True):
        triples[index] = tuple(row)
    call = patient_call(triples, rule=rule, parameters=parameters.rule)
    return CaseResult(
        call=call.label,
        probabilities=dict(zip(CLASSES, probabilities.mean(axis=0).tolist(), strict=True)),
        counts=call.counts,
        deciding_slices=call.deciding_slices,
        abnormal_share=call.abnormal_share,
        slices=tuple(
            SliceScore(index, z, triple is not None, triple)
            for index, (z, triple) in enumerate(zip(volume.z_mm, triples, strict=True))
        ),
        lungs=lungs,
        heat=heat,
        heat_slices=tuple(kept) if heat is not None else (),
        lung_volume_ml=volume_ml(lungs, volume.spacing_mm),
        timings={
            "lungs": after_lungs - begun,
            "slices": after_slices - after_lungs,
            "total": time.perf_counter() - begun,
        },
        device=device_name(model.device),
        model={"name": model.name, "version": model.version, "sha256": model.sha256},
        parameters=parameters.as_dict(),
        rule=rule,
        warnings=(*doubts, *hanging(call)),
        doubts=doubts,
    )

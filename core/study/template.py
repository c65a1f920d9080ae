"""The published study as a template: four readers and an AI read chest CT for COVID-19 and other pneumonia.

After Luo et al. 2022: three classes, two novices (at most 2 years) and two experts (at least 5 years), each reading
every case once without the AI, and the AI as a fifth reader of the same cases.
"""

from dataclasses import dataclass

from core.study.classes import StudyClass
from core.study.prespecification import Prespecification, ReferenceStandard
from core.study.protocol import Protocol
from core.study.words import Design


@dataclass(frozen=True, slots=True)
class Template:
    """A design to begin with. `years` suggests years of experience by group, for the readers to be added."""

    title: str
    design: Design
    classes: tuple[StudyClass, ...]
    groups: tuple[str, ...]
    readers: tuple[tuple[str, float], ...]
    protocol: Protocol


PUBLISHED = Template(
    title="COVID-19 on chest CT: AI and four readers",
    design=Design.INDEPENDENT,
    classes=(
        # colours by Okabe & Ito 2008, told apart with every common colour vision
        StudyClass("normal", "Normal", "N", "#009E73", "normal"),
        StudyClass("cap", "Other pneumonia", "O", "#E69F00", "cap"),
        StudyClass("covid", "COVID-19", "C", "#56B4E9", "covid", positive=True),
    ),
    groups=("Novices", "Experts"),
    readers=(("Novices", 1), ("Novices", 2), ("Experts", 5), ("Experts", 8)),
    protocol=Protocol(
        instructions=(
            "You read chest CT of adults, one series a case. Decide for every case between normal, other pneumonia "
            "and COVID-19, and rate how likely each is. Read alone and do not look cases up elsewhere."
        ),
        indeterminate=False,
        ratings=True,
        reference=ReferenceStandard(
            rests_on=("PCR", "clinical follow-up", "CT"),
            who="The treating hospitals' records, reviewed by the coordinator",
            blinded_to="the AI's output and the readers' answers",
        ),
        prespecification=Prespecification(
            endpoint="accuracy",
            comparison="ai_vs_readers",
            comparator="Experts",
            hypothesis="none",
            planned_readers=4,
            missing="excluded",
            indeterminate="wrong",
            clinical_information="None.",
            prevalence_told="Nothing is told about how frequent each diagnosis is.",
        ),
    ),
)

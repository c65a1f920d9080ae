"""Designs to begin with beside that of the published study: wording, prompts and windows of common questions."""

from core.study.classes import PALETTE, StudyClass
from core.study.findings import Acceptance, Finding
from core.study.prespecification import Prespecification
from core.study.protocol import Protocol
from core.study.questions.choice import Choice
from core.study.questions.question import Option
from core.study.template import PUBLISHED, Template
from core.study.words import Design, FirstWindow

ALONE = "Read alone and do not look cases up elsewhere."
GREEN, RED = PALETTE[0], PALETTE[3]
QUALITY = Choice(
    id="quality",
    label="Is the scan good enough for this question?",
    required=True,
    options=(Option("yes", "Yes"), Option("limited", "Limited"), Option("no", "No")),
)

NODULES = Template(
    title="Lung nodules on chest CT, with their places",
    design=Design.SEQUENTIAL,
    classes=(StudyClass("nodule", "Nodule", "N", RED, "nodule", positive=True),),
    groups=("Radiologists",),
    readers=(),
    protocol=Protocol(
        instructions=(
            "You look for lung nodules of 4 mm or more. Mark the middle of every nodule you see, and rate how sure you "
            f"are of each; a case may have none or several. {ALONE}"
        ),
        findings=(Finding("nodule", mark="point"),),
        acceptance=Acceptance("radius", radius_mm=10.0),
        window=FirstWindow.LUNG,
    ),
)
EMBOLISM = Template(
    title="Pulmonary embolism on CT angiography: yes or no",
    design=Design.SEQUENTIAL,
    classes=(
        StudyClass("none", "No embolism", "N", GREEN, "none"),
        StudyClass("pe", "Pulmonary embolism", "B", RED, "pe", positive=True),
    ),
    groups=("Radiologists",),
    readers=(),
    protocol=Protocol(
        instructions=(
            "You read CT angiography of the pulmonary arteries. Say whether there is an embolism in any pulmonary "
            f"artery, and rate how likely it is. {ALONE}"
        ),
        questions=(QUALITY,),
        window=FirstWindow.ANGIO,
        prespecification=Prespecification(
            endpoint="auc", endpoint_class="pe", comparison="aided_vs_unaided", hypothesis="none"
        ),
    ),
)
EMPHYSEMA = Template(
    title="Emphysema on chest CT, graded",
    design=Design.INDEPENDENT,
    classes=(
        # grades of centrilobular emphysema of the Fleischner Society, Lynch et al. 2015
        StudyClass("absent", "Absent", "A", PALETTE[0], "absent"),
        StudyClass("trace", "Trace", "T", PALETTE[5], "trace"),
        StudyClass("mild", "Mild", "D", PALETTE[2], "mild"),
        StudyClass("moderate", "Moderate", "O", PALETTE[1], "moderate"),
        StudyClass("confluent", "Confluent", "C", PALETTE[3], "confluent"),
        StudyClass("advanced", "Advanced destructive", "V", PALETTE[4], "advanced"),
    ),
    groups=("Radiologists",),
    readers=(),
    protocol=Protocol(
        instructions=(
            "You grade emphysema by the Fleischner Society: absent, trace (below 0.5 % of a lung zone), mild (0.5 to "
            f"5 %), moderate (above 5 %), confluent, advanced destructive. {ALONE}"
        ),
        questions=(QUALITY,),
        ratings=False,
        window=FirstWindow.LUNG,
        prespecification=Prespecification(endpoint="accuracy", comparison="ai_vs_readers", hypothesis="none"),
    ),
)
TRIAGE = Template(
    title="Triage of chest CT: several findings at once",
    design=Design.INDEPENDENT,
    classes=(
        StudyClass("nodule", "Nodule or mass", "N", PALETTE[0], "nodule"),
        StudyClass("consolidation", "Consolidation", "C", PALETTE[1], "consolidation"),
        StudyClass("effusion", "Pleural effusion", "F", PALETTE[2], "effusion"),
        StudyClass("pneumothorax", "Pneumothorax", "X", PALETTE[3], "pneumothorax"),
        StudyClass("embolism", "Pulmonary embolism", "B", PALETTE[4], "embolism"),
    ),
    groups=("Radiologists",),
    readers=(),
    protocol=Protocol(
        instructions=(
            "You triage chest CT of an emergency department. Say of every finding whether it is there, and rate how "
            f"sure you are. {ALONE}"
        ),
        findings=tuple(Finding(code) for code in ("nodule", "consolidation", "effusion", "pneumothorax", "embolism")),
        window=FirstWindow.WIDE,
    ),
)
VERSIONS = Template(
    title="One AI against its next version, on the same cases",
    design=Design.INDEPENDENT,
    classes=(
        StudyClass("negative", "Negative", "N", GREEN, "negative"),
        StudyClass("positive", "Positive", "S", RED, "positive", positive=True),
    ),
    groups=("Radiologists",),
    readers=(),
    protocol=Protocol(
        instructions=(
            f"You read chest CT. Say whether the finding that is asked for is there, and rate how likely it is. {ALONE}"
        ),
        prespecification=Prespecification(endpoint="accuracy", comparison="ai_vs_readers", hypothesis="none"),
    ),
)
TEMPLATES: dict[str, tuple[str, Template]] = {
    "template": ("Luo et al. 2022 (AI and four readers)", PUBLISHED),
    "nodules": ("Lung nodules, with their places", NODULES),
    "embolism": ("Pulmonary embolism, yes or no", EMBOLISM),
    "emphysema": ("Emphysema, graded", EMPHYSEMA),
    "triage": ("Triage: several findings", TRIAGE),
    "versions": ("AI version against AI version", VERSIONS),
}

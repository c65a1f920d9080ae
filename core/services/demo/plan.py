"""What the demo is made of: patients, people and studies. Everything simulated says so in its name."""

from dataclasses import dataclass

PREFIX = "demo-"  # user names of the demo begin so; nobody else's may be touched
FIRST_SEED = 8_000_000  # far from the seeds that train, of the cohort, and of trial reads
SIZE = 224  # pixels in plane
SPACING_MM = 5.0  # between slices
TAG = "demo"  # every demo case has it

RESULTS = "Demo: AI, two novices and two experts (simulated readers)"
READING = "Demo: a study being read (simulated readers)"
DRAFT = "Demo: sequential draft, not yet opened"


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """A procedural patient: its place in the demo, and its class, which is its reference standard too."""

    place: int
    label: str

    @property
    def seed(self) -> int:
        """The seed of its CT."""
        return FIRST_SEED + self.place

    @property
    def patient_id(self) -> str:
        """What stands for a patient's number; its key is made from it."""
        return f"parallax-demo-{self.place:02d}"


@dataclass(frozen=True, slots=True)
class DemoReader:
    """A simulated reader: chance of a right read, geometric mean of seconds a case, years of experience."""

    username: str
    name: str
    group: str
    accuracy: float
    seconds: float
    years: float


PATIENTS = tuple(
    DemoPatient(place, label)
    for place, label in enumerate(("covid", "normal", "cap", "covid", "normal", "covid", "cap", "normal") * 3)
)
NOVICES, EXPERTS = "Novices", "Experts"
READERS = (
    DemoReader(f"{PREFIX}novice1", "Novice 1 (simulated)", NOVICES, 0.74, 58.0, 1),
    DemoReader(f"{PREFIX}novice2", "Novice 2 (simulated)", NOVICES, 0.80, 66.0, 2),
    DemoReader(f"{PREFIX}expert1", "Expert 1 (simulated)", EXPERTS, 0.92, 47.0, 7),
    DemoReader(f"{PREFIX}expert2", "Expert 2 (simulated)", EXPERTS, 0.95, 52.0, 11),
)
COORDINATOR = (f"{PREFIX}coordinator", "Demo coordinator")

READ_IN_RESULTS = len(PATIENTS)
READ_IN_READING = 8  # cases of the open study
LEFT_TO_READ = 3  # of them, by the first novice
IN_DRAFT = 6

USERNAMES = (COORDINATOR[0], *(reader.username for reader in READERS))

"""A coordinator's hand in the browser: clicks, choices and words on Streamlit's widgets, each answer awaited."""

from collections.abc import Callable
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
PATIENCE = 20_000  # ms; the machine may be busy


class Hand:
    """Acts on one page as a person does. `sees` is a text that the answer of the page brings."""

    def __init__(self, page: Any, *, patience: int = PATIENCE) -> None:
        self.page, self.patience = page, patience
        self.answers = 0  # how often the page's script has run to its end
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    @property
    def main(self) -> Any:
        """The page without its sidebar."""
        return self.page.get_by_test_id("stMain")

    def opens(self, address: str, sees: str) -> None:
        """Go to an address."""
        self._do(lambda: self.page.goto(address), sees)

    def sees(self, text: str) -> None:
        """Wait until the page shows a text."""
        self.main.get_by_text(text).first.wait_for()

    def follows(self, link: Any) -> None:
        """Click a link of the menu."""
        self._do(link.click, "")

    def clicks(self, name: str, sees: str = "") -> None:
        """Click a button."""
        self._do(lambda: self.page.get_by_role("button", name=name, exact=True).click(), sees)

    def presses(self, text: str, sees: str = "") -> None:
        """Click a choice, a switch or a box by the words beside it."""
        self._do(lambda: self.main.get_by_text(text, exact=True).click(), sees)

    def types(self, label: str, text: str, sees: str = "") -> None:
        """Fill a field in that is saved when it is left."""
        field = self.page.get_by_label(label, exact=True)
        self._do(lambda: (field.fill(text), field.press("Tab")), sees)

    def writes(self, label: str, text: str) -> None:
        """Fill a field of a form in; nothing happens until the form is sent."""
        self.page.get_by_label(label, exact=True).fill(text)

    def chooses(self, label: str, option: str, sees: str = "") -> None:
        """Choose an option of a list."""
        choice = self.page.get_by_role("option", name=option, exact=True)
        for _ in range(3):  # a page that is drawn again late folds the list up
            self.page.get_by_role("combobox", name=label, exact=True).click()
            if self._shows(choice):
                break
        self._do(choice.click, sees)

    def uploads(self, label: str, name: str, data: bytes, sees: str = "") -> None:
        """Give a file to an uploader that acts at once."""
        field = self.main.get_by_test_id("stFileUploader").filter(has_text=label).locator("input[type=file]")
        file = {"name": name, "mimeType": "text/csv", "buffer": data}
        self._do(lambda: field.set_input_files(file), sees)

    def unblinds(self, reads: str) -> None:
        """Close and unblind the study whose monitor says `reads`, and go to its results."""
        self.page.reload()
        self.sees(reads)
        self.clicks("Close the study", "Unblind the study.")
        self.writes("Why now", "all reads are locked")
        self.clicks("Unblind", "Unblinded")
        self.clicks("See the results", "Every page")

    def unfolds(self, heading: str) -> None:
        """Open a folded part of the page."""
        self.main.get_by_test_id("stExpander").get_by_text(heading).click()

    def _shows(self, element: Any) -> bool:
        for _ in range(self.patience // 100):
            if element.is_visible():
                return True
            self.page.wait_for_timeout(20)
        return False

    def _count(self, payload: Any) -> None:
        message = ForwardMsg()
        message.ParseFromString(payload)
        ended = message.WhichOneof("type") == "script_finished"
        self.answers += ended and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY

    def _do(self, action: Callable[[], object], sees: str) -> None:
        before = self.answers
        action()
        for _ in range(self.patience // 20):
            if self.answers > before:
                break
            self.page.wait_for_timeout(20)  # frames are counted while the browser is waited for
        assert self.answers > before, "the page did not answer"
        self.page.wait_for_selector(IDLE, state="attached")
        if sees:
            self.sees(sees)

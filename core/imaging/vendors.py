"""Which names of makers, scanners and kernels are kept: those that are known, so that no free text is.

A header's free text may hold a name or a number of a patient even where a model belongs. A maker is kept where it is on
the list; a model where each of its words is a word of a product or a short number; a kernel where it has the shape that
its maker gives kernels. Everything else is left out, and the record of the case says so.
"""

import re

MAKERS = re.compile(
    r"(siemens([ _-]?(healthineers|healthcare|ag|nm))*( gmbh)?|siemens shared services"
    r"|ge([ _-](medical systems?|healthcare|ct))?|gems|imatron|g\.?e\.? medical systems"
    r"|(koninklijke )?philips([ _-](medical systems?|healthcare|nederland|technologies|ct clinical science))*"
    r"|picker( international)?|marconi( medical systems)?|adac|elscint"
    r"|toshiba([ _-](mec|mec_us|mec_ct3|medical( systems)?( corporation)?))?"
    r"|canon([ _-](mec|medical( systems)?( corporation)?))?"
    r"|hitachi([ ,_-](medical( corporation| systems)?|ltd\.?|healthcare))*|fujifilm( healthcare)?( corporation)?"
    r"|uih|(shanghai )?united imaging( healthcare)?( co\.?,? ?ltd\.?)?|neusoft( medical systems)?|nms|philips-neusoft"
    r"|samsung( electronics| neurologica)?|neurologica( corp\.?)?|shimadzu|minfound( medical systems)?|anke|sinovision"
    r"|accuray|tomotherapy( incorporated)?|varian( medical systems)?|elekta|mediso|xoran( technologies)?|carestream"
    r"|planmed|planmeca|brainlab|cms,? inc\.?|parallax|procedural)",
    re.IGNORECASE,
)
PRODUCT_WORDS = """
    - access ace activion advance advanced alexion alpha anatom and apex aquilion art as as+ ascend asteion
    astelion astound atlas auklet aura av balance big bigbore biograph biograph_mct bodytom bore brightspeed
    brilliance brilliance10 brilliance16 brilliance256 brilliance40 brilliance6 brilliance64 cardiograph ceretom
    clarity classic confidence core core128 ct ct/e ct/i cti cx cxl cyberknife definition discovery drive dual duo
    dx/i eclipse eclos edge elite els emotion epoch es esprit essence evo exolaser extra flash flex force frontier
    fx/i ge gemini genesis genesis_hispeed glory go go.all go.now go.open go.sim go.top go.up gsi gxl halcyon hd
    hda hi-art hilight hiq hirez hispeed hispeedqx/i horizon ict idt incisive ingenuity insitum intevo iq iqon
    jupiter lb lightning lightspeed lightspeed16 lightspeed64 ls lx maxima mct mi minicat multi mx mx16 mx8000
    naeotom neuviz omnitom on.site oncentra one open optima peak performix perspective pet pet/ct phantom pinnacle
    pinnacle3 plus plus+ power precedence precision presto prime pro pro16 pronto prospeed qx/i qxi radix radixact
    revolution robusto rt rt16 rx rxl scanner scenaria scope se secura sensation series serve smile somatom sp
    spectral spirit st start ste supria symbia system tf tof tomo tomoscan truebeam truepoint tsx tsx-021a
    tsx-101a tsx-201a tsx-301a tsx-302a tsx-303a tsx-304a tsx-305a txl ubiopet uct ultra umi vct vereos view
    vision volume with x.ceed x.cite xoran xte xvision zoom parallax
"""
PRODUCTS = frozenset(PRODUCT_WORDS.split())
CODE = re.compile(
    r"(ct|uct|umi|mx|pq|tf|dxi|rt|sct|st|cti|neuviz|aquilion|biograph|brilliance|emotion|sensation|lightspeed)?"
    r"-?\d{1,3}[a-z+]{0,2}",
    re.IGNORECASE,
)
LARGE_NUMBERS = frozenset(
    {"5000", "6000", "6500", "7500", "8000", "9800", "9000", "ct9000", "mx8000", "pq5000", "pq6000"}
)
MOST = 40  # characters

KERNELS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"[abdhijqstu][a-z]?\d{2}[a-z]{0,2}([/\\]\d)?",  # Siemens: B30f, D40s, Br40d/3, I31f, Qr40
        r"fc\d{2}[a-z]?([ /-]?(h|q|qds\+?|aidr ?3d( (weak|mild|std|strong))?))?",  # Toshiba, Canon
        r"(y?[a-l]|u?[a-d]|e[bc]|[xycs][a-e]|ya|yb|yc|yd|ye|yl|xr|xs)",  # Philips
        r"(hd ?)?(standard|stnd|soft|detail|lung|bone|bone ?plus|bone\+|edge|ultra|chst|chest|body|head|brain"
        r"|smooth|sharp|routine|hrct|asymmetric|medium|neutral|normal|none|very ?smooth|very ?sharp|ring|spine"
        r"|liver|abdomen|cardiac|mediastinum)"
        r"( ?(hd|hires|plus|\+|[0-9]{1,2}|\d{0,2} ?%))?",  # GE and others
        r"(b|c|h|u|n|l|s)_(v?soft|v?sharp|smooth|routine|lung|bone|medium)_[a-d]{1,2}",  # United Imaging
        r"(f|lung|bone|sb|s|c)\d{1,2}",  # Neusoft, Hitachi
        r"\d{1,3}",
    )
)  # fmt: skip


def known_maker(text: str) -> str | None:
    """Return the maker as written, where it is on the list."""
    tidy = " ".join(text.split())
    return tidy if len(tidy) <= MOST and MAKERS.fullmatch(tidy) else None


def known_model(text: str) -> str | None:
    """Return the model as written, where it is made of words of products and short numbers."""
    tidy = " ".join(text.split())
    words = re.sub(r"[()/,_]", " ", tidy).split()
    if not words or len(tidy) > MOST or not any(word.casefold() in PRODUCTS or CODE.fullmatch(word) for word in words):
        return None
    numbers = sum(word.isdecimal() for word in words)
    return tidy if numbers <= 1 and all(map(_is_product, words)) else None


def _is_product(word: str) -> bool:
    folded = word.casefold()
    return folded in PRODUCTS or folded in LARGE_NUMBERS or CODE.fullmatch(word) is not None


def known_kernel(text: str) -> str | None:
    """Return the kernel as written, where it has the shape of a kernel's name."""
    tidy = " ".join(text.split())
    return tidy if len(tidy) <= MOST and any(shape.fullmatch(tidy) for shape in KERNELS) else None

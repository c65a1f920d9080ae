"""The cases of the library, for those who may use them: a small picture of each, and its images."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.imaging.storage import VolumeStore
from core.settings import settings
from db import cases
from db.accounts import Account
from db.cases import CaseInfo
from db.engine import open_view
from db.reading.types import CaseAccess
from pages.routes.pixels import slices_of
from pages.routes.web import reading

AN_HOUR = {"Cache-Control": "private, max-age=3600"}  # the picture of a case never changes


def picture(request: Request, account: Account) -> Response:
    """GET: axial, coronal and sagittal of a case beside each other, WebP, 344 x 112 pixels."""
    case = _case(request, account)
    data = VolumeStore(settings().storage).picture(case.storage_key)
    return Response(data, media_type="image/webp", headers=AN_HOUR)


def images(request: Request, account: Account) -> CaseAccess:
    """Return the volume of a case of the library."""
    return access(_case(request, account))


def access(case: CaseInfo) -> CaseAccess:
    """Return a case of the library as a volume that may be fetched."""
    return CaseAccess(case.number, case.series_id, case.storage_key, case.shape, case.spacing_mm, case.z_mm)


def routes() -> list[Route]:
    """The routes of the library."""
    return [
        Route("/api/cases/{case:int}/picture", reading(picture), methods=["GET"]),
        Route("/api/cases/{case:int}/slices", slices_of(images), methods=["GET"]),
    ]


def _case(request: Request, account: Account) -> CaseInfo:
    with open_view() as session:
        return cases.by_number(session, request.path_params["case"], by=account.id)

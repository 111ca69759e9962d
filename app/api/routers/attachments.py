"""Attachments: the same five endpoints below every kind of object."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response

from app.api.provide import IfMatch, Run, provide
from app.api.route import gives, problem_answers, router
from app.api.schemas.attachments import AttachmentOut, AttachmentsOut
from app.api.schemas.shared import LARGEST_ID, PathId
from app.api.uploads import FILE, MULTIPART, DownloadRun, UploadRun, provide_download, provide_upload
from app.domain.shared.objects import ObjectKind
from app.usecases.attachments import Attached, DeleteAttachment, ListAttachments, ReadAttachment, case_of

_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "title": "AttachmentIn",
                    "required": [FILE],
                    "properties": {FILE: {"type": "string", "format": "binary", "description": "The file"}},
                    "additionalProperties": False,
                }
            }
        },
    }
}
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_CONTENT: Final[dict[str, Any]] = {
    "status_code": 200,
    "response_model": None,
    "response_class": Response,
    "responses": {
        200: {
            "description": "The file, to be kept and not to be shown",
            # Generators know the first; the second says that other types come too.
            "content": {"application/octet-stream": _BINARY, "*/*": _BINARY},
            "headers": {
                "Content-Disposition": {
                    "description": "attachment, with its name (RFC 6266)",
                    "schema": {"type": "string"},
                },
                "ETag": {"description": "SHA-256 of the content", "schema": {"type": "string"}},
            },
        }
    },
}


def _attachments(kind: ObjectKind) -> APIRouter:
    """Give the endpoints of one kind; a name in a path says what it is the id of."""
    routes = router("attachments")
    owner = f"{kind.aggregate.removeprefix('third_')}_id"  # as its other paths say it: party_id
    noun = kind.aggregate
    whole = f"/{kind.value}/{{{owner}}}/attachments"
    one = whole + "/{attachment_id}"
    owner_id = Annotated[int, Path(alias=owner, ge=1, le=LARGEST_ID, description=f"Id of the {kind.noun}")]
    stored = gives(AttachmentOut, 201)
    stored["responses"] = {**stored["responses"], **problem_answers(413, 415, 422, 507)}

    @routes.post(whole, name=f"attach_to_{noun}", openapi_extra=_FORM, **stored)
    def attach(owner: owner_id, run: Annotated[UploadRun, provide_upload(kind)]) -> Response:  # noqa: ARG001
        """Attach a file, also to a document that is no draft any more; the form has one part, `file`."""
        return run.store(AttachmentOut.of)

    @routes.get(whole, name=f"list_{noun}_attachments", **gives(AttachmentsOut))
    def attachments(owner: owner_id, run: Annotated[Run, provide(case_of(ListAttachments, kind))]) -> Response:
        """List the attachments of an object, oldest first."""
        return run(build=lambda: owner, present=AttachmentsOut.of)

    @routes.get(one, name=f"read_{noun}_attachment", **gives(AttachmentOut))
    def read(
        owner: owner_id,
        attachment_id: PathId,
        run: Annotated[Run, provide(case_of(ReadAttachment, kind))],
    ) -> Response:
        """Show what an attachment is."""
        return run(build=lambda: Attached(owner=owner, id=attachment_id), present=AttachmentOut.of)

    @routes.get(one + "/content", name=f"download_{noun}_attachment", **_CONTENT)
    def download(
        owner: owner_id,
        attachment_id: PathId,
        run: Annotated[DownloadRun, provide_download(kind)],
    ) -> Response:
        """Give the file itself."""
        return run.send(lambda: Attached(owner=owner, id=attachment_id))

    @routes.delete(one, name=f"delete_{noun}_attachment", **gives())
    def remove(
        owner: owner_id,
        attachment_id: PathId,
        version: IfMatch,
        run: Annotated[Run, provide(case_of(DeleteAttachment, kind))],
    ) -> Response:
        """Take a file off an object; of documents only while they are drafts."""
        return run(build=lambda: Attached(owner=owner, id=attachment_id, version=version), present=lambda _: None)

    return routes


routes = router("attachments")
for _kind in ObjectKind:
    routes.routes.extend(_attachments(_kind).routes)

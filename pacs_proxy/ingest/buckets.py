"""S3 as a source, and the only place that speaks to it: what breaks off is continued."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from pacs_proxy.errors import BadRequest, BadUpload, NotFound, PacsProxyError, Unreachable
from pacs_proxy.ingest.sources import PIECE, Found, SourceFailed

# Objects sent in one part and not encrypted by a key service have their MD5 as tag.
_MD5_TAG = re.compile(r'"([0-9a-f]{32})"\Z')
_TRIES = 5


@dataclass(frozen=True)
class Place:
    """Where the service is; None is Amazon's."""

    endpoint: str | None
    allowed: tuple[tuple[str, str], ...]


class Bucket:
    """All objects below a prefix. Raises Unreachable where the service is away."""

    def __init__(self, place: Place, bucket: str, prefix: str) -> None:
        if not any(bucket == name and prefix.startswith(start) for name, start in place.allowed):
            raise NotFound("No bucket and prefix like this are allowed (PACS_PROXY_S3_BUCKETS).")
        if "\0" in prefix or len(prefix) > 1024:
            raise BadRequest("prefix must be the beginning of a key.")
        self._endpoint, self._bucket, self._prefix = place.endpoint, bucket, prefix

    def files(self) -> Iterator[Found]:
        """Every object, in the order of their keys."""
        import boto3  # takes a third of a second, and most servers never need it
        from botocore.config import Config

        patience = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard"})
        client = boto3.client("s3", endpoint_url=self._endpoint, config=patience)
        for entry in self._entries(client):
            key, size = entry["Key"], entry["Size"]
            name = key.removeprefix(self._prefix).lstrip("/") or key.rpartition("/")[2]
            if not key.endswith("/"):  # else a marker of a folder
                tag = entry["ETag"]
                yield Found(name, size, partial(self._pieces, client, key, size, tag))

    def _entries(self, client: Any) -> Iterator[dict[str, Any]]:
        pages = client.get_paginator("list_objects_v2")
        with _translated():
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                yield from page.get("Contents", ())

    def _pieces(self, client: Any, key: str, size: int, tag: str) -> Iterator[bytes]:
        """Its bytes, all of the version that was listed, compared with its MD5 where it has one."""
        digest, at, tries, known = hashlib.md5(usedforsecurity=False), 0, 0, None
        while at < size:
            before, answer = at, self._opened(client, key, tag, at)
            known = None if _is_sealed(answer) else _MD5_TAG.match(tag)
            for piece in _until_it_breaks(answer["Body"]):
                digest.update(piece)
                at += len(piece)
                yield piece
            tries = 0 if at > before else tries + 1
            if tries == _TRIES:
                raise Unreachable("The S3 service breaks off again and again.")
        if known and known[1] != digest.hexdigest():
            raise BadUpload("source_damaged", "What came from S3 is not what its MD5 says.")

    def _opened(self, client: Any, key: str, tag: str, at: int) -> dict[str, Any]:
        wanted = {"Bucket": self._bucket, "Key": key, "IfMatch": tag, "Range": f"bytes={at}-"}
        with _translated():
            answer: dict[str, Any] = client.get_object(**wanted)
        return answer


def _is_sealed(answer: dict[str, Any]) -> bool:
    """Whether its tag is that of the encrypted bytes."""
    by_service = answer.get("ServerSideEncryption") not in {None, "AES256"}
    return by_service or "SSECustomerAlgorithm" in answer


def _until_it_breaks(body: Any) -> Iterator[bytes]:
    from botocore import exceptions as s3

    try:
        while piece := body.read(PIECE):
            yield piece
    except (s3.IncompleteReadError, s3.ReadTimeoutError, s3.ResponseStreamingError):
        return
    finally:
        body.close()


@contextmanager
def _translated() -> Iterator[None]:
    """Foreign errors into ours; what they say may hold a key, so it is not passed on."""
    from botocore import exceptions as s3

    try:
        yield
    except s3.ClientError as error:
        raise _refusal(error.response) from None
    except (s3.NoCredentialsError, s3.PartialCredentialsError, s3.ParamValidationError):
        raise SourceFailed("The server has no valid key for this bucket.") from None
    except (s3.BotoCoreError, s3.HTTPClientError):
        raise Unreachable("The S3 service does not answer.") from None


def _refusal(answer: dict[str, Any]) -> PacsProxyError:
    code, status = answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
    if code in {"NoSuchKey", "PreconditionFailed", "InvalidRange"}:
        return BadUpload("source_changed", "The object was changed while it was read; ask again.")
    if status >= 500 or code in {"SlowDown", "Throttling"}:
        return Unreachable(f"The S3 service answered {status}.")
    return SourceFailed("The S3 service does not let the server read this bucket.")

"""The Scorekeep API over HTTP, signed with the function's own credentials."""

from typing import Any
from urllib.parse import quote

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from requests.adapters import HTTPAdapter, Retry

TIMEOUT = (3, 10)  # seconds to connect, and for the answer
RETRY = Retry(total=2, backoff_factor=0.2, status_forcelist=(429, 502, 503, 504), allowed_methods=("GET",), raise_on_status=False)


class UnknownItem(Exception):
    """The API says that there is no such thing."""


class ScorekeepApi:
    def __init__(self, url: str, credentials: Any, region: str) -> None:
        """`url` with the stage; `credentials` and `region` as boto3's session has them."""
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.auth = IamAuth(credentials, region)
        self._session.mount("http://", HTTPAdapter(max_retries=RETRY))
        self._session.mount("https://", HTTPAdapter(max_retries=RETRY))

    def get(self, *path: str) -> dict[str, Any]:
        """An item by the parts of its path.

        Raises UnknownItem where the API says that there is none, and requests' exceptions for every other failure: a 404 of a
        gateway that has lost the API is one of those.
        """
        url = "/".join([self._url, *(quote(part, safe="") for part in path)])
        response = self._session.get(url, timeout=TIMEOUT)
        if response.status_code == 404 and _code_of(response) == "not-found":
            raise UnknownItem("/".join(path))
        response.raise_for_status()
        return response.json()

    def close(self) -> None:
        self._session.close()


def _code_of(response: requests.Response) -> Any:
    try:
        body = response.json()
    except ValueError:
        return None
    return body.get("code") if isinstance(body, dict) else None


class IamAuth(requests.auth.AuthBase):
    """Signs requests as API Gateway's methods with IAM authorization want it."""

    def __init__(self, credentials: Any, region: str) -> None:
        self._credentials = credentials
        self._region = region

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed = AWSRequest(method=request.method, url=request.url, data=request.body)
        SigV4Auth(self._credentials.get_frozen_credentials(), "execute-api", self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request

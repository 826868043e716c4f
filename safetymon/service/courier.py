"""Carries a notice to a URL, through Apprise.

The only module that imports Apprise: an optional extra, and a quarter of a second, so this module
itself is imported only where a target is configured.
"""

import logging
import warnings

from apprise import Apprise, AppriseAsset, NotifyType, PersistentStoreMode
from apprise.plugins import NotifyBase

from safetymon.service.notice import Kind, Notice

_TALKATIVE = ("apprise", "urllib3", "requests", "charset_normalizer")
"""What would tell on standard error, by log or warning, that a notice to the board went out."""

_TONES: dict[Kind, NotifyType] = {
    "failed": NotifyType.FAILURE,
    "late": NotifyType.WARNING,
    "data stale": NotifyType.WARNING,
}


def understands(url: str) -> bool:
    """Whether `url` is one that Apprise can send to."""
    return _service(url) is not None


def carry(url: str, notice: Notice) -> bool:
    """Sends `notice` to `url` once; whether the other side accepted it. Takes up to 30 s."""
    service = _service(url)
    if service is None:
        return False
    return bool(
        service.notify(body=notice.body, title=notice.title, notify_type=_tone(notice.kind))
    )


def _service(url: str) -> NotifyBase | None:
    _hush()
    return Apprise.instantiate(url, asset=_asset())


def _hush() -> None:
    # Not `catch_warnings`: it takes the filters of all threads away and puts old ones back.
    warnings.filterwarnings("ignore", module=rf"({'|'.join(_TALKATIVE)})\b")
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


def _asset() -> AppriseAsset:
    """Messages in our name: no pictures fetched from elsewhere, nothing kept on disk, no keys."""
    return AppriseAsset(
        app_id="safetymon",
        app_desc="safetymon",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        storage_mode=PersistentStoreMode.MEMORY,
        pgp_autogen=False,
        pem_autogen=False,
    )


def _tone(kind: Kind) -> NotifyType:
    return _TONES.get(kind, NotifyType.INFO)

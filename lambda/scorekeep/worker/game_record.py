"""The complete record of a finished game: one document that refers to nothing outside of itself."""

import json
import re
from dataclasses import dataclass
from typing import Any

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class BadMessage(ValueError):
    """A message that no game can be found for, now or later."""


class UnfinishedGame(Exception):
    """The game is not over: its last move is about to be written, or was refused."""


@dataclass(frozen=True)
class FinishedGame:
    session: str
    game: str

    @property
    def key(self) -> str:
        """Of the object that holds the game's record: the same for every message of the game."""
        return f"games/{self.session}/{self.game}.json"


def parse_message(body: str) -> FinishedGame:
    """The game in a message `{"session", "game"}`. Raises BadMessage, without showing the content."""
    try:
        message = json.loads(body)
    except ValueError:
        raise BadMessage("the message is not JSON") from None
    ids = [message.get(name) if isinstance(message, dict) else None for name in ("session", "game")]
    if not all(isinstance(one, str) and _ID.fullmatch(one) for one in ids):
        raise BadMessage("the message does not name a session and a game")
    return FinishedGame(*ids)


def build_record(api: Any, finished: FinishedGame) -> bytes:
    """The record as one line of JSON, the same bytes each time.

    `api.get(*path)` gives an item of the Scorekeep API. Raises UnfinishedGame; what `api.get` raises for the game itself, a
    missing game, passes through.
    """
    path = ("sessions", finished.session, "games", finished.game)
    game = api.get(*path)
    if "endTime" not in game:
        raise UnfinishedGame(finished.game)
    session = api.get("sessions", finished.session)
    users = list(dict.fromkeys([*session["users"], *game["users"]]))
    record = {
        **game,
        "session": session,
        "users": [api.get("users", user) for user in users],
        "moves": [api.get(*path, "moves", move) for move in game["moves"]],
        "states": [api.get(*path, "states", state) for state in game["states"]],
    }
    return (json.dumps(record, sort_keys=True, separators=(",", ":")) + "\n").encode()

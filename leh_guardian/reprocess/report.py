"""Owns what a reprocessing ended in; the one rule: it is done when every piece is finished, and else each straggler has its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leh_guardian.model.outcome import Done, Escalate, Failed, NoOp, Outcome, Unknown
from leh_guardian.model.reprocessing import Piece, PieceState
from leh_guardian.reprocess.asking import ALREADY
from leh_guardian.reprocess.progress import Progress

_MOST_NAMED = 50
_MOST_SAID = 5


def facts(progress: Progress, pieces: Sequence[Piece]) -> dict[str, Any]:
    """Return what people and later steps may know."""
    count = {state: sum(piece.state is state for piece in pieces) for state in PieceState}
    left = [piece for piece in pieces if piece.state is not PieceState.FINISHED]
    found = {
        **progress.plan,
        "letters": progress.letters,
        "without_evidence": progress.unnamed,
        "evidence": len(pieces),
        "finished": count[PieceState.FINISHED],
        "already": sum(piece.reason == ALREADY for piece in pieces),
        "failed": count[PieceState.FAILED],
        "unknown": count[PieceState.UNKNOWN],
        "not_asked": count[PieceState.PLANNED],
    }
    if progress.fixed:
        found["deployment"] = progress.fixed
    stragglers = {piece.evidence: piece.reason or piece.state.value for piece in left[:_MOST_NAMED]}
    return found | ({"stragglers": stragglers} if stragglers else {})


def report(progress: Progress, pieces: Sequence[Piece]) -> Outcome:
    """Return the outcome."""
    known = facts(progress, pieces)
    left = [piece for piece in pieces if piece.state is not PieceState.FINISHED]
    unnamed = (
        f"; {progress.unnamed} letters name no evidence and stay in quarantine: look at them"
        if progress.unnamed
        else ""
    )
    summary = f"{known['finished']} of {len(pieces)} pieces of evidence are finished"
    if left:
        why = f"; {progress.stopped}" if progress.stopped else ""
        text = f"{summary}{why}; {_named(left)}{unnamed}"
        return Unknown(text, known) if known["unknown"] else Failed(text, known)
    if progress.unnamed:
        return Escalate(f"{summary}{unnamed}", known)
    if pieces and known["already"] == len(pieces):
        return NoOp(f"{summary}, and were so before anything was asked for", known)
    return Done(summary, known)


def _named(left: Sequence[Piece]) -> str:
    """Name the stragglers, those first that may have been asked for and not."""
    first = sorted(left, key=lambda piece: (piece.state is not PieceState.UNKNOWN, piece.state is PieceState.PLANNED))
    said = [f"{piece.evidence}: {piece.reason or 'not asked for'}" for piece in first[:_MOST_SAID]]
    more = f" and {len(left) - _MOST_SAID} more" if len(left) > _MOST_SAID else ""
    return "; ".join(said) + more

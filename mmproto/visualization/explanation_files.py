"""The files of an explanation."""

from pathlib import Path

from mmproto.explanations.explanation import Explanation
from mmproto.explanations.record import explanation_csv, explanation_record
from mmproto.utils.files import atomic_path, write_json
from mmproto.utils.origin import Origin
from mmproto.utils.spreadsheet import write_text
from mmproto.visualization.card import card_markdown, draw_card, save_card
from mmproto.visualization.sheet import draw_sheet


def save_explanation(
    explanation: Explanation,
    folder: str | Path,
    origin: Origin | None = None,
) -> Path:
    """Write an explanation in all its forms, if all of them can be made.

    ``explanation.png`` is the sheet; ``explanation.json`` and
    ``explanation.csv`` hold the numbers; ``card.png`` (300 dpi),
    ``card.pdf`` and ``card.md`` are short forms for a paper or a report.
    The same weights and image give the same bytes of JSON and CSV on one
    machine with the same libraries and number of threads. Otherwise torch
    adds in another order, and the last digits differ.

    Args:
        explanation: Of :func:`mmproto.explain`.
        folder: Created if it is missing.
        origin: Config and checkpoint of the model, for JSON and ``card.md``.
            The card then also has the command that explains the same point.

    Returns:
        Path of the sheet.

    Raises:
        FileNotFoundError: If there is no checkpoint where ``origin`` says.
        ValueError: If a number is not finite.

    Example:
        >>> explanation = mmproto.explain(
        ...     model, 'street.png'
        ... )  # doctest: +SKIP
        >>> mmproto.save_explanation(explanation, 'why')  # doctest: +SKIP
        PosixPath('why/explanation.png')
    """
    table = explanation_csv(explanation)  # refuses what is not finite
    record = explanation_record(explanation, origin)
    text = card_markdown(explanation, origin)
    sheet, card = draw_sheet(explanation), draw_card(explanation)
    folder = Path(folder)
    picture = folder / 'explanation.png'
    write_json(record, folder / 'explanation.json')  # first: may refuse
    write_text(table, folder / 'explanation.csv')
    with atomic_path(picture) as temporary:
        sheet.savefig(temporary)
    save_card(card, folder)
    write_text(text, folder / 'card.md')
    return picture

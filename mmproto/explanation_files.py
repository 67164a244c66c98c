"""The files of an explanation, begun when all of them could be made."""

from pathlib import Path

from mmproto.explanation import Explanation
from mmproto.explanation_record import explanation_csv
from mmproto.files import atomic_path, write_json
from mmproto.origin import Origin
from mmproto.spreadsheet import write_text
from mmproto.visualization.card import card_markdown, draw_card, save_card
from mmproto.visualization.sheet import draw_sheet


def save_explanation(
    explanation: Explanation, folder: str | Path, origin: Origin | None
) -> Path:
    """Write sheet, JSON, CSV and card, once all of them could be made.

    Args:
        explanation: Of :func:`mmproto.explain`.
        folder: Made when it is missing.
        origin: Where the model comes from, if known.

    Returns:
        Path of the sheet.

    Raises:
        FileNotFoundError: If there is no checkpoint where ``origin`` says.
        ValueError: If a number is not finite.
    """
    table = explanation_csv(explanation)  # refuses what is not finite
    record = explanation.to_dict(origin)
    text = card_markdown(explanation, origin)
    sheet, card = draw_sheet(explanation), draw_card(explanation)
    folder = Path(folder)
    picture = folder / 'explanation.png'
    write_json(record, folder / 'explanation.json')  # may refuse, so first
    write_text(table, folder / 'explanation.csv')
    with atomic_path(picture) as temporary:
        sheet.savefig(temporary)
    save_card(card, folder)
    write_text(text, folder / 'card.md')
    return picture

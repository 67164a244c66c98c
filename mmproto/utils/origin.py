"""Where an explanation comes from."""

from dataclasses import dataclass

from mmproto.utils.files import file_hash


@dataclass(frozen=True)
class Origin:
    """The model that an explanation is about.

    Args:
        config: Path of the config as the user gave it.
        checkpoint: Path or address of the checkpoint as the user gave it.
    """

    config: str
    checkpoint: str

    def to_dict(self) -> dict:
        """Return plain types, with the SHA-256 of a local checkpoint."""
        elsewhere = '://' in self.checkpoint
        return dict(
            config=self.config,
            checkpoint=self.checkpoint,
            sha256=None if elsewhere else file_hash(self.checkpoint),
        )

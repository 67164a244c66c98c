"""Where an explanation comes from."""

from dataclasses import dataclass

from mmproto.files import file_hash


@dataclass(frozen=True)
class Origin:
    """The model that an explanation is about.

    Args:
        config: Path of the config, as the user gave it.
        checkpoint: Path of the checkpoint, likewise.
    """

    config: str
    checkpoint: str

    def to_dict(self) -> dict:
        """Plain types, with the SHA-256 of the checkpoint."""
        return dict(
            config=self.config,
            checkpoint=self.checkpoint,
            sha256=file_hash(self.checkpoint),
        )

"""A data set of mmseg whose errors name what is missing."""

from mmseg.datasets import BaseSegDataset

from .checks import check_folders, check_not_empty


class PlainSegDataset(BaseSegDataset):
    """mmseg's BaseSegDataset with errors that name what is missing."""

    def load_data_list(self) -> list[dict]:
        """List all images with their masks.

        Raises:
            FileNotFoundError: If a folder is missing.
            ValueError: If there is no image.
        """
        check_folders(self)
        data_list = super().load_data_list()
        check_not_empty(self, data_list)
        return data_list

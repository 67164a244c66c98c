"""Files that mirror the folders of images."""

from pathlib import Path


def swap_folder(
    img_path: str,
    folders: tuple[str, str],
    ends: tuple[str, str],
    root: str | None = None,
) -> tuple[Path, str]:
    """Find the file that belongs to an image in a twin of its folder.

    Args:
        img_path: File of the image.
        folders: Names of the images' folder and of its twin beside it.
        ends: Endings of the names of the images and of the files in the twin.
        root: The twin, if it is elsewhere.

    Returns:
        The twin, and the path of the file within it.

    Raises:
        ValueError: If the path of the image is not as expected.
    """
    path = Path(img_path)
    above = [parent.name for parent in path.parents]
    if folders[0] not in above or not path.name.endswith(ends[0]):
        raise ValueError(
            f'found the image {path}; expected a name that ends in '
            f'{ends[0]!r}, below a folder {folders[0]!r}: use the layout of '
            'the data set, or write a loader (PartLoader) for another.'
        )
    images = path.parents[above.index(folders[0])]
    twin = Path(root) if root else images.with_name(folders[1])
    inner = path.relative_to(images).as_posix()
    return twin, inner.removesuffix(ends[0]) + ends[1]

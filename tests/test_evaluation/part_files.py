"""Files for the tests of part loaders."""

import numpy as np
from PIL import Image


def write_image(path, size=(4, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(path)
    return str(path)

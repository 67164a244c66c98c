// The way from cells to pixels, the same as in torch and mmseg, and back.

/** Find neighbours and shares of a bilinear resize along one axis. */
function axisTaps(inSize, outSize, alignCorners) {
  const first = new Int32Array(outSize);
  const second = new Int32Array(outSize);
  const share = new Float64Array(outSize);
  const { fround } = Math; // torch computes places in single precision
  const ratio = alignCorners
    ? fround(outSize > 1 ? (inSize - 1) / (outSize - 1) : 0)
    : fround(inSize / outSize);
  for (let i = 0; i < outSize; i += 1) {
    const place = alignCorners
      ? fround(ratio * i)
      : Math.max(0, fround(fround(ratio * (i + 0.5)) - 0.5));
    first[i] = Math.min(Math.floor(place), inSize - 1);
    second[i] = Math.min(first[i] + 1, inSize - 1);
    share[i] = Math.min(place - first[i], 1);
  }
  return { first, second, share };
}

/** Prepare everything about the way that does not depend on the maps. */
function makePlan(geometry) {
  const [height, width] = geometry.size;
  const [inHeight, inWidth] = geometry.input;
  const [left, right, top, bottom] = geometry.padding;
  const corners = geometry.align_corners;
  let offset = 0;
  const windows = geometry.windows.map(([y0, x0, y1, x1], index) => {
    const [rows, columns] = geometry.cells[index];
    const window = { y0, x0, y1, x1, rows, columns, offset };
    window.down = axisTaps(rows, y1 - y0, corners);
    window.across = axisTaps(columns, x1 - x0, corners);
    offset += rows * columns;
    return window;
  });
  const inner = [inHeight - top - bottom, inWidth - left - right];
  return {
    height, width, inHeight, inWidth, left, top, inner, windows,
    flip: geometry.flip,
    cells: offset,
    count: countWindows(windows, inHeight, inWidth),
    down: axisTaps(inner[0], height, corners),
    across: axisTaps(inner[1], width, corners),
  };
}

/** Count the windows that see each pixel of the input. */
function countWindows(windows, inHeight, inWidth) {
  const count = new Uint8Array(inHeight * inWidth);
  for (const { y0, x0, y1, x1 } of windows) {
    for (let y = y0; y < y1; y += 1) {
      for (let x = x0; x < x1; x += 1) count[y * inWidth + x] += 1;
    }
  }
  return count;
}

/** Resize a map along both axes. */
function resize(source, rows, columns, down, across) {
  const height = down.first.length;
  const width = across.first.length;
  const wide = new Float64Array(rows * width);
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const a = source[y * columns + across.first[x]];
      const b = source[y * columns + across.second[x]];
      wide[y * width + x] = a + across.share[x] * (b - a);
    }
  }
  const out = new Float32Array(height * width);
  for (let y = 0; y < height; y += 1) {
    const above = down.first[y] * width;
    const below = down.second[y] * width;
    const share = down.share[y];
    for (let x = 0; x < width; x += 1) {
      const a = wide[above + x];
      out[y * width + x] = a + share * (wide[below + x] - a);
    }
  }
  return out;
}

/** Find the place in the input of one in the unflipped, unpadded picture. */
function inputPlace(plan, row, column) {
  const [rows, columns] = plan.inner;
  const y = plan.flip === 'vertical' ? rows - 1 - row : row;
  const x = plan.flip === 'horizontal' ? columns - 1 - column : column;
  return (plan.top + y) * plan.inWidth + plan.left + x;
}

/** Turn a map of all cells into a map of the file's pixels. */
function toPixels(plan, cells) {
  const canvas = new Float64Array(plan.inHeight * plan.inWidth);
  for (const w of plan.windows) {
    const part = cells.subarray(w.offset, w.offset + w.rows * w.columns);
    const map = resize(part, w.rows, w.columns, w.down, w.across);
    const width = w.x1 - w.x0;
    for (let y = w.y0; y < w.y1; y += 1) {
      for (let x = w.x0; x < w.x1; x += 1) {
        const place = y * plan.inWidth + x;
        const value = map[(y - w.y0) * width + x - w.x0];
        canvas[place] += value / plan.count[place];
      }
    }
  }
  const [rows, columns] = plan.inner;
  const inner = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const value = canvas[inputPlace(plan, row, column)];
      inner[row * columns + column] = value;
    }
  }
  return rows === plan.height && columns === plan.width
    ? Float32Array.from(inner)
    : resize(inner, rows, columns, plan.down, plan.across);
}

/** Call `visit(row, column, share)` for the four neighbours of a place. */
function spread(down, y, across, x, visit) {
  const below = down.share[y];
  const after = across.share[x];
  visit(down.first[y], across.first[x], (1 - below) * (1 - after));
  visit(down.first[y], across.second[x], (1 - below) * after);
  visit(down.second[y], across.first[x], below * (1 - after));
  visit(down.second[y], across.second[x], below * after);
}

/**
 * Go back: find the share of each cell in the mean of some pixels.
 * @returns {{cell: number, share: number}[]} The cells with a share.
 */
function cellShares(plan, pixels) {
  const canvas = new Map();
  for (const pixel of pixels) {
    const { x, y } = placeOf(pixel, plan.width);
    spread(plan.down, y, plan.across, x, (r, c, share) => {
      const place = inputPlace(plan, r, c);
      canvas.set(place, (canvas.get(place) ?? 0) + share / pixels.length);
    });
  }
  const cells = new Float64Array(plan.cells);
  for (const [place, value] of canvas) {
    const { x, y } = placeOf(place, plan.inWidth);
    for (const w of plan.windows) {
      if (y < w.y0 || y >= w.y1 || x < w.x0 || x >= w.x1) continue;
      spread(w.down, y - w.y0, w.across, x - w.x0, (r, c, share) => {
        const cell = w.offset + r * w.columns + c;
        cells[cell] += (share * value) / plan.count[place];
      });
    }
  }
  const found = [];
  cells.forEach((share, cell) => {
    if (share > 0) found.push({ cell, share });
  });
  return found;
}

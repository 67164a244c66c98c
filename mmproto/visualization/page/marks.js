// Outlines and numbers over the picture, in pixels of its file.

/** Outline a box so that it shows on any background. */
function outline([x0, y0, x1, y1], kind, title) {
  const place = { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
  const boxes = ['under', 'over'].map((layer) =>
    make('svg:rect', { ...place, class: `${layer} ${kind}` }));
  return make('svg:g', {}, make('svg:title', {}, title), ...boxes);
}

/** Return the box of `sides` (height, width) around a place. */
function boxAround(x, y, [height, width]) {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

/** Find the window of a cell, and its row and column in there. */
function cellPlace(plan, cell) {
  const window = plan.windows.findLast((w) => w.offset <= cell);
  const inside = cell - window.offset;
  return {
    window,
    row: Math.floor(inside / window.columns),
    column: inside % window.columns,
  };
}

/** Find the centre of a cell in pixels of the file. */
function cellCentre(page, cell) {
  const { plan } = page.model;
  const { window: w, row, column } = cellPlace(plan, cell);
  let y = w.y0 + ((row + 0.5) * (w.y1 - w.y0)) / w.rows - plan.top;
  let x = w.x0 + ((column + 0.5) * (w.x1 - w.x0)) / w.columns - plan.left;
  if (plan.flip === 'vertical') y = plan.inner[0] - y;
  if (plan.flip === 'horizontal') x = plan.inner[1] - x;
  return {
    y: (y * plan.height) / plan.inner[0],
    x: (x * plan.width) / plan.inner[1],
  };
}

/** Return the sides of the kernel's field at a scale, in file pixels. */
function kernelSides(page, scale) {
  const dilation = page.info.scales[scale]?.dilation;
  const cells = dilation ? 2 * dilation + 1 : 1;
  return page.info.geometry.cell.map((side) => side * cells);
}

/** Outline a cell, the kernel's field, and all that the cell may see. */
function fieldMarks(page, cell, scale) {
  const { x, y } = cellCentre(page, cell);
  const field = page.info.scales[scale]?.field;
  return [
    outline(boxAround(x, y, page.info.geometry.cell), 'cell', 'The cell'),
    outline(boxAround(x, y, kernelSides(page, scale)), 'kernel',
      'Field of the last kernel'),
    theoryMark(x, y, field, page.model.plan),
  ];
}

/** Outline all that can matter in theory, cut at the picture's border. */
function theoryMark(x, y, field, { width, height }) {
  const [x0, y0, x1, y1] = field
    ? boxAround(x, y, field) : [0, 0, width, height];
  const gap = width / 120; // a border on the border would not be seen
  return outline([Math.max(x0, gap), Math.max(y0, gap),
    Math.min(x1, width - gap), Math.min(y1, height - gap)], 'theory',
  'Theoretical receptive field: everything that can matter');
}

/** Say what the theoretical field of a scale covers. */
function theoryWords(page, scale) {
  const field = page.info.scales[scale]?.field;
  if (!field) return 'the whole picture';
  const { width, height } = page.model.plan;
  const [high, wide] = field.map(Math.round);
  return `${wide} × ${high} pixels around it (the picture has ${width} × ` +
    `${height})`;
}

/** Draw the selection. */
function drawMarks(page) {
  const { selection, explanation: { nearest } } = page;
  drawSegment(page);
  if (selection.kind === 'box') {
    drawBand(selection);
    return;
  }
  const size = page.model.plan.width / 60;
  const place = { cx: selection.x + 0.5, cy: selection.y + 0.5, r: size };
  const scale = page.concept === null
    ? 0 : scaleAt(page, page.concept, nearest);
  const fields = selection.kind === 'point'
    ? fieldMarks(page, nearest, scale) : [];
  fill(byId('marks'), ...fields,
    make('svg:circle', { ...place, class: 'under' }),
    make('svg:circle', { ...place, class: 'over' }));
}

/** Draw a rectangle, also while it is being dragged. */
function drawBand(box) {
  const [left, top, right, bottom] = sidesOf(box);
  fill(byId('marks'),
    outline([left, top, right + 1, bottom + 1], 'region', 'Rectangle'));
}

/** Draw the border of a segment, in stripes of black and white. */
function drawSegment(page) {
  const canvas = byId('segment');
  const { width, height } = page.model.plan;
  if (page.selection.kind !== 'segment') {
    paint(canvas, 1, 1, () => CLEAR);
    return;
  }
  const inside = new Uint8Array(width * height);
  for (const pixel of page.explanation.pixels) inside[pixel] = 1;
  paintStripes(page, canvas, 4, (i) => inside[i] && !(inside[i - 1] &&
    inside[i + 1] && inside[i - width] && inside[i + width]));
}

/** Draw the numbers of the classes, for those who see no colours. */
function drawNumbers(page) {
  const svg = byId('numbers');
  const maps = { prediction: page.now.labels, truth: page.truth };
  const labels = maps[page.layer];
  fill(svg);
  if (!labels || !byId('show-numbers').checked) return;
  const { width, height } = page.model.plan;
  // about 12 pixels on the screen, whatever the picture's size there
  const size = (12 * width) / Math.max(svg.clientWidth, 1);
  const step = Math.max(1, Math.round(4.5 * size)); // of a tiny picture
  const half = Math.round(size / 2);
  const start = 2 * half;
  const numbered = new Set();
  const write = ({ x, y }) => {
    numbered.add(y * width + x);
    svg.append(make('svg:text', { x, y, 'font-size': size },
      labels[y * width + x]));
  };
  for (let y = start; y < height - half; y += step) {
    for (let x = start; x < width - half; x += step) {
      const label = labels[y * width + x];
      const around = [[-half, -half], [half, half], [half, -half],
        [-half, half]];
      const same = around.every(([dx, dy]) =>
        labels[(y + dy) * width + x + dx] === label);
      if (same && label !== VOID) write({ x, y });
    }
  }
  const smallest = size * size;
  for (const i of unnumbered(labels, width, smallest, numbered)) {
    write(placeOf(i, width));
  }
}

/** Find the middle of each segment without a number, unless too small. */
function unnumbered(labels, width, smallest, numbered) {
  const seen = new Uint8Array(labels.length);
  const middles = [];
  labels.forEach((label, start) => {
    if (seen[start]) return;
    const pixels = floodFill(labels, width, start, seen);
    if (label === VOID || pixels.length < smallest) return;
    if (pixels.some((i) => numbered.has(i))) return;
    const places = pixels.map((i) => placeOf(i, width));
    const x = sumOf(places.map((place) => place.x)) / pixels.length;
    const y = sumOf(places.map((place) => place.y)) / pixels.length;
    const far = (i) => (i % width - x) ** 2 + (Math.floor(i / width) - y) ** 2;
    middles.push(pixels.reduce((a, b) => (far(b) < far(a) ? b : a)));
  });
  return middles;
}

/** Return the scale at which a concept is most active at a cell. */
function scaleAt(page, position, cell) {
  return page.arrays.scales[position * page.model.plan.cells + cell];
}

/** Name a scale. */
function scaleName(page, scale) {
  const dilation = page.info.scales[scale]?.dilation;
  return dilation ? `dilation ${dilation}` : `scale ${scale}`;
}

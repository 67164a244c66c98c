// Outlines and numbers over the picture, in pixels of its file.

/** A box as an outline that shows on every ground. */
function outline([x0, y0, x1, y1], kind, title) {
  const place = { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
  const boxes = ['under', 'over'].map((layer) =>
    make('svg:rect', { ...place, class: `${layer} ${kind}` }));
  return make('svg:g', {}, make('svg:title', {}, title), ...boxes);
}

/** The box of `sides` (height, width) around a place. */
function boxAround(x, y, [height, width]) {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

/** Row and column of a cell in its window. */
function cellPlace(plan, cell) {
  const window = plan.windows.findLast((w) => w.offset <= cell);
  const inside = cell - window.offset;
  return {
    window,
    row: Math.floor(inside / window.columns),
    column: inside % window.columns,
  };
}

/** Centre of a cell in pixels of the file. */
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

/** Sides of the kernel's field at a scale, in pixels of the file. */
function kernelSides(page, scale) {
  const dilation = page.info.scales[scale]?.dilation;
  const cells = dilation ? 2 * dilation + 1 : 1;
  return page.info.geometry.cell.map((side) => side * cells);
}

/** Boxes of a cell: itself, the kernel's field, all that it may see. */
function fieldMarks(page, cell, scale) {
  const { x, y } = cellCentre(page, cell);
  const field = page.info.scales[scale]?.field;
  const marks = [
    outline(boxAround(x, y, page.info.geometry.cell), 'cell', 'The cell'),
    outline(boxAround(x, y, kernelSides(page, scale)), 'kernel',
      'Field of the last kernel'),
  ];
  marks.push(theoryMark(x, y, field, page.model.plan));
  return marks;
}

/** All that can count in theory, cut at the border of its picture. */
function theoryMark(x, y, field, { width, height }) {
  const [x0, y0, x1, y1] = field
    ? boxAround(x, y, field) : [0, 0, width, height];
  const gap = width / 120; // a border on the border would not be seen
  return outline([Math.max(x0, gap), Math.max(y0, gap),
    Math.min(x1, width - gap), Math.min(y1, height - gap)], 'theory',
  'Theoretical receptive field: all that can count');
}

/** What the theoretical field of a scale covers, in words. */
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
  const { selection, explanation } = page;
  const marks = [];
  const scale = page.concept === null
    ? 0
    : scaleAt(page, page.concept, explanation.nearest);
  if (selection.kind === 'box') {
    const { x0, y0, x1, y1 } = selection;
    marks.push(outline([Math.min(x0, x1), Math.min(y0, y1),
      Math.max(x0, x1) + 1, Math.max(y0, y1) + 1], 'region', 'Rectangle'));
  } else {
    if (selection.kind === 'point') {
      marks.push(...fieldMarks(page, explanation.nearest, scale));
    }
    const size = page.model.plan.width / 60;
    const place = { cx: selection.x + 0.5, cy: selection.y + 0.5, r: size };
    marks.push(make('svg:circle', { ...place, class: 'under' }),
      make('svg:circle', { ...place, class: 'over' }));
  }
  fill(byId('marks'), ...marks);
  drawSegment(page);
}

/** A rectangle that is being drawn, between two pixels. */
function drawBand(from, to) {
  const box = [Math.min(from.x, to.x), Math.min(from.y, to.y),
    Math.max(from.x, to.x) + 1, Math.max(from.y, to.y) + 1];
  fill(byId('marks'), outline(box, 'kernel', 'Rectangle'));
}

/** The border of a segment, in stripes of black and white. */
function drawSegment(page) {
  const canvas = byId('segment');
  const { width, height } = page.model.plan;
  if (page.selection.kind !== 'segment') {
    paint(canvas, 1, 1, () => CLEAR);
    return;
  }
  const inside = new Uint8Array(width * height);
  for (const pixel of page.explanation.pixels) inside[pixel] = 1;
  const edge = (i) => !(inside[i - 1] && inside[i + 1] && inside[i - width] &&
    inside[i + width]);
  paint(canvas, width, height, (i) => {
    if (!inside[i] || !edge(i)) return CLEAR;
    const dash = ((i % width) + Math.floor(i / width)) >> 2;
    return dash % 2 ? WHITE : BLACK;
  });
}

/** Numbers of the classes, so that the layer does not hang on colour. */
function drawNumbers(page) {
  const svg = byId('numbers');
  const maps = { prediction: page.now.labels, truth: page.truth };
  const labels = maps[page.layer];
  fill(svg);
  if (!labels || !byId('show-numbers').checked) return;
  const { width, height } = page.model.plan;
  // about 12 pixels of the screen, whatever the picture's size on it
  const size = (12 * width) / Math.max(svg.clientWidth, 1);
  const step = Math.max(1, Math.round(4.5 * size)); // of a tiny picture
  const half = Math.round(size / 2);
  const start = 2 * half;
  const numbered = new Set();
  const write = (x, y) => {
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
      if (same && label !== VOID) write(x, y);
    }
  }
  const smallest = size * size;
  for (const i of unnumbered(labels, width, smallest, numbered)) {
    write(i % width, Math.floor(i / width));
  }
}

/** The middle of every segment that is not too small and has no number. */
function unnumbered(labels, width, smallest, numbered) {
  const seen = new Uint8Array(labels.length);
  const middles = [];
  labels.forEach((label, start) => {
    if (seen[start]) return;
    const pixels = floodFill(labels, width, start, seen);
    if (label === VOID || pixels.length < smallest) return;
    if (pixels.some((i) => numbered.has(i))) return;
    const x = pixels.reduce((s, i) => s + (i % width), 0) / pixels.length;
    const y = pixels.reduce((s, i) => s + Math.floor(i / width), 0) /
      pixels.length;
    const far = (i) => (i % width - x) ** 2 + (Math.floor(i / width) - y) ** 2;
    middles.push(pixels.reduce((a, b) => (far(b) < far(a) ? b : a)));
  });
  return middles;
}

/** Scale at which a concept is most active at a cell. */
function scaleAt(page, position, cell) {
  return page.arrays.scales[position * page.model.plan.cells + cell];
}

/** Name of a scale. */
function scaleName(page, scale) {
  const dilation = page.info.scales[scale]?.dilation;
  return dilation ? `dilation ${dilation}` : `scale ${scale}`;
}

// Pointer, keyboard, and everything else that can be set.

/** Select at a place by the mode: one pixel, its segment, or a rectangle. */
function selectAt(x, y) {
  if (page.mode !== 'box') {
    page.select({ kind: page.mode, x, y });
  } else if (page.corner) {
    const { x: x0, y: y0 } = page.corner;
    page.corner = null;
    page.select({ kind: 'box', x0, y0, x1: x, y1: y }, 'Rectangle set.');
  } else {
    page.corner = { x, y };
    page.select({ kind: 'box', x0: x, y0: y, x1: x, y1: y },
      `First corner at x ${x}, y ${y}.`);
  }
}

/** Pixel of the picture under a pointer. */
function pixelAt(event) {
  const box = byId('stage').getBoundingClientRect();
  const { width, height } = page.model.plan;
  const clamp = (share, size) =>
    Math.min(Math.max(Math.floor(share * size), 0), size - 1);
  return {
    x: clamp((event.clientX - box.left) / box.width, width),
    y: clamp((event.clientY - box.top) / box.height, height),
  };
}

/** Click, tap or drag. */
function listenToPointer(stage) {
  let start = null;
  stage.addEventListener('pointerdown', (event) => {
    start = pixelAt(event);
    if (page.mode === 'box') stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener('pointermove', (event) => {
    if (start && page.mode === 'box') drawBand(start, pixelAt(event));
  });
  stage.addEventListener('pointercancel', () => { start = null; });
  stage.addEventListener('pointerup', (event) => {
    if (!start) return;
    const end = pixelAt(event);
    const far =
      Math.max(Math.abs(end.x - start.x), Math.abs(end.y - start.y)) > 4;
    if (page.mode === 'box' && far) page.corner = start;
    start = null;
    selectAt(end.x, end.y);
  });
}

/** Arrow keys move by a cell, with Shift by a pixel; Enter selects. */
function listenToKeys(stage) {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
    ArrowDown: [0, 1] };
  stage.addEventListener('keydown', (event) => {
    const { cursor, model: { plan }, info: { geometry } } = page;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      selectAt(cursor.x, cursor.y);
    } else if (event.key in ways) {
      event.preventDefault();
      const [right, down] = ways[event.key];
      const step = (size) => event.shiftKey ? 1 : Math.round(size) || 1;
      const clamp = (value, size) => Math.min(Math.max(value, 0), size - 1);
      const x = clamp(cursor.x + right * step(geometry.cell[1]), plan.width);
      const y = clamp(cursor.y + down * step(geometry.cell[0]), plan.height);
      moveTo(x, y);
      if (page.cursor.x === cursor.x && page.cursor.y === cursor.y) {
        announce('Here the picture ends.');
      }
    }
  });
}

/** Go to a pixel: select it, or stretch or move the rectangle to it. */
function moveTo(x, y) {
  if (page.mode !== 'box') {
    page.select({ kind: page.mode, x, y });
  } else if (page.corner) {
    const { x: x0, y: y0 } = page.corner;
    page.select({ kind: 'box', x0, y0, x1: x, y1: y });
  } else {
    page.select(movedBox(page.selection, x, y, page.model.plan));
  }
}

/** A rectangle that ends at a pixel, or as near as the picture allows. */
function movedBox({ x0, y0, x1, y1 }, x, y, { width, height }) {
  const between = (low, value, high) => Math.min(Math.max(value, low), high);
  const right = between(-Math.min(x0, x1), x - x1,
    width - 1 - Math.max(x0, x1));
  const down = between(-Math.min(y0, y1), y - y1,
    height - 1 - Math.max(y0, y1));
  return { kind: 'box', x0: x0 + right, y0: y0 + down,
    x1: x1 + right, y1: y1 + down };
}

function listenToControls() {
  for (const input of document.querySelectorAll('[name=mode]')) {
    input.addEventListener('change', () => {
      page.mode = input.value;
      // a finger draws a rectangle instead of scrolling
      byId('stage').style.touchAction =
        page.mode === 'box' ? 'none' : 'manipulation';
      page.corner = null;
      const { x, y } = page.cursor;
      page.select(page.mode === 'box'
        ? { kind: 'box', x0: x, y0: y, x1: x, y1: y }
        : { kind: page.mode, x, y });
    });
  }
  byId('go').addEventListener('click', goToNumbers);
  for (const id of ['x', 'y']) {
    byId(id).addEventListener('keydown', (event) => {
      if (event.key === 'Enter') goToNumbers();
    });
  }
  byId('opacity').addEventListener('input', (event) => {
    page.opacity = event.target.value / 100;
    byId('layer').style.opacity = page.opacity;
  });
  byId('opacity').addEventListener('change', () => writeHash(page));
  byId('show-numbers').addEventListener('change', () => drawNumbers(page));
  byId('compared').addEventListener('change', (event) => {
    page.compared = event.target.value === ''
      ? null : Number(event.target.value);
    drawCharts(page);
    writeHash(page);
  });
  byId('all-on').addEventListener('click', () => {
    page.off.clear();
    drawModel();
    byId('whatif-heading').focus({ preventScroll: true });
    announceWhatIf(page);
  });
  for (const id of ['reason', 'author']) {
    byId(id).addEventListener('input', () => drawCommand(page));
  }
  byId('copy').addEventListener('click', copyCommand);
  byId('save').addEventListener('click', () => saveRecord(page));
  addEventListener('resize', () => drawNumbers(page));
  addEventListener('hashchange', () => {
    const left = byId('concept-panel').contains(document.activeElement);
    if (!readHash(page)) {
      writeHash(page); // a link to a section
      return;
    }
    drawModel();
    if (left) byId('concept-name').focus();
  });
}

/** Choose the pixel whose numbers are written, if there is one. */
function goToNumbers() {
  const { width, height } = page.model.plan;
  const x = inside(byId('x').value, width);
  const y = inside(byId('y').value, height);
  const found = x !== null && y !== null;
  byId('x').setAttribute('aria-invalid', x === null);
  byId('y').setAttribute('aria-invalid', y === null);
  const words = found ? '' : 'There is no such pixel: x runs from 0 to ' +
    `${width - 1}, y from 0 to ${height - 1}.`;
  fill(byId('no-pixel'), words);
  if (found) selectAt(x, y);
  else announce(words);
}

/** Copy the command, or select it where a page may not copy. */
async function copyCommand() {
  const field = byId('command');
  const known = ['reason', 'author'].every((id) => byId(id).value.trim());
  const missing = known ? '' : ' Reason and name are still needed.';
  try {
    await navigator.clipboard.writeText(field.value);
    fill(byId('copied'), `Copied.${missing}`);
  } catch {
    field.select();
    fill(byId('copied'), `Selected: copy it with the keyboard.${missing}`);
  }
}

// Pointer, keyboard, and all other controls.

/** Select at a place by the mode: one pixel, its segment, or a rectangle. */
function selectAt(x, y) {
  if (page.mode !== 'box') {
    page.select({ kind: page.mode, x, y });
  } else if (page.corner) {
    const box = boxBetween(page.corner, { x, y });
    page.corner = null;
    page.select(box, 'Rectangle set.');
  } else {
    page.corner = { x, y };
    page.select(boxBetween(page.corner, page.corner),
      `First corner at x ${x}, y ${y}.`);
  }
}

/** Find the pixel of the picture under a pointer. */
function pixelAt(event) {
  const box = byId('stage').getBoundingClientRect();
  const { width, height } = page.model.plan;
  const find = (share, size) => clamp(Math.floor(share * size), 0, size - 1);
  return {
    x: find((event.clientX - box.left) / box.width, width),
    y: find((event.clientY - box.top) / box.height, height),
  };
}

/** Let clicks, taps and drags select. */
function listenToPointer(stage) {
  let start = null;
  stage.addEventListener('pointerdown', (event) => {
    start = pixelAt(event);
    if (page.mode === 'box') stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener('pointermove', (event) => {
    if (start && page.mode === 'box') {
      drawBand(boxBetween(start, pixelAt(event)));
    }
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

/** Let arrow keys move by a cell, with Shift by a pixel; Enter selects. */
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
      const x = cursor.x + right * step(geometry.cell[1]);
      const y = cursor.y + down * step(geometry.cell[0]);
      moveTo(clamp(x, 0, plan.width - 1), clamp(y, 0, plan.height - 1));
      if (page.cursor.x === cursor.x && page.cursor.y === cursor.y) {
        announce('The picture ends here.');
      }
    }
  });
}

/** Go to a pixel: select it, or stretch or move the rectangle to it. */
function moveTo(x, y) {
  if (page.mode !== 'box') {
    page.select({ kind: page.mode, x, y });
  } else if (page.corner) {
    page.select(boxBetween(page.corner, { x, y }));
  } else {
    page.select(movedBox(page.selection, x, y, page.model.plan));
  }
}

/** Move a rectangle to end at a pixel, or as near as the picture allows. */
function movedBox(box, x, y, { width, height }) {
  const { x0, y0, x1, y1 } = box;
  const [left, top, right, bottom] = sidesOf(box);
  const across = clamp(x - x1, -left, width - 1 - right);
  const down = clamp(y - y1, -top, height - 1 - bottom);
  return { kind: 'box', x0: x0 + across, y0: y0 + down,
    x1: x1 + across, y1: y1 + down };
}

/** Explain a pixel, a segment or a rectangle, from the cursor on. */
function chooseMode(mode) {
  page.mode = mode;
  page.corner = null;
  // a finger draws a rectangle instead of scrolling
  byId('stage').style.touchAction = mode === 'box' ? 'none' : 'manipulation';
  const { x, y } = page.cursor;
  page.select(mode === 'box'
    ? boxBetween(page.cursor, page.cursor) : { kind: mode, x, y });
}

/** Draw the view of an address that was followed within the page. */
function followAddress() {
  const left = byId('concept-panel').contains(document.activeElement);
  if (!readHash(page)) {
    writeHash(page); // a link to a section
    return;
  }
  drawModel();
  if (left) byId('concept-name').focus();
}

function listenToControls() {
  for (const input of document.querySelectorAll('[name=mode]')) {
    input.addEventListener('change', () => chooseMode(input.value));
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
  addEventListener('hashchange', followAddress);
}

/** Choose the pixel whose numbers were entered, if there is one. */
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

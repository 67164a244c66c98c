// What is kept: a link to this view, and a file with its numbers.

/** Write the view as the part of an address after #. */
function viewHash(page) {
  const { selection } = page;
  const parts = selection.kind === 'box'
    ? [`box=${selection.x0},${selection.y0},${selection.x1},${selection.y1}`]
    : [`x=${selection.x}`, `y=${selection.y}`];
  if (selection.kind === 'segment') parts.push('segment=1');
  if (page.concept !== null) {
    parts.push(`concept=${page.model.concepts[page.concept]}`);
  }
  if (page.off.size) parts.push(`off=${offConcepts(page).join(',')}`);
  if (page.compared !== null) parts.push(`compare=${page.compared}`);
  if (page.layer !== LAYER) parts.push(`layer=${page.layer}`);
  if (page.opacity !== OPACITY) {
    parts.push(`opacity=${Math.round(100 * page.opacity)}`);
  }
  return parts.join('&');
}

/** Read a whole number from 0 to below a limit, or null. */
function inside(text, limit) {
  const value = Number(text);
  return text && Number.isInteger(value) && value >= 0 && value < limit
    ? value : null;
}

/** Read the selection of an address; null without one. */
function hashSelection(values, { width, height }) {
  const limits = [width, height, width, height];
  const box = (values.get('box') ?? '').split(',')
    .map((text, i) => inside(text, limits[i] ?? 0));
  if (box.length === 4 && !box.includes(null)) {
    const [x0, y0, x1, y1] = box;
    return { kind: 'box', x0, y0, x1, y1 };
  }
  const x = inside(values.get('x'), width);
  const y = inside(values.get('y'), height);
  if (x === null || y === null) return null;
  return { kind: values.has('segment') ? 'segment' : 'point', x, y };
}

/** Return the pixel at which a selection ends. */
function endOf(selection) {
  return selection.kind === 'box' ? { x: selection.x1, y: selection.y1 }
    : { x: selection.x, y: selection.y };
}

/** Take the view from the address; return whether it names anything. */
function readHash(page) {
  const values = new URLSearchParams(location.hash.slice(1));
  const { model } = page;
  const position = (text) => model.concepts.indexOf(inside(text, Infinity));
  const selection = hashSelection(values, model.plan);
  const concept = position(values.get('concept'));
  if (selection) {
    page.selection = selection;
    page.cursor = endOf(selection);
    page.mode = selection.kind;
    document.querySelector(`[name=mode][value=${page.mode}]`).checked = true;
  }
  if (concept >= 0) page.concept = concept;
  if (values.has('off')) {
    const found = values.get('off').split(',').map(position);
    page.off = new Set(found.filter((k) => k >= 0));
  }
  readLook(page, values);
  return Boolean(selection) || concept >= 0 || values.has('off');
}

/** Take the compared class and the look of the picture from the address. */
function readLook(page, values) {
  const compared = inside(values.get('compare'), page.model.classes.length);
  const opacity = inside(values.get('opacity'), 101);
  const layer = values.get('layer');
  if (compared !== null) page.compared = compared;
  if (opacity !== null) page.opacity = opacity / 100;
  if (Object.hasOwn(LAYERS, layer)) page.layer = layer;
}

/** Put the view into the address, without a new entry in the history. */
function writeHash(page) {
  try {
    history.replaceState(null, '', `#${viewHash(page)}`);
  } catch {
    // some browsers allow only a hundred of these per half minute
  }
}

/** Collect everything about this explanation, in plain types. */
function recordOf(page) {
  const { explanation, model, info } = page;
  const { winner, runnerUp, evidence, probabilities } = explanation;
  const describe = (c) => c === null ? null : { class: c,
    name: model.classes[c], evidence: evidence[c],
    probability: probabilities[c] };
  const other = comparedClass(page);
  const [won, lost, held] = [winner, runnerUp, other].map((c) =>
    c === null ? null : contributionsTo(explanation, c));
  return {
    image: info.image,
    model: info.origin,
    mmproto: info.mmproto,
    selection: page.selection,
    sentence: sentenceOf(model, explanation, page.selection) +
      truthWords(page) + ownWords(page),
    label: explanation.truth && { class: explanation.truth.label,
      name: model.classes[explanation.truth.label],
      pixels: explanation.truth.count, of: explanation.truth.known },
    predicted: describe(winner),
    runner_up: describe(runnerUp),
    compared: describe(other),
    contributions: model.concepts.map((concept, k) => ({ concept,
      name: model.names[k] || null,
      activation: explanation.activations[k], predicted: won[k],
      runner_up: lost?.[k] ?? null,
      compared: held?.[k] ?? null })),
    switched_off: offConcepts(page),
    changed_share: page.changed,
    command: page.off.size ? editCommand(page) : null,
    agreement: page.agreement,
    surrogate: surrogateRecord(page),
  };
}

/** Offer the record as a file. */
function saveRecord(page) {
  const text = `${JSON.stringify(recordOf(page), null, 1)}\n`;
  const url = URL.createObjectURL(
    new Blob([text], { type: 'application/json' }));
  make('a', { href: url, download: 'explanation.json' }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Say which model and picture this page is about. */
function drawOrigin(page) {
  const { origin, image, mmproto, surrogate } = page.info;
  const facts = {
    Picture: image.path,
    'SHA-256 of the picture': image.sha256,
    Config: origin.config,
    Checkpoint: origin.checkpoint,
    'SHA-256 of the checkpoint': origin.sha256 ??
      'unknown: it was loaded from another machine',
    ...(surrogate ? { 'Stands in for': surrogate.black_box ?? 'unknown' } : {}),
    mmproto,
    'Check of this page': `it predicts ${percent(page.agreement)} of the ` +
      `pixels as the ${surrogate ? 'surrogate' : 'model'} did`,
  };
  fill(byId('origin'), ...Object.entries(facts).flatMap(([name, value]) =>
    [make('dt', {}, name), make('dd', {}, value)]));
}

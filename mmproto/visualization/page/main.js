// The page: what is chosen, what happens, what is redrawn.

let page = null;

/** Collect what functions need of the model. */
function makeModel(info, arrays) {
  return {
    activations: arrays.activations,
    count: info.concepts.length,
    concepts: info.concepts,
    names: info.names,
    classes: info.classes,
    coverage: info.coverage,
    link: info.link,
    sharpness: info.sharpness,
    plan: makePlan(info.geometry),
  };
}

function makePage({ info, arrays }) {
  const [x, y] = info.point;
  const made = {
    info, arrays,
    model: makeModel(info, arrays),
    truth: arrays.labels ?? null,
    pictureUrl: pictureUrl(arrays.picture),
    selection: { kind: 'point', x, y },
    mode: 'point', corner: null, cursor: { x, y },
    layer: LAYER, opacity: OPACITY,
    concept: null, origin: 'charts', compared: null,
    off: new Set(),
    sorting: { column: 'use', up: false },
  };
  made.weights = arrays.weights;
  made.base = predict(made.model, made.weights);
  made.now = made.base;
  made.agreement = 1 - changedShare(made.base.labels, arrays.prediction);
  made.rows = libraryRows(made);
  return made;
}

/** Explain what is selected, and draw everything that depends on it. */
function drawSelection() {
  const { model, selection } = page;
  const pixels = selectedPixels(model, selection, page.now.labels);
  page.explanation = explainPixels(model, page.weights, pixels);
  page.explanation.truth = truthOf(page, pixels);
  fill(byId('sentence'), sentenceOf(model, page.explanation, selection),
    truthWords(page), ownWords(page));
  drawCharts(page);
  drawMarks(page);
  drawConcept(page);
  drawShort(page);
  byId('x').value = page.cursor.x;
  byId('y').value = page.cursor.y;
  writeHash(page);
}

/** Draw what depends on the class weights. */
function drawModel() {
  predictAgain(page);
  drawChoices();
  drawLayer(page);
  drawPlaces(page);
  drawWhatIf(page);
  drawLibrary(page);
  drawSelection();
}

/** Offer the layers that this page has. */
function drawChoices() {
  const names = availableLayers(page);
  if (!names.includes(page.layer)) page.layer = LAYER;
  fill(byId('layers'), ...names.map((name) => {
    const input = make('input', { type: 'radio', name: 'layer', value: name,
      change: () => page.chooseLayer(name) });
    input.checked = name === page.layer;
    return make('label', {}, input, ` ${LAYERS[name]}`);
  }));
}

const ACTIONS = {
  /** Select something, explain it, and say what else happened. */
  select(selection, happened) {
    page.selection = selection;
    page.cursor = endOf(selection);
    drawSelection();
    announceSelection(page, happened);
  },

  /** Explain one pixel, whatever was selected before. */
  visit({ x, y }) {
    document.querySelector('[name=mode][value=point]').click();
    page.compared = null;
    page.select({ kind: 'point', x, y });
    byId('explanation').focus();
    byId('stage').scrollIntoView({ block: 'nearest' });
  },

  chooseLayer(name) {
    page.layer = name;
    // not redrawn: the focus may be in there
    document.querySelector(`[name=layer][value=${name}]`).checked = true;
    drawLayer(page);
    writeHash(page);
    announce(byId('legend').querySelector('p')?.textContent);
  },

  chooseConcept(k, scroll = false) {
    page.concept = k;
    page.origin = scroll ? 'library-table' : 'charts';
    drawChoices();
    if (page.layer === 'concept') drawLayer(page);
    drawMarks(page);
    drawConcept(page);
    writeHash(page);
    if (scroll) byId('concept-heading').scrollIntoView();
    byId('concept-name').focus();
  },

  /** Switch a concept off or on, and keep the focus on its button. */
  toggle(k) {
    const { id, dataset } = document.activeElement;
    if (!page.off.delete(k)) page.off.add(k);
    drawModel();
    const again = dataset.toggle
      ? document.querySelector(`[data-toggle="${dataset.toggle}"]`)
      : byId(id || 'whatif-heading');
    again?.focus({ preventScroll: true });
    announceWhatIf(page);
  },
};

async function start() {
  page = makePage(await readPayload(byId('payload').textContent));
  Object.assign(page, ACTIONS);
  byId('picture').src = page.pictureUrl;
  const { width, height } = page.model.plan;
  byId('stage').style.aspectRatio = `${width} / ${height}`;
  byId('stage').style.maxWidth = `${(80 * width) / height}vh`;
  byId('stage').setAttribute('aria-valuemax', width * height - 1);
  byId('x').max = width - 1;
  byId('y').max = height - 1;
  for (const id of ['marks', 'numbers']) {
    byId(id).setAttribute('viewBox', `0 0 ${width} ${height}`);
  }
  byId('compared').append(
    make('option', { value: '' }, 'the label, or the runner-up'),
    ...page.model.classes.map((name, c) =>
      make('option', { value: c }, name)));
  readHash(page);
  listenToPointer(byId('stage'));
  listenToKeys(byId('stage'));
  listenToControls();
  drawOrigin(page);
  drawModel();
  document.body.dataset.ready = 'yes';
}

// once all scripts are there, whatever their order
addEventListener('DOMContentLoaded', () => start().catch((error) => {
  const words = `This page could not be read: ${error.message}`;
  fill(byId('sentence'), words);
  announce(words);
}));

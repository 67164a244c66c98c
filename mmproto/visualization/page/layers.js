// What lies over the picture, and the legend that says what it means.

const LAYERS = {
  prediction: 'Prediction',
  truth: 'Ground truth',
  error: 'Error',
  disagreement: 'Where the model disagrees',
  confidence: 'Confidence',
  unlike: 'Unlike anything seen',
  concept: 'Concept',
  change: 'Changed by the what-if',
  none: 'Picture alone',
};

const LAYER = 'prediction'; // at first
const OPACITY = 0.55;

/** List the layers that this page has data for. */
function availableLayers(page) {
  const missing = new Set();
  if (!page.truth) ['truth', 'error'].forEach((name) => missing.add(name));
  if (!ownAnswers(page)) missing.add('disagreement');
  if (!page.info.unlike) missing.add('unlike');
  if (page.concept === null) missing.add('concept');
  if (!page.off.size) missing.add('change');
  return Object.keys(LAYERS).filter((name) => !missing.has(name));
}

/** Find the colour of a share between 0 and 1. */
function rampColor(ramp, share) {
  const place = share * (ramp.length - 1);
  const low = Math.min(Math.floor(place), ramp.length - 2);
  return ramp[low].map((part, i) =>
    part + (place - low) * (ramp[low + 1][i] - part));
}

/** Turn a colour into the one number that a canvas keeps of a pixel. */
function inkOf(rgb, alpha = 255) {
  const bytes = Uint8ClampedArray.of(...rgb, alpha);
  return new Uint32Array(bytes.buffer)[0];
}

const CLEAR = 0;
const BLACK = inkOf([0, 0, 0]);
const WHITE = inkOf([255, 255, 255]);

/** Make inks of 256 shares from 0 to 1, of an opacity between 0 and 1. */
function rampInks(ramp, opacity = () => 1) {
  return Uint32Array.from({ length: 256 }, (_, i) =>
    inkOf(rampColor(ramp, i / 255), 255 * opacity(i / 255)));
}

/** Paint a canvas pixel by pixel: `ink(i)` is one of `inkOf`. */
function paint(canvas, width, height, ink) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = ink(i);
  context.putImageData(image, 0, 0);
}

/** Find the smallest and the largest number of a map. */
function boundsOf(map) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of map) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Paint the colours of classes. */
function paintLabels(page, canvas, labels) {
  const { width, height } = page.model.plan;
  const inks = page.info.palette.map((color) => inkOf(color));
  paint(canvas, width, height, (i) =>
    labels[i] === VOID ? CLEAR : inks[labels[i]]);
}

/** Paint stripes where something holds, for those who see no colours. */
function paintStripes(page, canvas, band, holds) {
  const { width, height } = page.model.plan;
  paint(canvas, width, height, (i) => {
    if (!holds(i)) return CLEAR;
    const stripe = Math.floor(((i % width) + Math.floor(i / width)) / band);
    return stripe % 2 ? WHITE : BLACK;
  });
}

/** Paint a map of numbers; return its bounds. */
function paintNumbers(page, canvas, map) {
  const { width, height } = page.model.plan;
  const [low, high] = boundsOf(map);
  const range = high > low ? high - low : 1;
  const inks = rampInks(page.info.ramp);
  paint(canvas, width, height, (i) =>
    inks[Math.round((255 * (map[i] - low)) / range)]);
  return [low, high];
}

/** Return the activation of a concept at all cells. */
function cellMap(model, k) {
  const { cells } = model.plan;
  return model.activations.subarray(k * cells, (k + 1) * cells);
}

/** Compute the activation of a concept at all pixels. */
function conceptMap(model, k) {
  return toPixels(model.plan, cellMap(model, k));
}

/** Compute the distance of each pixel to its nearest prototype. */
function unlikeMap(page) {
  const cosine = page.info.unlike.startsWith('1 - ');
  const cells = page.arrays.nearest.map((s) => (cosine ? 1 - s : -s));
  return toPixels(page.model.plan, cells);
}

/** Draw the chosen layer and its legend. */
function drawLayer(page) {
  const canvas = byId('layer');
  canvas.style.opacity = page.opacity;
  byId('opacity').value = 100 * page.opacity;
  fill(byId('legend'), ...layerPainters(page, canvas)[page.layer]());
  drawNumbers(page);
}

/** Make a function per layer that paints it and returns its legend. */
function layerPainters(page, canvas) {
  const { base, model, now, truth } = page;
  const paintClasses = (labels) => {
    paintLabels(page, canvas, labels);
    return [classLegend(page, labels)];
  };
  const paintScale = (map, title) =>
    [scaleLegend(page, paintNumbers(page, canvas, map), title)];
  const paintPlaces = (holds, words) => {
    const band = Math.max(2, Math.round(model.plan.width / 160));
    paintStripes(page, canvas, band, holds);
    return [make('p', {}, words)];
  };
  return {
    prediction: () => paintClasses(now.labels),
    truth: () => paintClasses(truth),
    error: () => paintPlaces((i) =>
      truth[i] !== VOID && truth[i] !== now.labels[i], errorWords(page)),
    disagreement: () => paintPlaces((i) => disagreesAt(page, i),
      disagreementWords(page)),
    confidence: () =>
      paintScale(now.confidence, 'Probability of the predicted class'),
    unlike: () => paintScale(unlikeMap(page), page.info.unlike),
    concept: () => paintScale(conceptMap(model, page.concept),
      `Activation of ${named(model, page.concept)}`),
    change: () => paintPlaces((i) => base.labels[i] !== now.labels[i],
      'Striped: another class than before, ' +
      `${percent(page.changed)} of the pixels.`),
    none: () => {
      paint(canvas, 1, 1, () => CLEAR);
      return [];
    },
  };
}

/** Say how many of the labelled pixels are wrong. */
function errorWords(page) {
  const right = accuracyOf(page.now.labels, page.truth);
  return right === null ? 'No pixel is labelled.'
    : `Striped: wrong, ${percent(1 - right)} of the labelled pixels.`;
}

/** Show a strip of colours with the numbers at its ends. */
function scaleLegend(page, [low, high], title) {
  const strip = make('canvas', { 'aria-hidden': 'true' });
  const inks = rampInks(page.info.ramp);
  paint(strip, inks.length, 1, (i) => inks[i]);
  return make('figure', { class: 'scale' },
    make('figcaption', {}, title),
    make('span', {}, `dark ${low.toPrecision(3)}`), strip,
    make('span', {}, `${high.toPrecision(3)} bright`));
}

/** List classes with number, colour, pixels and share, largest first. */
function classLegend(page, labels) {
  const { classes } = page.model;
  const counts = countLabels(labels, classes.length);
  const order = ranked(counts).filter((c) => counts[c]);
  return make('ul', { class: 'classes', 'aria-label': LAYERS[page.layer] },
    ...order.map((c) => make('li', { 'data-value': counts[c] },
      swatch(page, c), make('span', { class: 'unseen' }, ' class'), ` ${c} `,
      make('strong', {}, classes[c]),
      ` ${pixelWords(counts[c])}, ${percent(counts[c] / labels.length)}`)));
}

/** Make a square in the colour of a class. */
function swatch(page, label) {
  const square = make('span', { class: 'swatch', 'aria-hidden': 'true' });
  square.style.background = `rgb(${page.info.palette[label].join(' ')})`;
  return square;
}

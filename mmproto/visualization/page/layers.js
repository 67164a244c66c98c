// What lies over the picture, and the table that says what it means.

const LAYERS = {
  prediction: 'Prediction',
  truth: 'Ground truth',
  error: 'Error',
  confidence: 'Confidence',
  unlike: 'Unlike anything seen',
  concept: 'Concept',
  change: 'Changed by the what-if',
  none: 'Picture alone',
};

const LAYER = 'prediction'; // at first
const OPACITY = 0.55;

/** Layers that this page has something for. */
function availableLayers(page) {
  const missing = new Set();
  if (!page.truth) ['truth', 'error'].forEach((name) => missing.add(name));
  if (!page.info.unlike) missing.add('unlike');
  if (page.concept === null) missing.add('concept');
  if (!page.off.size) missing.add('change');
  return Object.keys(LAYERS).filter((name) => !missing.has(name));
}

/** Colour of a share between 0 and 1, alike for all eyes. */
function rampColor(ramp, share) {
  const place = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
  const low = Math.min(Math.floor(place), ramp.length - 2);
  return ramp[low].map((part, i) =>
    part + (place - low) * (ramp[low + 1][i] - part));
}

/** A colour as the one number that a canvas keeps of a pixel. */
function inkOf(rgb, alpha = 255) {
  const bytes = Uint8ClampedArray.of(...rgb, alpha);
  return new Uint32Array(bytes.buffer)[0];
}

const CLEAR = 0;
const BLACK = inkOf([0, 0, 0]);
const WHITE = inkOf([255, 255, 255]);

/** Inks of 256 shares from 0 to 1, with an opacity between 0 and 1. */
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

/** Smallest and largest number of a map. */
function boundsOf(map) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of map) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Class colours. */
function paintLabels(page, canvas, labels) {
  const { width, height } = page.model.plan;
  const inks = page.info.palette.map((color) => inkOf(color));
  paint(canvas, width, height, (i) =>
    labels[i] === VOID ? CLEAR : inks[labels[i]]);
}

/** Stripes where something holds, so that it does not hang on colour. */
function paintStripes(page, canvas, holds) {
  const { width, height } = page.model.plan;
  const band = Math.max(2, Math.round(width / 160));
  paint(canvas, width, height, (i) => {
    if (!holds(i)) return CLEAR;
    const stripe = Math.floor(((i % width) + Math.floor(i / width)) / band);
    return stripe % 2 ? WHITE : BLACK;
  });
}

/** A map of numbers; returns its bounds. */
function paintNumbers(page, canvas, map) {
  const { width, height } = page.model.plan;
  const [low, high] = boundsOf(map);
  const range = high > low ? high - low : 1;
  const inks = rampInks(page.info.ramp);
  paint(canvas, width, height, (i) =>
    inks[Math.round((255 * (map[i] - low)) / range)]);
  return [low, high];
}

/** The activation of a concept at all cells. */
function cellMap(model, k) {
  const { cells } = model.plan;
  return model.activations.subarray(k * cells, (k + 1) * cells);
}

/** The activation of a concept at all pixels. */
function conceptMap(model, k) {
  return toPixels(model.plan, cellMap(model, k));
}

/** How unlike all prototypes each pixel is. */
function unlikeMap(page) {
  const cosine = page.info.unlike.startsWith('1 - ');
  const cells = page.arrays.nearest.map((s) => (cosine ? 1 - s : -s));
  return toPixels(page.model.plan, cells);
}

/** Draw the chosen layer and its legend. */
function drawLayer(page) {
  const canvas = byId('layer');
  const { labels, confidence } = page.now;
  const legends = {
    prediction: () => paintLabels(page, canvas, labels),
    truth: () => paintLabels(page, canvas, page.truth),
    error: () => paintStripes(page, canvas, (i) =>
      page.truth[i] !== VOID && page.truth[i] !== labels[i]),
    confidence: () => paintNumbers(page, canvas, confidence),
    unlike: () => paintNumbers(page, canvas, unlikeMap(page)),
    concept: () =>
      paintNumbers(page, canvas, conceptMap(page.model, page.concept)),
    change: () => paintStripes(page, canvas, (i) =>
      page.base.labels[i] !== labels[i]),
    none: () => paint(canvas, 1, 1, () => CLEAR),
  };
  const bounds = legends[page.layer]();
  canvas.style.opacity = page.opacity;
  byId('opacity').value = 100 * page.opacity;
  fill(byId('legend'), ...layerLegend(page, bounds));
  drawNumbers(page);
}

/** What the layer means: classes with pixels, a scale, or a sentence. */
function layerLegend(page, bounds) {
  const { labels } = page.now;
  if (page.layer === 'prediction') return [classLegend(page, labels)];
  if (page.layer === 'truth') return [classLegend(page, page.truth)];
  if (bounds) return [scaleLegend(page, bounds)];
  if (page.layer === 'error') {
    const right = accuracyOf(labels, page.truth);
    return [make('p', {}, right === null
      ? 'No pixel is labelled.'
      : `Striped: wrong, ${percent(1 - right)} of the labelled pixels.`)];
  }
  if (page.layer === 'change') {
    const share = changedShare(page.base.labels, labels);
    return [make('p', {}, `Striped: another class than before, ` +
      `${percent(share)} of the pixels.`)];
  }
  return [];
}

/** Names of the maps of numbers. */
function scaleTitle(page) {
  if (page.layer === 'confidence') {
    return 'Probability of the predicted class';
  }
  if (page.layer === 'unlike') return page.info.unlike;
  return `Activation of ${named(page.model, page.concept)}`;
}

/** A strip of colours with the numbers at its ends. */
function scaleLegend(page, [low, high]) {
  const strip = make('canvas', { 'aria-hidden': 'true' });
  const inks = rampInks(page.info.ramp);
  paint(strip, inks.length, 1, (i) => inks[i]);
  return make('figure', { class: 'scale' },
    make('figcaption', {}, scaleTitle(page)),
    make('span', {}, `dark ${low.toPrecision(3)}`), strip,
    make('span', {}, `${high.toPrecision(3)} bright`));
}

/** Classes with number, colour, pixels and share, largest first. */
function classLegend(page, labels) {
  const { classes } = page.model;
  const counts = countLabels(labels, classes.length);
  const order = counts.map((_, c) => c).filter((c) => counts[c]);
  order.sort((a, b) => counts[b] - counts[a]);
  return make('ul', { class: 'classes', 'aria-label': LAYERS[page.layer] },
    ...order.map((c) => make('li', { 'data-value': counts[c] },
      swatch(page, c), make('span', { class: 'unseen' }, ' class'), ` ${c} `,
      make('strong', {}, classes[c]),
      ` ${pixelWords(counts[c])}, ${percent(counts[c] / labels.length)}`)));
}

/** A square in the colour of a class. */
function swatch(page, label) {
  const square = make('span', { class: 'swatch', 'aria-hidden': 'true' });
  square.style.background = `rgb(${page.info.palette[label].join(' ')})`;
  return square;
}

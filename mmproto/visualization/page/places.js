// Where to look: the largest places that are wrong.

const MOST_PLACES = 6;
const RIGHT = -1; // of a pixel that is right or not labelled

/** Code label and prediction of each wrong pixel as one number. */
function confusionMap(page) {
  const classes = page.model.classes.length;
  return Int32Array.from(page.now.labels, (label, i) => {
    const truth = page.truth[i];
    return truth === VOID || truth === label ? RIGHT : truth * classes + label;
  });
}

/** List segments of one label and one wrong prediction, largest first. */
function wrongPlaces(page) {
  const { plan: { width } } = page.model;
  const confusions = confusionMap(page);
  const seen = new Uint8Array(confusions.length);
  const places = [];
  confusions.forEach((confusion, start) => {
    if (confusion === RIGHT || seen[start]) return;
    places.push(floodFill(confusions, width, start, seen));
  });
  places.sort((a, b) => b.length - a.length || a[0] - b[0]);
  return places.slice(0, MOST_PLACES);
}

/** Find the pixel of a place where the model is most certain. */
function surestPixel(page, pixels) {
  const { confidence } = page.now;
  return pixels.reduce((a, b) => (confidence[b] > confidence[a] ? b : a));
}

/** Offer the largest wrong places as buttons, where there are labels. */
function drawPlaces(page) {
  byId('places').hidden = !page.truth;
  if (!page.truth) return;
  const { classes, plan: { width } } = page.model;
  const items = wrongPlaces(page).map((pixels) => {
    const pixel = surestPixel(page, pixels);
    const words = `${classes[page.truth[pixel]]} taken for ` +
      `${classes[page.now.labels[pixel]]}, ${pixelWords(pixels.length)}`;
    return make('li', {},
      button(words, () => page.visit(placeOf(pixel, width))));
  });
  const none = accuracyOf(page.now.labels, page.truth) === null
    ? 'No pixel is labelled.' : 'None: every labelled pixel is right.';
  fill(byId('place-list'), ...(items.length ? items
    : [make('li', {}, none)]));
}

/** Find the label of most pixels of a selection; null without any. */
function truthOf(page, pixels) {
  if (!page.truth) return null;
  const { classes } = page.model;
  const counts = countLabels(pixels.map((i) => page.truth[i]), classes.length);
  const known = sumOf(counts);
  const count = Math.max(...counts);
  return known ? { label: counts.indexOf(count), count, known } : null;
}

/** Say in a sentence what the labels say about a selection. */
function truthWords(page) {
  const { explanation, model, selection } = page;
  const { truth, winner, evidence } = explanation;
  if (!page.truth) return '';
  if (!truth) return ' There is no label here.';
  const name = model.classes[truth.label];
  if (selection.kind !== 'point') {
    if (truth.known === 1) return ` Its one labelled pixel is ${name}.`;
    return ` Of its ${truth.known.toLocaleString('en')} labelled pixels ` +
      `${truth.count.toLocaleString('en')} ` +
      `${truth.count === 1 ? 'is' : 'are'} ${name}.`;
  }
  if (!(evidence[winner] > 0)) return ` The label is ${name}.`;
  return truth.label === winner
    ? ` It is right: the label is ${name}.`
    : ` It is wrong: the label is ${name}.`;
}

/** Return the class to compare with the winner: chosen, true, or second. */
function comparedClass(page) {
  const { truth, winner, runnerUp } = page.explanation;
  const wrong = truth && truth.label !== winner;
  return page.compared ?? (wrong ? truth.label : runnerUp);
}

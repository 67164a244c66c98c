// Where to look: the largest places that are wrong.

const MOST_PLACES = 6;
const RIGHT = -1; // of a pixel that is right or not labelled

/** Label and prediction of every wrong pixel as one number. */
function confusionMap(page) {
  const classes = page.model.classes.length;
  return Int32Array.from(page.now.labels, (label, i) => {
    const truth = page.truth[i];
    return truth === VOID || truth === label ? RIGHT : truth * classes + label;
  });
}

/** Segments of one label and one wrong prediction, largest first. */
function wrongPlaces(page) {
  const { plan: { width, height } } = page.model;
  const confusions = confusionMap(page);
  const seen = new Uint8Array(confusions.length);
  const places = [];
  confusions.forEach((confusion, start) => {
    if (confusion === RIGHT || seen[start]) return;
    places.push(floodFill(confusions, width, height, start, seen));
  });
  places.sort((a, b) => b.length - a.length || a[0] - b[0]);
  return places.slice(0, MOST_PLACES);
}

/** The pixel of a place where the model is most certain. */
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
      `${classes[page.now.labels[pixel]]}, ` +
      `${pixels.length.toLocaleString('en')} pixels`;
    const go = () => page.visit(pixel % width, Math.floor(pixel / width));
    return make('li', {}, button(words, go));
  });
  fill(byId('place-list'), ...(items.length ? items
    : [make('li', {}, 'None: every labelled pixel is right.')]));
}

/** Label of most pixels of a selection, or null where none is known. */
function truthOf(page, pixels) {
  if (!page.truth) return null;
  const { classes } = page.model;
  const counts = countLabels(pixels.map((i) => page.truth[i]), classes.length);
  const most = Math.max(...counts);
  return most ? counts.indexOf(most) : null;
}

/** What the labels say about a selection, in a sentence. */
function truthWords(page) {
  const { explanation, model } = page;
  if (!page.truth) return '';
  if (explanation.truth === null) return ' There is no label here.';
  const said = `the label is ${model.classes[explanation.truth]}`;
  return explanation.truth === explanation.winner
    ? ` It is right: ${said}.` : ` It is wrong: ${said}.`;
}

/** The class that the winner is compared with: chosen, true, or second. */
function comparedClass(page) {
  const { truth, winner, runnerUp } = page.explanation;
  const wrong = truth !== null && truth !== winner;
  return page.compared ?? (wrong ? truth : runnerUp);
}

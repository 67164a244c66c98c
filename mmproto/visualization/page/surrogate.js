// A surrogate's page: what the model that it stands in for says itself.

/** Return the classes that the model itself says; null on other pages. */
function ownAnswers({ arrays }) {
  return arrays.black_box ?? null;
}

/** Return whether surrogate and model disagree at a pixel. */
function disagreesAt({ arrays }, pixel) {
  // the prediction as it was computed: no what-if changes this
  return arrays.black_box[pixel] !== arrays.prediction[pixel];
}

/** Say at how many pixels the two disagree. */
function disagreementWords(page) {
  const share = changedShare(page.arrays.prediction, page.arrays.black_box);
  const off = page.off.size ? ' Compared with all concepts on.' : '';
  return 'Striped: the model itself says another class than the surrogate, ' +
    `${percent(share)} of the pixels.${off}`;
}

/** Return what the model itself says at a pixel, if it is another class. */
function otherAnswer(page) {
  const answers = ownAnswers(page);
  const { pixels, winner } = page.explanation;
  if (!answers || page.selection.kind !== 'point') return null;
  const said = answers[pixels[0]];
  return said === winner ? null : said;
}

/** Say in a sentence what the model itself says, where that is different. */
function ownWords(page) {
  const answers = ownAnswers(page);
  if (!answers) return '';
  const { classes } = page.model;
  const itself = page.off.size
    ? 'The model itself, which has no concepts to switch off,'
    : 'The model itself';
  if (page.selection.kind === 'point') {
    const said = otherAnswer(page);
    return said === null ? '' : ` ${itself} says ${classes[said]} here.`;
  }
  const { pixels } = page.explanation;
  const other = pixels.filter((i) => answers[i] !== page.now.labels[i]);
  if (!other.length) return '';
  const counts = countLabels(other.map((i) => answers[i]), classes.length);
  return ` ${itself} says another class at ` +
    `${other.length.toLocaleString('en')} of its ` +
    `${pixelWords(pixels.length)}, mostly ${classes[ranked(counts)[0]]}.`;
}

/** Say in short what the model itself says, where that is different. */
function ownShortWords(page) {
  const said = otherAnswer(page);
  return said === null ? ''
    : `, the model itself: ${page.model.classes[said]}`;
}

/** Describe the surrogate for the record; null on other pages. */
function surrogateRecord(page) {
  const { info: { surrogate }, explanation, model } = page;
  if (!surrogate) return null;
  const answers = ownAnswers(page);
  const known = answers && page.selection.kind === 'point';
  const said = known ? answers[explanation.pixels[0]] : null;
  return {
    ...surrogate,
    model: known ? { class: said, name: model.classes[said] } : null,
    agrees: known ? said === explanation.winner : null,
  };
}

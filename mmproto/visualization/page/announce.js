// What is said aloud: short, and the class first.

const PAUSE = 50; // ms in which a later text replaces an earlier one
let saying = null;

/** Let a screen reader say something, after what it is saying. */
function announce(...parts) {
  const text = parts.filter(Boolean).join(' ');
  clearTimeout(saying);
  saying = setTimeout(() => {
    const region = byId('said');
    // an unchanged text would not be said again
    fill(region, region.textContent === text ? `${text}\u00a0` : text);
  }, PAUSE);
}

/** Say in short whether the labels agree. */
function judgedWords(page) {
  const { selection, model, explanation: { truth, winner } } = page;
  if (!page.truth) return '';
  if (!truth) return ', no label';
  const name = model.classes[truth.label];
  if (selection.kind !== 'point') return `, labels mostly ${name}`;
  return truth.label === winner ? ', right' : `, wrong: the label is ${name}`;
}

/** Say in short where a selection is. */
function spotWords({ selection, explanation }) {
  const { kind, x, y } = selection;
  if (kind === 'box') return `rectangle ${boxWords(selection)}`;
  if (kind === 'point') return `x ${x}, y ${y}`;
  return `segment of ${pixelWords(explanation.pixels.length)} around ` +
    `x ${x}, y ${y}`;
}

/** Say the prediction in short, as heard on the way over the picture. */
function shortWords(page) {
  const { winner, probabilities } = page.explanation;
  const off = page.off.size
    ? `, without ${conceptsWords(page.off.size)}` : '';
  return `${page.model.classes[winner]} ${probabilities[winner].toFixed(2)}` +
    `${judgedWords(page)}${ownShortWords(page)}, ${spotWords(page)}${off}`;
}

/** Write this below the picture, and where a screen reader finds it. */
function drawShort(page) {
  const stage = byId('stage');
  const { x, y } = page.cursor;
  const words = shortWords(page);
  stage.setAttribute('aria-valuenow', y * page.model.plan.width + x);
  stage.setAttribute('aria-valuetext', words);
  fill(byId('verdict'), `${words}. `,
    make('a', { href: '#explanation' }, 'Why'));
}

/** Say what was selected, or what else happened, and why. */
function announceSelection(page, happened = '') {
  const { model, explanation } = page;
  // the picture says its own value while it has the focus
  const known = document.activeElement === byId('stage');
  announce(happened, known ? '' : `${shortWords(page)}.`,
    becauseWords(model, explanation, 2));
}

/** Say what a what-if changes, in the picture and at the selection. */
function announceWhatIf(page) {
  announce(whatIfSentence(page), `Here: ${shortWords(page)}.`);
}

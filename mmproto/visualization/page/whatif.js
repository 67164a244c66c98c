// What if a concept did not count? The page predicts again without it.

/** Predict with the concepts that are on, or take the first prediction. */
function predictAgain(page) {
  page.weights = weightsInForce(page.arrays.weights, page.model.count,
    page.off);
  page.now = page.off.size ? predict(page.model, page.weights) : page.base;
  page.changed = changedShare(page.base.labels, page.now.labels);
}

/** List the numbers of the concepts that are off, smallest first. */
function offConcepts(page) {
  return [...page.off].map((k) => page.model.concepts[k])
    .sort((a, b) => a - b);
}

/** Say in sentences what the change does. */
function whatIfSentence(page) {
  const { surrogate } = page.info;
  if (!page.off.size) {
    return 'All concepts are on: this is the ' +
      `${surrogate ? 'surrogate as it was fitted' : 'model itself'}.`;
  }
  const words = offConcepts(page).map((number) =>
    named(page.model, page.model.concepts.indexOf(number)));
  let text = `Without ${listed(words)}, ${percent(page.changed)} of the ` +
    'pixels get another class.';
  const before = accuracyOf(page.base.labels, page.truth);
  const after = accuracyOf(page.now.labels, page.truth);
  if (before !== null) {
    text += ` Right: ${percent(before)} of the labelled pixels before, ` +
      `${percent(after)} now.`;
  }
  // switching a concept off tells nothing about the model itself
  return surrogate ? `${text} This holds for the surrogate only.` : text;
}

/** Draw the section. */
function drawWhatIf(page) {
  const status = byId('whatif-status');
  status.dataset.changed = page.changed;
  fill(status, whatIfSentence(page));
  fill(byId('off-list'), ...offConcepts(page).map((number) => {
    const k = page.model.concepts.indexOf(number);
    const words = named(page.model, k);
    return make('li', {}, `${capital(words)} is off `,
      button(`Switch ${words} on`, () => page.toggle(k)));
  }));
  fill(byId('whatif-classes'), ...(page.off.size ? [changeTable(page)] : []));
  byId('all-on').disabled = !page.off.size;
  drawCommand(page);
}

/** Write a difference in pixels, with its sign. */
function difference(pixels) {
  const text = pixels.toLocaleString('en', { signDisplay: 'exceptZero' });
  return text.replace('-', '−');
}

/** Tabulate the pixels of each class before and after. */
function changeTable(page) {
  const { classes } = page.model;
  const before = countLabels(page.base.labels, classes.length);
  const after = countLabels(page.now.labels, classes.length);
  const rows = classes.map((name, c) => c)
    .filter((c) => before[c] !== after[c])
    .map((c) => make('tr', {},
      make('th', { scope: 'row' }, swatch(page, c), ` ${classes[c]}`),
      numberCell(before[c].toLocaleString('en'), before[c]),
      numberCell(after[c].toLocaleString('en'), after[c]),
      numberCell(difference(after[c] - before[c]), after[c] - before[c])));
  return table(['Classes that gain or lose pixels'],
    ['Class', 'Pixels before', 'Now', 'Change'], rows);
}

/** Quote a word for the shell. */
function quoted(text) {
  return /^[\w.,:@%+/=-]+$/.test(text) ? text
    : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** Write the command that makes the change in a checkpoint. */
function editCommand(page) {
  const { config, checkpoint } = page.info.origin;
  const off = offConcepts(page);
  // file names must not become too long
  const without = off.length > 8 ? `${off.length}_concepts` : off.join('_');
  const out = checkpoint.replace(/(\.pth)?$/, `_without_${without}.pth`);
  // while reason or name is empty, the tool refuses
  return ['mmproto edit', quoted(config), quoted(checkpoint),
    '--disable', ...off, '--reason', quoted(byId('reason').value),
    '--by', quoted(byId('author').value), '--out', quoted(out)].join(' ');
}

function drawCommand(page) {
  byId('command').value = page.off.size ? editCommand(page)
    : 'Switch a concept off first.';
}

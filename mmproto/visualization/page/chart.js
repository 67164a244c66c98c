// Bars that add up: each starts where the one before it ended.

const LARGEST_ROWS = 10;
const DIGITS = 4;

/** Round to the digits that are shown. */
function rounded(value) {
  return Math.round(value * 10 ** DIGITS) / 10 ** DIGITS;
}

/** Concepts that get a row: all that is needed, then by size. */
function shownConcepts(contributions, coverage) {
  const order = contributions.map((_, k) => k)
    .filter((k) => contributions[k] !== 0);
  order.sort((a, b) =>
    Math.abs(contributions[b]) - Math.abs(contributions[a]) || a - b);
  const needed = neededConcepts(contributions, coverage).length;
  const count = Math.min(Math.max(needed, 4), LARGEST_ROWS);
  const shown = order.slice(0, count);
  return shown.sort((a, b) => contributions[b] - contributions[a]);
}

/** Rows of the chart of one class, the last of them all other concepts. */
function chartRows(model, explanation, label) {
  const contributions = contributionsTo(explanation, label);
  const shown = shownConcepts(contributions, model.coverage);
  const rows = shown.map((k) => ({ concept: k, value: contributions[k] }));
  const others = contributions.filter((value, k) =>
    value !== 0 && !shown.includes(k));
  rows.push({
    concept: null,
    count: others.length,
    value: explanation.evidence[label] -
      rows.reduce((sum, row) => sum + row.value, 0),
  });
  if (!others.length) rows.at(-1).value = 0;
  let end = 0;
  rows.forEach((row) => {
    row.shown = rounded(row.value);
    row.start = end;
    end += row.value;
    row.end = end;
  });
  // what rounding leaves over goes into the last row, which says so
  const total = rounded(explanation.evidence[label]);
  const concepts = rows.slice(0, -1).reduce((sum, row) => sum + row.shown, 0);
  rows.at(-1).shown = rounded(total - concepts);
  let sum = 0;
  rows.forEach((row) => {
    sum += row.shown;
    row.sum = sum;
  });
  return rows;
}

/** Smallest and largest place that any bar reaches. */
function chartBounds(charts) {
  const ends = charts.flat().map((row) => row.end);
  return [Math.min(0, ...ends), Math.max(0, ...ends, 1e-12)];
}

/** One bar between two places, and in digits where it ends. */
function bar(start, end, [low, high], kind, sum) {
  const track = make('div', { class: 'track', 'aria-hidden': 'true' });
  const inner = make('div', { class: `bar ${kind}` });
  const scale = 100 / (high - low);
  inner.style.left = `${(Math.min(start, end) - low) * scale}%`;
  inner.style.width = `${Math.abs(end - start) * scale}%`;
  track.append(inner);
  return make('td', { class: 'bar-cell' }, track,
    make('span', { class: 'unseen' }, sum.toFixed(DIGITS)));
}

/** The table of one class with its bars. */
function evidenceTable(page, label, rows, bounds) {
  const { model, explanation } = page;
  const { evidence, probabilities } = explanation;
  const name = model.classes[label];
  const total = evidence[label];
  const score = rounded(total).toFixed(DIGITS);
  const count = rows.length - 1 + rows.at(-1).count;
  const adds = `${conceptsWords(count)} add${count === 1 ? 's' : ''}`;
  const head = ['Concept, scale', 'Activation', '× weight', '= adds',
    'Running sum'];
  return make('div', { class: 'scroll' },
    make('table', { class: 'evidence', 'data-class': label },
      make('caption', {}, swatch(page, label),
        ` Evidence for ${name}: what ${adds} sums to ${score} ` +
        `(probability ${probabilities[label].toFixed(2)})`),
      make('thead', {}, make('tr', {},
        ...head.map((title) => make('th', { scope: 'col' }, title)))),
      make('tbody', {},
        ...rows.map((row) => evidenceRow(page, label, row, bounds))),
      make('tfoot', {}, make('tr', {},
        make('th', { scope: 'row', colspan: 3 }, `Score of ${name}`),
        numberCell(score, total),
        bar(0, total, bounds, 'total', total)))));
}

/** The row of a concept, or of all others. */
function evidenceRow(page, label, row, bounds) {
  const { model, explanation } = page;
  const kind = row.value < 0 ? 'against' : 'for';
  const end = [
    numberCell(signed(row.shown, DIGITS), row.value),
    bar(row.start, row.end, bounds, kind, row.sum),
  ];
  if (row.concept === null) {
    const text = row.count
      ? `All other concepts (${row.count}) and rounding` : 'Rounding';
    return make('tr', { class: 'others' },
      make('th', { scope: 'row', colspan: 3 }, text), ...end);
  }
  const k = row.concept;
  const weight = explanation.weights[label * model.count + k];
  return make('tr', { 'data-concept': model.concepts[k] },
    make('th', { scope: 'row' }, conceptButton(page, k, false), ' ',
      make('small', {},
        scaleName(page, scaleAt(page, k, explanation.nearest)))),
    numberCell(explanation.activations[k].toFixed(DIGITS),
      explanation.activations[k]),
    numberCell(weight.toFixed(3), weight), ...end);
}

/** Charts of the winner and of the class it is compared with. */
function drawCharts(page) {
  const { model, explanation } = page;
  const { winner } = explanation;
  const other = comparedClass(page);
  const labels = other === null || other === winner ? [winner]
    : [winner, other];
  const rows = labels.map((label) => chartRows(model, explanation, label));
  const bounds = chartBounds(rows);
  fill(byId('charts'), ...labels.map((label, i) =>
    evidenceTable(page, label, rows[i], bounds)));
  // not what is shown: some screen readers would leave the picture for it
  byId('compared').value = page.compared ?? '';
  fill(byId('counter'), ...counterEvidence(page, other)
    .map((text) => make('li', {}, text)));
}

/** What speaks against the decision, in sentences. */
function counterEvidence(page, other) {
  const { model, explanation } = page;
  const winner = explanation.winner;
  const won = contributionsTo(explanation, winner);
  const texts = [];
  if (other !== null && other !== winner) {
    const lost = contributionsTo(explanation, other);
    const k = lost.indexOf(Math.max(...lost));
    texts.push(lost[k] > 0
      ? `The strongest concept of ${model.classes[other]} here is ` +
        `${named(model, k)}: it adds ${lost[k].toFixed(DIGITS)} to ` +
        `${model.classes[other]} and ${won[k].toFixed(DIGITS)} to ` +
        `${model.classes[winner]}.`
      : `No concept speaks for ${model.classes[other]} here.`);
  }
  const against = won.indexOf(Math.min(...won));
  if (won[against] < 0) {
    texts.push(`${capital(named(model, against))} speaks against ` +
      `${model.classes[winner]} most: ${won[against].toFixed(DIGITS)}.`);
  }
  for (const k of neededConcepts(won, model.coverage).slice(0, 5)) {
    const text = strangeLabels(page, k, winner);
    if (text) texts.push(text);
  }
  return texts.length ? texts : ['Nothing: no concept speaks against it, ' +
    'and all patches of its concepts carry its label.'];
}

/** Patches of a concept that carry another label than a class. */
function strangeLabels(page, k, label) {
  const labels = page.info.patches[k].labels.filter(([found]) => found >= 0);
  const total = labels.reduce((sum, [, count]) => sum + count, 0);
  const strange = labels.filter(([found]) => found !== label);
  if (!strange.length) return null;
  const count = strange.reduce((sum, [, n]) => sum + n, 0);
  const names = strange.map(([found, n]) => `${labelName(page, found)} ${n}`);
  return `Of the ${total} labelled training patches of ` +
    `${named(page.model, k)}, ${count} carry another label than ` +
    `${page.model.classes[label]}: ${listed(names)}.`;
}

/** Name of a label of the training data. */
function labelName(page, label) {
  return label < 0 ? 'void' : page.model.classes[label];
}

// Bars that add up: each starts where the one before it ends.

const LARGEST_ROWS = 10;
const DIGITS = 4;

/** Round to the digits that are shown. */
function rounded(value) {
  return Math.round(value * 10 ** DIGITS) / 10 ** DIGITS;
}

/** Choose the concepts with a row: as many as are needed, by size. */
function shownConcepts(contributions, coverage) {
  const order = ranked(contributions.map(Math.abs))
    .filter((k) => contributions[k] !== 0);
  const needed = neededConcepts(contributions, coverage).length;
  const count = Math.min(Math.max(needed, 4), LARGEST_ROWS);
  const shown = order.slice(0, count);
  return shown.sort((a, b) => contributions[b] - contributions[a]);
}

/** List the rows of the chart of a class, all other concepts last. */
function chartRows(model, explanation, label) {
  const contributions = contributionsTo(explanation, label);
  const shown = shownConcepts(contributions, model.coverage);
  const rows = shown.map((k) => ({ concept: k, value: contributions[k] }));
  const total = explanation.evidence[label];
  const count = contributions.filter((value, k) =>
    value !== 0 && !shown.includes(k)).length;
  const rest = count ? total - sumOf(rows.map((row) => row.value)) : 0;
  rows.push({ concept: null, count, value: rest });
  let end = 0;
  let sum = 0;
  for (const row of rows) {
    row.start = end;
    end += row.value;
    row.end = end;
    // the last row says that it holds what rounding leaves over
    row.shown = rounded(row.concept === null
      ? rounded(total) - sum : row.value);
    sum += row.shown;
    row.sum = sum;
  }
  return rows;
}

/** Find the smallest and the largest place that any bar reaches. */
function chartBounds(charts) {
  const ends = charts.flat().map((row) => row.end);
  return [Math.min(0, ...ends), Math.max(0, ...ends, 1e-12)];
}

/** Draw a bar between two places, and write where it ends. */
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

/** Make the table of one class with its bars. */
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
  return table(
    [swatch(page, label),
      ` Evidence for ${name}: what ${adds} sums to ${score} ` +
      `(probability ${probabilities[label].toFixed(2)})`],
    head,
    rows.map((row) => evidenceRow(page, label, row, bounds)),
    { class: 'evidence', 'data-class': label },
    make('tfoot', {}, make('tr', {},
      make('th', { scope: 'row', colspan: 3 }, `Score of ${name}`),
      numberCell(score, total),
      bar(0, total, bounds, 'total', total))));
}

/** Make the row of a concept, or of all others. */
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

/** Draw the charts of the winner and of the class compared with it. */
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
  // only the choice: for the class shown some screen readers would jump here
  byId('compared').value = page.compared ?? '';
  fill(byId('counter'), ...counterEvidence(page, other)
    .map((text) => make('li', {}, text)));
}

/** Say in sentences what speaks against the decision. */
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

/** Say which patches of a concept carry a label other than a class. */
function strangeLabels(page, k, label) {
  const { labels, total } = knownLabels(page, k);
  const strange = labels.filter(([found]) => found !== label);
  if (!strange.length) return null;
  const count = sumOf(strange.map(([, n]) => n));
  const names = strange.map(([found, n]) => `${labelName(page, found)} ${n}`);
  return `Of the ${total} labelled training patches of ` +
    `${named(page.model, k)}, ${count} carry another label than ` +
    `${page.model.classes[label]}: ${listed(names)}.`;
}

/** Name a label of the training data. */
function labelName(page, label) {
  return label < 0 ? 'void' : page.model.classes[label];
}

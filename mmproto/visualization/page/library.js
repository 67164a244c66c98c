// All concepts in use, sortable.

/** Compute the share of cells that each concept decides: it adds most. */
function decidedShares(model, weights) {
  const { count, classes, activations, plan } = model;
  const shares = new Float64Array(count);
  const evidence = classes.map((_, c) => cellEvidence(model, weights, c));
  for (let cell = 0; cell < plan.cells; cell += 1) {
    let label = 0;
    evidence.forEach((map, c) => {
      if (map[cell] > evidence[label][cell]) label = c;
    });
    let best = -1;
    let most = 0;
    for (let k = 0; k < count; k += 1) {
      const value = weights[label * count + k] *
        activations[k * plan.cells + cell];
      if (value > most) [best, most] = [k, value];
    }
    if (best >= 0) shares[best] += 1 / plan.cells;
  }
  return shares;
}

/** Collect the facts of each concept for the table. */
function libraryRows(page) {
  const { model, arrays } = page;
  const shares = decidedShares(model, arrays.weights);
  return model.concepts.map((name, k) => {
    const { count, classes } = model;
    const own = classes.map((_, c) => arrays.weights[c * count + k]);
    const top = own.indexOf(Math.max(...own));
    const { labels, total } = knownLabels(page, k);
    return {
      k, name, use: shares[k], top,
      data: page.info.usage?.[k],
      class: model.classes[top],
      purity: total ? labels[0][1] / total : -1, // -1: unknown
      mean: sumOf(cellMap(model, k)) / model.plan.cells,
    };
  });
}

const LIBRARY_COLUMNS = {
  name: 'Concept',
  class: 'Class',
  use: 'Decides here',
  data: 'Decides in data',
  mean: 'Mean activation',
  purity: 'Purity',
};

/** Sort rows by a column, and by the concept's number on ties. */
function sortRows(rows, { column, up }) {
  const sign = up ? 1 : -1;
  return [...rows].sort((a, b) => {
    const order = column === 'class'
      ? a.class.localeCompare(b.class)
      : a[column] - b[column];
    return sign * order || a.name - b.name;
  });
}

/** Draw the table. */
function drawLibrary(page) {
  const { sorting } = page;
  const columns = Object.entries(LIBRARY_COLUMNS)
    .filter(([column]) => column !== 'data' || page.info.usage);
  const head = columns.map(([column, title]) => {
    const active = sorting.column === column;
    const way = sorting.up ? 'ascending' : 'descending';
    const sort = () => {
      const upFirst = ['name', 'class'].includes(column);
      page.sorting = { column, up: active ? !sorting.up : upFirst };
      drawLibrary(page);
      document.querySelector(`[data-column=${column}]`).focus();
    };
    const arrow = active ? (sorting.up ? ' ↑' : ' ↓') : '';
    const label = make('span', {}, title,
      make('span', { 'aria-hidden': 'true' }, arrow));
    return make('th', { scope: 'col', 'aria-sort': active ? way : 'none' },
      button(label, sort, { 'data-column': column }));
  });
  head.push('Speaks for', 'What-if');
  const rows = sortRows(page.rows, sorting)
    .map((row) => libraryRow(page, row));
  fill(byId('library-facts'), `${rows.length} of ${page.info.num_concepts} ` +
    `concepts speak for a class; ${percent(page.info.sparsity)} of the ` +
    'class weights are exactly zero.');
  fill(byId('library-table'), table(['Concepts in use'], head, rows));
}

function libraryRow(page, row) {
  const off = page.off.has(row.k);
  const toggle = button(off ? 'On' : 'Off', () => page.toggle(row.k), {
    'aria-label': `Switch ${named(page.model, row.k)} ${off ? 'on' : 'off'}`,
    'data-toggle': row.name,
  });
  const purity = row.purity < 0 ? 'unknown' : percent(row.purity);
  return make('tr', { 'data-concept': row.name },
    make('th', { scope: 'row' }, conceptButton(page, row.k, true)),
    make('td', {}, swatch(page, row.top), ` ${row.class}`),
    numberCell(percent(row.use), row.use),
    ...(page.info.usage ? [numberCell(percent(row.data), row.data)] : []),
    numberCell(row.mean.toFixed(4), row.mean),
    numberCell(purity, row.purity),
    make('td', {}, weightWords(page, row.k, 1, 4)),
    make('td', {}, off ? 'off ' : 'on ', toggle));
}

// Everything about one concept: numbers, map, training patches.

/** List classes a concept speaks for, or against: "road 12.29, car 3.68". */
function weightWords(page, k, sign, most = Infinity) {
  const { classes, count } = page.model;
  const weights = classes.map((_, c) => page.arrays.weights[c * count + k]);
  const order = ranked(weights.map((weight) => sign * weight))
    .filter((c) => sign * weights[c] > 0);
  const words = order.slice(0, most)
    .map((c) => `${classes[c]} ${weights[c].toFixed(2)}`);
  if (order.length > most) words.push('…');
  return words.join(', ');
}

/** Count the labels of a concept's patches, most common first, no void. */
function knownLabels(page, k) {
  const labels = page.info.patches[k].labels.filter(([label]) => label >= 0);
  return { labels, total: sumOf(labels.map(([, count]) => count)) };
}

/** Draw the panel of the chosen concept. */
function drawConcept(page) {
  const panel = byId('concept-panel');
  if (page.concept === null) {
    fill(panel, make('p', {}, 'Choose a concept in a table to see where it ' +
      'is active and which training patches it stands for.'));
    return;
  }
  const k = page.concept;
  const name = page.model.concepts[k];
  const off = page.off.has(k);
  fill(panel,
    make('h3', { id: 'concept-name', tabindex: -1 },
      capital(named(page.model, k))),
    ...weightLines(page, k),
    make('p', {}, conceptSentence(page, k)),
    make('p', { class: 'controls' },
      button(off ? `Switch concept ${name} on` : `Switch concept ${name} off`,
        () => page.toggle(k), { id: 'toggle-concept' }),
      button('Map on the picture', () => {
        page.chooseLayer('concept');
        announce(`The picture shows ${named(page.model, k)}.`);
      }),
      make('a', { href: `#concept=${name}` }, 'Link to this concept'),
      button('Back to the table', () => leaveConcept(page, name))),
    ...(page.off.size ? [make('p', {}, whatIfSentence(page))] : []),
    ...conceptViews(page, k));
}

/** Return to the button that opened a concept, if it is still there. */
function leaveConcept({ origin }, name) {
  const opener = `#${origin} button[data-concept="${name}"]`;
  (document.querySelector(opener) ?? byId('explanation')).focus();
}

/** Draw map and patches once per concept: they depend on nothing else. */
function conceptViews(page, k) {
  if (page.views?.concept !== k) {
    const shown = [conceptFigure(page, k), ...patchStrip(page, k)];
    page.views = { concept: k, shown };
  }
  return page.views.shown;
}

/** Say what a concept speaks for and, with signed weights, against. */
function weightLines(page, k) {
  const lines = { 'Speaks for': 1, 'Speaks against': -1 };
  return Object.entries(lines)
    .map(([title, sign]) => [title, weightWords(page, k, sign)])
    .filter(([, words]) => words)
    .map(([title, words]) => make('p', {}, `${title}: ${words}.`));
}

/** Say in sentences what a concept adds here. */
function conceptSentence(page, k) {
  const { explanation, model } = page;
  const { winner, activations } = explanation;
  const weight = page.arrays.weights[winner * model.count + k];
  const active = activations[k].toFixed(4);
  const adds = (weight * activations[k]).toFixed(4);
  const name = model.classes[winner];
  const index = scaleAt(page, k, explanation.nearest);
  const found = `It was found at ${scaleName(page, index)}, which in theory ` +
    `can depend on ${theoryWords(page, index)}.`;
  if (weight === 0) {
    return `Here its activation is ${active}, but it does not speak for ` +
      `${name}. ${found}`;
  }
  const [off, verb] = page.off.has(k)
    ? ['It is switched off. ', 'would add'] : ['', 'adds'];
  return `${off}Here its activation is ${active}; times its weight for ` +
    `${name}, ${weight.toFixed(3)}, it ${verb} ${adds}. ${found}`;
}

/** Draw the picture in grey below the map of a concept. */
function conceptFigure(page, k) {
  const map = conceptMap(page.model, k);
  const high = boundsOf(map)[1];
  const canvas = make('canvas', { 'aria-hidden': 'true' });
  const { width, height } = page.model.plan;
  const inks = rampInks(page.info.ramp, Math.sqrt);
  paint(canvas, width, height, (i) =>
    inks[high > 0 ? Math.round((255 * Math.max(map[i], 0)) / high) : 0]);
  const image = make('img', { src: page.pictureUrl, alt: '', class: 'grey' });
  return make('figure', { class: 'map' },
    make('div', { class: 'stack' }, image, canvas),
    make('figcaption', {}, mapWords(map, high, width)));
}

/** Say what the map shows. */
function mapWords(map, high, width) {
  if (!(high > 0)) return 'It is not active anywhere in this picture.';
  const { x, y } = placeOf(map.indexOf(high), width);
  const strong = map.filter((value) => value > high / 2).length;
  return 'Where it is active in this picture: bright is ' +
    `${high.toPrecision(3)}, its largest activation here, at x ${x}, ` +
    `y ${y}. It is above half of that on ${percent(strong / map.length)} of ` +
    'the picture.';
}

/** Show the training patches of a concept in a strip that scrolls. */
function patchStrip(page, k) {
  const { patches, labels } = page.info.patches[k];
  if (!patches.length) return [make('p', {}, 'No training patches.')];
  const strip = make('ol', { class: 'strip', tabindex: 0, role: 'list',
    'aria-label': 'Nearest training patches' },
  ...patches.map((patch, i) => patchItem(page, patch, i)));
  const scroll = (way) => strip.scrollBy({ left: way * strip.clientWidth });
  const total = sumOf(labels.map(([, count]) => count));
  const words = labels.map(([c, n]) => `${labelName(page, c)} ${n}`);
  return [
    make('h4', {}, 'Its nearest training patches'),
    make('p', {}, `${patches.length} of ${total}; labels of all: ` +
      `${words.join(', ')}. Solid: field of the last kernel. Thin: the ` +
      'cell. Dashed: everything that can matter in theory.'),
    make('p', { class: 'controls' },
      button('Scroll to earlier patches', () => scroll(-1)),
      button('Scroll to later patches', () => scroll(1))),
    strip];
}

/** Show a patch: its crop if it is here, its place, its facts. */
function patchItem(page, patch, index) {
  const label = labelName(page, patch.label);
  const scale = patch.dilation ? `dilation ${patch.dilation}`
    : `scale ${patch.scale}`;
  const views = [];
  if (patch.picture) {
    const [start, length] = patch.picture;
    const bytes = page.arrays.patches.subarray(start, start + length);
    const href = pictureUrl(bytes);
    views.push(patchView(page, patch, patch.crop, href, { role: 'img',
      'aria-label': `Training patch ${index + 1}`, class: 'crop' }));
  }
  const whole = [0, 0, patch.size[1], patch.size[0]];
  // hidden, since the caption says the same
  views.push(patchView(page, patch, whole, null, { 'aria-hidden': 'true',
    class: 'locator' }));
  return make('li', {}, make('figure', {}, ...views,
    make('figcaption', {}, make('strong', {}, label),
      ` similarity ${patch.similarity.toFixed(2)}, ${scale}`,
      make('br'), ...patchSource(patch))));
}

/** Name the file of a patch, with a link where the page has one. */
function patchSource(patch) {
  const name = patch.image.split('/').at(-1);
  const source = [patch.href ? make('a', { href: patch.href }, name) : name,
    make('br'), `row ${patch.row}, column ${patch.column}`];
  if (patch.sha256) {
    source.push(make('br'), 'SHA-256 ', make('code', {}, patch.sha256));
  }
  return source;
}

/** Draw a patch's outlines over its crop, or over its image's frame. */
function patchView(page, patch, [x0, y0, x1, y1], href, attributes) {
  const size = { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
  const view = make('svg:svg', {
    viewBox: `${x0} ${y0} ${x1 - x0} ${y1 - y0}`, ...attributes });
  view.append(href
    ? make('svg:image', { ...size, href, preserveAspectRatio: 'none' })
    : make('svg:rect', { ...size, class: 'frame' }));
  const field = page.info.scales[patch.scale]?.field;
  const [cx0, cy0, cx1, cy1] = patch.cell;
  const frame = { width: patch.size[1], height: patch.size[0] };
  view.append(
    theoryMark((cx0 + cx1) / 2, (cy0 + cy1) / 2, field, frame),
    outline(patch.field, 'kernel', 'Field of the last kernel'),
    outline(patch.cell, 'cell', 'The cell'));
  return view;
}

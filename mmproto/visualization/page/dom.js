// Small helpers. Strings from outside become text nodes, never markup.

const SVG = 'http://www.w3.org/2000/svg';

/** Return the element with an id. */
function byId(id) {
  return document.getElementById(id);
}

/**
 * Make an element.
 * @param {string} tag - Name, with 'svg:' before those of SVG.
 * @param {Object} attributes - Values; handlers as functions, false for none.
 * @param {...(Node|string|number)} children - Texts or elements.
 */
function make(tag, attributes = {}, ...children) {
  const element = tag.startsWith('svg:')
    ? document.createElementNS(SVG, tag.slice(4))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children.map((c) => (c instanceof Node ? c : String(c))));
  return element;
}

/** Replace the content of an element. */
function fill(element, ...children) {
  element.replaceChildren(...children);
}

/** Limit a value to a range. */
function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/** Add numbers up. */
function sumOf(numbers) {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}

/** List the indices of numbers, largest first, ties in their order. */
function ranked(numbers) {
  return numbers.map((_, i) => i).sort((a, b) => numbers[b] - numbers[a]);
}

/** Write a number with its sign. */
function signed(value, digits) {
  return (value > 0 ? '+' : '') + value.toFixed(digits);
}

/** Write a share in percent, never as 0 or 100 if it is only near. */
function percent(share) {
  if (share > 0 && share < 0.0005) return 'less than 0.1 %';
  if (share < 1 && share >= 0.9995) return 'more than 99.9 %';
  return `${(100 * share).toFixed(1)} %`;
}

/** Write a number of pixels. */
function pixelWords(count) {
  return `${count.toLocaleString('en')} pixel${count === 1 ? '' : 's'}`;
}

/** Write a number of concepts. */
function conceptsWords(count) {
  return count === 1 ? '1 concept' : `${count} concepts`;
}

/** Write a list: "a, b and c". */
function listed(words) {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** Name a concept by its number, and by its name if it has one. */
function named(model, k) {
  const name = model.names[k];
  return `concept ${model.concepts[k]}${name ? ` “${name}”` : ''}`;
}

/** Make a button that opens a concept, in a column titled "Concept". */
function conceptButton(page, k, scroll) {
  const name = page.model.names[k];
  const number = page.model.concepts[k];
  return button(name ? `${number} “${name}”` : number,
    () => page.chooseConcept(k, scroll), {
      'aria-label': capital(named(page.model, k)),
      'data-concept': number,
    });
}

/** Let a text start with a capital letter. */
function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

/** Make a button. */
function button(label, click, attributes = {}) {
  return make('button', { type: 'button', click, ...attributes }, label);
}

/** Make a table cell with a number, whose exact value tools can read. */
function numberCell(text, value) {
  return make('td', { class: 'number', 'data-value': value }, text);
}

/** Make a table that scrolls where it is too wide. */
function table(caption, head, rows, attributes = {}, ...foot) {
  const cells = head.map((title) => title instanceof Node ? title
    : make('th', { scope: 'col' }, title));
  return make('div', { class: 'scroll' }, make('table', attributes,
    make('caption', {}, ...caption),
    make('thead', {}, make('tr', {}, ...cells)),
    make('tbody', {}, ...rows), ...foot));
}

// Small helpers. Outside strings become text nodes, never markup.

const SVG = 'http://www.w3.org/2000/svg';

/** The element with an id. */
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

/** Replace what an element holds. */
function fill(element, ...children) {
  element.replaceChildren(...children);
}

/** A number with its sign. */
function signed(value, digits) {
  return (value > 0 ? '+' : '') + value.toFixed(digits);
}

/** A share in percent, never 0 or 100 for what is only near it. */
function percent(share) {
  if (share > 0 && share < 0.0005) return 'less than 0.1 %';
  if (share < 1 && share >= 0.9995) return 'more than 99.9 %';
  return `${(100 * share).toFixed(1)} %`;
}

/** A number of pixels in words. */
function pixelWords(count) {
  return `${count.toLocaleString('en')} pixel${count === 1 ? '' : 's'}`;
}

/** A number of concepts in words. */
function conceptsWords(count) {
  return count === 1 ? '1 concept' : `${count} concepts`;
}

/** A list in words: "a, b and c". */
function listed(words) {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** A concept by its number, and its name if somebody gave it one. */
function named(model, k) {
  const name = model.names[k];
  return `concept ${model.concepts[k]}${name ? ` “${name}”` : ''}`;
}

/** A button that opens a concept, below a heading that says so. */
function conceptButton(page, k, scroll) {
  const name = page.model.names[k];
  const number = page.model.concepts[k];
  return button(name ? `${number} “${name}”` : number,
    () => page.chooseConcept(k, scroll), {
      'aria-label': capital(named(page.model, k)),
      'data-concept': number,
    });
}

/** A text that starts with a capital letter. */
function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

/** A button. */
function button(label, click, attributes = {}) {
  return make('button', { type: 'button', click, ...attributes }, label);
}

/** A cell of a table with a number, whose exact value tools can read. */
function numberCell(text, value) {
  return make('td', { class: 'number', 'data-value': value }, text);
}

// Why: what each concept contributes to each class at a place.

const VOID = 65535;

/** Pixels that a selection covers. */
function selectedPixels(model, selection, labels) {
  const { width } = model.plan;
  if (selection.kind === 'segment') {
    const start = selection.y * width + selection.x;
    const seen = new Uint8Array(labels.length);
    return floodFill(labels, width, start, seen);
  }
  const { x0, y0, x1, y1 } = selection.kind === 'box'
    ? selection
    : { x0: selection.x, y0: selection.y, x1: selection.x, y1: selection.y };
  const pixels = [];
  for (let y = Math.min(y0, y1); y <= Math.max(y0, y1); y += 1) {
    for (let x = Math.min(x0, x1); x <= Math.max(x0, x1); x += 1) {
      pixels.push(y * width + x);
    }
  }
  return pixels;
}

/** Pixels of the same label that hang together with a pixel. */
function floodFill(labels, width, start, seen) {
  const pixels = [start];
  seen[start] = 1;
  const visit = (other) => {
    // beyond the picture there is no label
    if (labels[other] !== labels[start] || seen[other]) return;
    seen[other] = 1;
    pixels.push(other);
  };
  for (let next = 0; next < pixels.length; next += 1) {
    const pixel = pixels[next];
    const column = pixel % width;
    visit(pixel - width);
    visit(pixel + width);
    if (column > 0) visit(pixel - 1);
    if (column < width - 1) visit(pixel + 1);
  }
  return pixels;
}

/** Explain the mean evidence of some pixels, with the weights in force. */
function explainPixels(model, weights, pixels) {
  const { activations: maps, count, plan } = model;
  const shares = cellShares(plan, pixels);
  const activations = new Float64Array(count);
  for (let k = 0; k < count; k += 1) {
    for (const { cell, share } of shares) {
      activations[k] += share * maps[k * plan.cells + cell];
    }
  }
  const evidence = model.classes.map((_, label) =>
    contributionsTo({ activations, weights }, label).reduce(add, 0));
  const order = evidence.map((_, label) => label);
  order.sort((a, b) => evidence[b] - evidence[a] || a - b);
  return {
    pixels,
    activations,
    weights,
    evidence,
    order,
    winner: order[0],
    runnerUp: order[1] ?? null,
    probabilities: probabilitiesOf(model.link, evidence),
    nearest: mainCell(shares),
  };
}

function add(sum, value) {
  return sum + value;
}

/** The cell that counts most. */
function mainCell(shares) {
  return shares.reduce((a, b) => (b.share > a.share ? b : a)).cell;
}

/** What each concept contributes to a class. */
function contributionsTo({ activations, weights }, label) {
  const count = activations.length;
  return Array.from(activations, (a, k) => weights[label * count + k] * a);
}

/** Fewest concepts that reach the coverage of what speaks for the class. */
function neededConcepts(contributions, coverage) {
  const order = contributions.map((_, k) => k);
  order.sort((a, b) => contributions[b] - contributions[a] || a - b);
  const total = contributions.reduce((sum, v) => sum + Math.max(v, 0), 0);
  const needed = [];
  let reached = 0;
  for (const k of order) {
    if (contributions[k] <= 0 || reached >= coverage * total) break;
    reached += contributions[k];
    needed.push(k);
  }
  return needed;
}

/** The lead of the winner over another class in words. */
function marginWords(model, explanation) {
  const { winner, runnerUp, evidence, probabilities } = explanation;
  if (runnerUp === null) return '';
  const lead = evidence[winner] - evidence[runnerUp];
  const share = probabilities[winner] - probabilities[runnerUp];
  const width = share > 0.5 ? 'a wide' : share > 0.15 ? 'a clear' : 'a narrow';
  return `${width} lead of ${lead.toFixed(4)} over the runner-up, ` +
    `${model.classes[runnerUp]} (evidence ${evidence[runnerUp].toFixed(4)}, ` +
    `probability ${probabilities[runnerUp].toFixed(2)})`;
}

/** The sides of a rectangle, in words. */
function boxWords({ x0, y0, x1, y1 }) {
  const side = (a, b) => `${Math.min(a, b)} to ${Math.max(a, b)}`;
  return `x ${side(x0, x1)}, y ${side(y0, y1)}`;
}

/** Where a selection is, in words. */
function placeWords(selection, pixels) {
  if (selection.kind === 'point') {
    return `At x ${selection.x}, y ${selection.y}`;
  }
  const region = selection.kind === 'box'
    ? `the rectangle ${boxWords(selection)}` : 'this segment';
  return `Over ${region} (${pixelWords(pixels.length)}), on average`;
}

/** The concepts that a decision rests on, in a sentence if there are any. */
function becauseWords(model, explanation, digits) {
  const parts = contributionsTo(explanation, explanation.winner);
  const needed = neededConcepts(parts, model.coverage);
  const reasons = needed.slice(0, 3)
    .map((k) => `${named(model, k)} (${parts[k].toFixed(digits)})`);
  if (needed.length > 3) reasons.push(`${needed.length - 3} more`);
  return needed.length ? `Because of ${listed(reasons)}.` : '';
}

/** The explanation in sentences. */
function sentenceOf(model, explanation, selection) {
  const { winner, evidence, probabilities, pixels } = explanation;
  const place = placeWords(selection, pixels);
  const because = becauseWords(model, explanation, 4);
  if (!because) return `${place}: no concept speaks for any class.`;
  const margin = marginWords(model, explanation);
  return `${place}: ${model.classes[winner]} (evidence ` +
    `${evidence[winner].toFixed(4)}, probability ` +
    `${probabilities[winner].toFixed(2)})${margin ? `, ${margin}` : ''}. ` +
    because;
}

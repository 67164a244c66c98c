// Why: what each concept contributes to each class at a place.

const VOID = 65535;

/** Return a pixel's place, counted row by row. */
function placeOf(pixel, width) {
  return { x: pixel % width, y: Math.floor(pixel / width) };
}

/** Make the selection of a rectangle between two places. */
function boxBetween(from, to) {
  return { kind: 'box', x0: from.x, y0: from.y, x1: to.x, y1: to.y };
}

/** Return left, top, right and bottom of a rectangle, all inside it. */
function sidesOf({ x0, y0, x1, y1 }) {
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1),
    Math.max(y0, y1)];
}

/** List the pixels that a selection covers. */
function selectedPixels(model, selection, labels) {
  const { width } = model.plan;
  if (selection.kind === 'segment') {
    const start = selection.y * width + selection.x;
    const seen = new Uint8Array(labels.length);
    return floodFill(labels, width, start, seen);
  }
  const [left, top, right, bottom] = sidesOf(selection.kind === 'box'
    ? selection : boxBetween(selection, selection));
  const pixels = [];
  for (let y = top; y <= bottom; y += 1) {
    for (let x = left; x <= right; x += 1) pixels.push(y * width + x);
  }
  return pixels;
}

/** List the pixels of the same label that are connected with a pixel. */
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
    sumOf(contributionsTo({ activations, weights }, label)));
  const [winner, runnerUp = null] = ranked(evidence);
  return {
    pixels,
    activations,
    weights,
    evidence,
    winner,
    runnerUp,
    probabilities: probabilitiesOf(model, evidence),
    nearest: mainCell(shares),
  };
}

/** Find the cell that counts most. */
function mainCell(shares) {
  return shares.reduce((a, b) => (b.share > a.share ? b : a)).cell;
}

/** Compute what each concept contributes to a class. */
function contributionsTo({ activations, weights }, label) {
  const count = activations.length;
  return Array.from(activations, (a, k) => weights[label * count + k] * a);
}

/** Find the fewest concepts that cover what speaks for the class. */
function neededConcepts(contributions, coverage) {
  const total = sumOf(contributions.map((value) => Math.max(value, 0)));
  const needed = [];
  let reached = 0;
  for (const k of ranked(contributions)) {
    if (contributions[k] <= 0 || reached >= coverage * total) break;
    reached += contributions[k];
    needed.push(k);
  }
  return needed;
}

/** Describe the lead of the winner over the runner-up. */
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

/** Describe the sides of a rectangle. */
function boxWords(box) {
  const [left, top, right, bottom] = sidesOf(box);
  return `x ${left} to ${right}, y ${top} to ${bottom}`;
}

/** Say where a selection is. */
function placeWords(selection, pixels) {
  if (selection.kind === 'point') {
    return `At x ${selection.x}, y ${selection.y}`;
  }
  const region = selection.kind === 'box'
    ? `the rectangle ${boxWords(selection)}` : 'this segment';
  return `Over ${region} (${pixelWords(pixels.length)}), on average`;
}

/** Name the concepts that a decision rests on, if there are any. */
function becauseWords(model, explanation, digits) {
  const parts = contributionsTo(explanation, explanation.winner);
  const needed = neededConcepts(parts, model.coverage);
  const reasons = needed.slice(0, 3)
    .map((k) => `${named(model, k)} (${parts[k].toFixed(digits)})`);
  if (needed.length > 3) reasons.push(`${needed.length - 3} more`);
  return needed.length ? `Because of ${listed(reasons)}.` : '';
}

/** Say the explanation in sentences. */
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

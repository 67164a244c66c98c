// What the model predicts with the class weights in force.

const TINY = 1e-30; // as in the link "share" of the model
const LARGEST = 700; // evidence whose exponential is still a number

/** Return the class weights (C,K), zero for concepts switched off. */
function weightsInForce(weights, count, off) {
  return weights.map((weight, i) => (off.has(i % count) ? 0 : weight));
}

/** Compute the evidence of one class at all cells. */
function cellEvidence(model, weights, label) {
  const { activations, count, plan } = model;
  const evidence = new Float64Array(plan.cells);
  for (let k = 0; k < count; k += 1) {
    const weight = weights[label * count + k];
    if (weight === 0) continue;
    const start = k * plan.cells;
    for (let i = 0; i < plan.cells; i += 1) {
      evidence[i] += weight * activations[start + i];
    }
  }
  return evidence;
}

/** Return the link: evidence to what probabilities are proportional to. */
function linkOf({ link, sharpness }) {
  if (link === 'share') return (o) => (o + TINY) ** sharpness;
  if (link === 'log1p_square') return (o) => 1 + o ** sharpness;
  return (o) => Math.exp(Math.min(sharpness * o, LARGEST));
}

/** Compute the probabilities of the classes at one place. */
function probabilitiesOf(model, evidence) {
  const parts = evidence.map(linkOf(model));
  const total = sumOf(parts);
  return parts.map((part) => part / total);
}

/**
 * Predict every pixel, one class after the other.
 * @returns {{labels: Uint16Array, confidence: Float32Array}}
 */
function predict(model, weights) {
  const pixels = model.plan.height * model.plan.width;
  const labels = new Uint16Array(pixels);
  const best = new Float32Array(pixels).fill(-Infinity);
  const total = new Float64Array(pixels);
  const link = linkOf(model);
  for (let label = 0; label < model.classes.length; label += 1) {
    const cells = cellEvidence(model, weights, label);
    const evidence = toPixels(model.plan, cells);
    for (let i = 0; i < pixels; i += 1) {
      total[i] += link(evidence[i]);
      if (evidence[i] > best[i]) {
        best[i] = evidence[i];
        labels[i] = label;
      }
    }
  }
  const confidence = best.map((evidence, i) => link(evidence) / total[i]);
  return { labels, confidence };
}

/** Count the pixels of each class. */
function countLabels(labels, classes) {
  const counts = new Array(classes).fill(0);
  for (const label of labels) if (label < classes) counts[label] += 1;
  return counts;
}

/** Compute the share of pixels with another label. */
function changedShare(before, after) {
  let changed = 0;
  for (let i = 0; i < before.length; i += 1) {
    if (before[i] !== after[i]) changed += 1;
  }
  return changed / before.length;
}

/** Compute the share of labelled pixels that are right; null without any. */
function accuracyOf(labels, truth) {
  if (!truth) return null;
  let right = 0;
  let known = 0;
  for (let i = 0; i < truth.length; i += 1) {
    if (truth[i] === VOID) continue;
    known += 1;
    if (labels[i] === truth[i]) right += 1;
  }
  return known ? right / known : null;
}

// What the model predicts with the class weights in force.

const TINY = 1e-30; // as in the link "share" of the model
const LARGEST = 700; // evidence whose exponential is still a number

/** Class weights (C,K), with the concepts that are switched off at zero. */
function weightsInForce(weights, count, off) {
  return weights.map((weight, i) => (off.has(i % count) ? 0 : weight));
}

/** Evidence of one class at all cells. */
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

/** The link: evidence to what probabilities are in proportion to. */
function linkOf(name) {
  if (name === 'share') return (o) => o + TINY;
  if (name === 'log1p_square') return (o) => 1 + o * o;
  return (o) => Math.exp(Math.min(o, LARGEST));
}

/** Probabilities of the classes at one place. */
function probabilitiesOf(link, evidence) {
  const parts = evidence.map(linkOf(link));
  const total = parts.reduce((sum, part) => sum + part, 0);
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
  const link = linkOf(model.link);
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

/** Pixels of every class. */
function countLabels(labels, classes) {
  const counts = new Array(classes).fill(0);
  for (const label of labels) if (label < classes) counts[label] += 1;
  return counts;
}

/** Share of pixels with another label. */
function changedShare(before, after) {
  let changed = 0;
  for (let i = 0; i < before.length; i += 1) {
    if (before[i] !== after[i]) changed += 1;
  }
  return changed / before.length;
}

/** Share of the labelled pixels that are right, or null without labels. */
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

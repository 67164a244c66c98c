// From the compressed string to numbers.

const TYPES = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  float32: Float32Array,
};

/** Decode the page's string: plain types, and arrays by name. */
async function readPayload(text) {
  const packed = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed])
    .stream()
    .pipeThrough(new DecompressionStream('deflate'));
  const blob = await new Response(stream).arrayBuffer();
  const length = new DataView(blob).getUint32(0, true);
  const bytes = new Uint8Array(blob);
  const json = new TextDecoder().decode(bytes.subarray(4, 4 + length));
  const info = JSON.parse(json);
  const arrays = {};
  for (const [name, entry] of Object.entries(info.arrays)) {
    const start = 4 + length + entry.offset;
    const part = bytes.subarray(start, start + entry.bytes);
    arrays[name] = unshuffle(part, TYPES[entry.type]);
  }
  if ('step' in arrays) arrays.activations = unround(arrays);
  return { info, arrays };
}

/** Put the bytes of each number together again. */
function unshuffle(part, Type) {
  const width = Type.BYTES_PER_ELEMENT;
  const count = part.length / width;
  const bytes = new Uint8Array(part.length);
  for (let byte = 0; byte < width; byte += 1) {
    for (let i = 0; i < count; i += 1) {
      bytes[i * width + byte] = part[byte * count + i];
    }
  }
  return new Type(bytes.buffer);
}

/** Turn activations that were rounded to 16 bits back into floats. */
function unround({ activations, lowest, step }) {
  const cells = activations.length / step.length;
  return Float32Array.from(activations, (level, i) => {
    const concept = Math.floor(i / cells);
    return lowest[concept] + step[concept] * level;
  });
}

/** Return an address for a picture of the page. */
function pictureUrl(bytes) {
  return URL.createObjectURL(new Blob([bytes], { type: 'image/webp' }));
}

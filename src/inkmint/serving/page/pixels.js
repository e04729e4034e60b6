// Small pictures as numbers: the ink of a digit, what the network sees, sheets of digits.

const READ_TYPES = ["image/png", "image/jpeg", "image/webp"];
const MASK_SHARE = 0.5; // of the colour where it counts most
const LARGE_BYTES = 4e6;
const LONGEST_PX = 3000; // of a picture that is made smaller

/** A data URI as bytes; the page may not fetch it, as its policy allows addresses of its own origin alone. */
export function blobOf(uri) {
  const [head, body] = uri.split(",", 2);
  const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: head.slice("data:".length).split(";")[0] });
}

async function pixelsOf(uri, width, height) {
  const bitmap = await createImageBitmap(blobOf(uri));
  const canvas = new OffscreenCanvas(width ?? bitmap.width, height ?? bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** How bright each pixel is, in [0, 1]. */
function brightness({ data }) {
  return Float32Array.from({ length: data.length / 4 }, (_, pixel) => {
    const [red, green, blue] = data.subarray(4 * pixel, 4 * pixel + 3);
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
  });
}

/** A canvas whose opacity is the ink of a picture; `paper` says that its ink is dark. */
export async function inkOf(uri, paper) {
  const pixels = await pixelsOf(uri);
  brightness(pixels).forEach((bright, pixel) => {
    pixels.data.set([0, 0, 0, 255 * (paper ? 1 - bright : bright)], 4 * pixel);
  });
  const canvas = new OffscreenCanvas(pixels.width, pixels.height);
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}

/**
 * What the network sees, and where it looks, in the colours of the page.
 * @param {string} seen bright ink on dark, as a data URI
 * @param {?string} mask the brighter, the more it counts
 * @param {{paper: string, ink: string, mask: string}} colours as `#rrggbb`
 * @returns {Promise<ImageData>}
 */
export async function seenPixels(seen, mask, colours) {
  const pixels = await pixelsOf(seen);
  const { width, height } = pixels;
  const ink = brightness(pixels);
  const weight = mask ? brightness(await pixelsOf(mask, width, height)) : null;
  const [paperRgb, inkRgb, maskRgb] = [colours.paper, colours.ink, colours.mask].map(rgb);
  for (let pixel = 0; pixel < ink.length; pixel++) {
    const share = weight ? MASK_SHARE * weight[pixel] : 0;
    for (let channel = 0; channel < 3; channel++) {
      const drawn = mixed(paperRgb[channel], inkRgb[channel], ink[pixel]);
      pixels.data[4 * pixel + channel] = mixed(drawn, maskRgb[channel], share);
    }
    pixels.data[4 * pixel + 3] = 255;
  }
  return pixels;
}

function mixed(one, other, share) {
  return one + (other - one) * share;
}

function rgb(hex) {
  return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

/**
 * A file that the server reads: pictures of other kinds, and large ones, are turned into such.
 * @param {File} file
 * @returns {Promise<Blob>}
 */
export async function readable(file) {
  const isPdf = file.type === "application/pdf";
  if (isPdf || (READ_TYPES.includes(file.type) && file.size <= LARGE_BYTES)) return file;
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return file; // the server says what is wrong with it
  }
  const factor = Math.min(1, LONGEST_PX / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * factor), Math.round(bitmap.height * factor));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // behind what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}

/** Pictures of one size in rows, enlarged without blur, as a PNG. */
export async function sheetOf(uris, columns, factor) {
  const bitmaps = await Promise.all(uris.map((uri) => createImageBitmap(blobOf(uri))));
  const [width, height] = [bitmaps[0].width * factor, bitmaps[0].height * factor];
  const sheet = new OffscreenCanvas(columns * width, Math.ceil(bitmaps.length / columns) * height);
  const context = sheet.getContext("2d");
  context.imageSmoothingEnabled = false;
  bitmaps.forEach((bitmap, index) => {
    context.drawImage(bitmap, (index % columns) * width, Math.floor(index / columns) * height, width, height);
  });
  return sheet.convertToBlob({ type: "image/png" });
}

// Pictures out of the scripts of the volume: `delta` streams and JPEGs (the format stands in README.md).
import { unzlibSync } from 'fflate';
import { fromBase64 } from '../bytes';
import type { EmbeddedImage } from '../volume';
import { Look, Picture, Pixels, VoiFunction, grey, plainLook } from './picture';

export async function embeddedPicture(image: EmbeddedImage, index: number): Promise<Picture> {
  const bytes = fromBase64(image.data[index]);
  const pixels = image.codec === 'jpeg' ? await fromJpeg(bytes, image) : fromDelta(bytes, image);
  return { pixels, look: lookOf(image), source: 'embedded', original: image.original };
}

function lookOf(image: EmbeddedImage): Look {
  const [row, column] = image.spacing ?? [];
  const spacing: [number, number] | undefined = row && column && row > 0 && column > 0 ? [row, column] : undefined;
  const [right, bottom] = image.orientation ?? [];
  return {
    ...plainLook(),
    slope: image.slope || 1, intercept: image.intercept ?? 0, unit: image.unit ?? '',
    windows: (image.windows ?? []).map(([centre, width, name]) => ({ centre, width: Math.max(width, 1e-6), name: name ?? '' })),
    fn: (image.function || 'LINEAR') as VoiFunction, invert: !!image.invert,
    spacing, spacingKind: image.spacingKind ?? '', aspect: spacing ? spacing[0] / spacing[1] : image.aspect || 1,
    orientation: right && bottom ? [right, bottom] : undefined,
    lossy: image.lossy ?? image.codec === 'jpeg',
  };
}

/** Low bytes, then high bytes, of 16-bit differences: to the left, in column 0 to the pixel above. */
export function fromDelta(bytes: Uint8Array, { rows, columns, signed }: EmbeddedImage): Pixels {
  const planes = unzlibSync(bytes);
  const area = rows * columns;
  if (planes.length < 2 * area) throw new Error('short frame');
  const words = new Uint16Array(area);
  for (let y = 0, i = 0; y < rows; y++) {
    let sum = y ? words[i - columns] : 0;
    for (let x = 0; x < columns; x++, i++) words[i] = sum += planes[i] | (planes[area + i] << 8);
  }
  return grey(signed ? new Int16Array(words.buffer) : words, rows, columns);
}

async function fromJpeg(bytes: Uint8Array, { samples, signed }: EmbeddedImage): Promise<Pixels> {
  const bitmap = await createImageBitmap(new Blob([bytes as BlobPart], { type: 'image/jpeg' }), { colorSpaceConversion: 'none' });
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  bitmap.close();
  if ((samples ?? 1) >= 3) return { kind: 'colour', rows: height, columns: width, data };
  const values = signed ? new Int16Array(width * height) : new Uint8Array(width * height);
  for (let i = 0; i < values.length; i++) values[i] = data[4 * i];
  return grey(values, height, width);
}

// Thumbnails of series, one after the other, so that they do not hold up the image that is looked at.
import { paint, firstWindow } from '../image/voi';
import type { Picture } from '../image/picture';
import type { Source } from '../source';
import type { Series } from '../volume';
import { isImage } from './stack';

let queue: Promise<unknown> = Promise.resolve();

export function thumbnail(source: Source, series: Series, canvas: HTMLCanvasElement): void {
  const images = (series.instances ?? []).filter(isImage);
  const middle = images[images.length >> 1];
  if (!middle) return;
  if (!middle.script && !source.fileOf(middle)) return;
  queue = queue.then(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const frames = source.frames(middle);
    if (canvas.isConnected) draw(await source.picture(middle, frames[frames.length >> 1]), canvas);
  }).catch(() => undefined);
}

function draw({ pixels, look }: Picture, canvas: HTMLCanvasElement): void {
  const { rows, columns } = pixels;
  const whole = document.createElement('canvas');
  [whole.width, whole.height] = [columns, rows];
  const image = new ImageData(columns, rows);
  if (pixels.kind === 'colour') image.data.set(pixels.data);
  else paint(pixels, look, look.windows.length || !look.tables.length ? firstWindow(look, pixels) : { ...firstWindow(look, pixels), table: 0 }, false, new Uint32Array(image.data.buffer));
  whole.getContext('2d')!.putImageData(image, 0, 0);
  const [w, h] = [columns, rows * look.aspect];
  const scale = Math.min(canvas.width / w, canvas.height / h);
  const context = canvas.getContext('2d')!;
  context.imageSmoothingQuality = 'high';
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(whole, (canvas.width - w * scale) / 2, (canvas.height - h * scale) / 2, w * scale, h * scale);
}

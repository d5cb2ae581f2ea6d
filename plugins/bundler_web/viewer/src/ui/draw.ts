// Drawing a pane: the image through its transform, then the measurements on top.
import { Point, apply } from '../image/geometry';
import type { Measured } from '../image/measure';
import type { Pixels, Look } from '../image/picture';
import { Chosen, paint } from '../image/voi';
import { decimal, t } from '../texts';

/** The image in its own size, painted anew only when pixels, window or polarity change. */
export class Buffer {
  readonly canvas = document.createElement('canvas');
  private key: unknown[] = [];

  update(pixels: Pixels, look: Look, chosen: Chosen | undefined, invert: boolean): void {
    const key = [pixels, chosen?.centre, chosen?.width, chosen?.table, invert];
    if (key.every((part, i) => part === this.key[i])) return;
    this.key = key;
    const { canvas } = this;
    if (canvas.width !== pixels.columns || canvas.height !== pixels.rows) [canvas.width, canvas.height] = [pixels.columns, pixels.rows];
    const context = canvas.getContext('2d', { alpha: false })!;
    const image = context.createImageData(pixels.columns, pixels.rows);
    const words = new Uint32Array(image.data.buffer);
    if (pixels.kind === 'grey') paint(pixels, look, chosen ?? { centre: 128, width: 256 }, invert, words);
    else {
      image.data.set(pixels.data);
      if (invert) for (let i = 0; i < words.length; i++) words[i] ^= 0xffffff;
    }
    context.putImageData(image, 0, 0);
  }
}

export function drawImage(canvas: HTMLCanvasElement, source: HTMLCanvasElement, toScreen: DOMMatrix, ratio: number): void {
  const context = canvas.getContext('2d', { alpha: false })!;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = '#000';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.setTransform(new DOMMatrix().scale(ratio).multiply(toScreen));
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
}

const LINE = '#ffd166';

export function drawMeasurements(canvas: HTMLCanvasElement, all: Measured[], toScreen: DOMMatrix): void {
  const context = canvas.getContext('2d')!;
  context.lineJoin = context.lineCap = 'round';
  for (const one of all) {
    const points = one.points.map((p) => apply(toScreen, p));
    stroke(context, points);
    const end = points[one.kind === 'angle' ? 1 : points.length - 1];
    label(context, caption(one), one.kind === 'angle' ? { x: end.x - 24, y: end.y + 24 } : end);
  }
}

export function caption({ value, unit, spacingKind }: Measured): string {
  const kind = spacingKind === 'patient' ? ` ${t('spacingPatient')}` : spacingKind === 'detector' ? ` ${t('spacingDetector')}` : '';
  return `${decimal(value, 1)}${unit === '°' ? '' : ' '}${unit}${kind}`;
}

function stroke(context: CanvasRenderingContext2D, points: Point[]): void {
  for (const [colour, width] of [['rgba(0,0,0,.7)', 4], [LINE, 1.75]] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    points.forEach(({ x, y }, i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
    for (const { x, y } of points) {
      context.beginPath();
      context.arc(x, y, 4, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

function label(context: CanvasRenderingContext2D, text: string, { x, y }: Point): void {
  context.font = '600 14px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const width = context.measureText(text).width + 14;
  const left = Math.max(4, Math.min(x + 12, context.canvas.clientWidth - width - 4));
  context.fillStyle = 'rgba(10,14,19,.82)';
  context.beginPath();
  context.roundRect(left, y - 12, width, 24, 6);
  context.fill();
  context.fillStyle = LINE;
  context.fillText(text, left + 7, y + 1);
}

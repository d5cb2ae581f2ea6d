// Lengths and angles drawn by the reader. Points are parts of width and height (0..1), so that they stay where they are
// when a reduced copy gives way to the full image.
import type { Point } from './geometry';
import type { Look } from './picture';

export interface Measurement { kind: 'length' | 'angle'; points: Point[]; key: string }

export interface Measured { kind: 'length' | 'angle'; value: number; unit: 'mm' | 'px' | '°'; spacingKind: string; points: Point[] }

interface Size { rows: number; columns: number }

/** Value and unit; points in pixels of the image. */
export function measured({ kind, points }: Measurement, look: Look, { rows, columns }: Size): Measured {
  const pixels = points.map(({ x, y }) => ({ x: x * columns, y: y * rows }));
  const [down, across] = look.spacing ?? [look.aspect, 1];
  const vector = (a: Point, b: Point) => ({ x: (b.x - a.x) * across, y: (b.y - a.y) * down });
  if (kind === 'length') {
    const { x, y } = vector(pixels[0], pixels[1]);
    return { kind, value: Math.hypot(x, y), unit: look.spacing ? 'mm' : 'px', spacingKind: look.spacing ? look.spacingKind : '', points: pixels };
  }
  const [a, b] = [vector(pixels[1], pixels[0]), vector(pixels[1], pixels[2] ?? pixels[0])];
  const turn = Math.abs(Math.atan2(a.x * b.y - a.y * b.x, a.x * b.x + a.y * b.y));
  return { kind, value: (turn * 180) / Math.PI, unit: '°', spacingKind: '', points: pixels };
}

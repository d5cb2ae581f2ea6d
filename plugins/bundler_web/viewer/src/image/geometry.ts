// Where image pixels lie on the screen. Image coordinates count pixels from the top left corner of the image (x right, y down,
// the middle of the first pixel is 0.5, 0.5); screen coordinates are CSS pixels of the pane.

export interface Point { x: number; y: number }

export interface View {
  /** Screen pixels (of the device) per image pixel; undefined fits the image into the pane. */
  zoom?: number;
  pan: Point;
  /** Quarter turns clockwise, after mirroring. */
  turns: number;
  mirrored: boolean;
}

export const plainView = (): View => ({ pan: { x: 0, y: 0 }, turns: 0, mirrored: false });

export interface Frame { width: number; height: number; rows: number; columns: number; aspect: number; ratio: number }

/** The zoom at which the whole image is seen. */
export function fitZoom({ width, height, rows, columns, aspect, ratio }: Frame, turns: number): number {
  const [w, h] = turns % 2 ? [rows * aspect, columns] : [columns, rows * aspect];
  return Math.min(width / w, height / h) * ratio;
}

/** From image to screen. */
export function matrix(view: View, frame: Frame): DOMMatrix {
  const zoom = (view.zoom ?? fitZoom(frame, view.turns)) / frame.ratio;
  return new DOMMatrix()
    .translate(frame.width / 2 + view.pan.x, frame.height / 2 + view.pan.y)
    .rotate(90 * view.turns)
    .scale(view.mirrored ? -zoom : zoom, zoom * frame.aspect)
    .translate(-frame.columns / 2, -frame.rows / 2);
}

export function apply(m: DOMMatrix, { x, y }: Point): Point {
  return { x: m.a * x + m.c * y + m.e, y: m.b * x + m.d * y + m.f };
}

/** Letters at the top, right, bottom and left edge as the view is turned. */
export function edges([right, bottom]: [string, string], view: View): [string, string, string, string] {
  let around = [opposite(bottom), right, bottom, opposite(right)];
  if (view.mirrored) around = [around[0], around[3], around[2], around[1]];
  const turned = around.map((_, i) => around[(i - view.turns + 8) % 4]);
  return turned as [string, string, string, string];
}

const OPPOSITE: Record<string, string> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' };
const opposite = (letters: string) => [...letters].map((c) => OPPOSITE[c] ?? c).join('');

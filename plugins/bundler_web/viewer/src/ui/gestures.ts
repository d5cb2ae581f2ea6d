// Pointers and wheel on a pane: one finger or the left button work the chosen tool, the middle button moves, the right one
// zooms, two fingers zoom and move, the wheel scrolls (with Ctrl it zooms).
import type { Point } from '../image/geometry';
import type { Measurement } from '../image/measure';
import type { Pane } from './pane';

export type Tool = 'scroll' | 'window' | 'zoom' | 'pan' | 'length' | 'angle' | 'probe';

export interface Hands { tool(): Tool; activate(pane: Pane): void; toggleSingle(pane: Pane): void }

const NOTCH = 60; // px of wheel per image, for touchpads
const GRAB = 14; // px around a handle

export function listen(pane: Pane, hands: Hands): void {
  const { canvas } = pane;
  const fingers = new Map<number, Point>();
  let drag: Drag | undefined;
  let wheel = 0;

  const at = (event: MouseEvent): Point => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  pane.root.addEventListener('pointerdown', () => hands.activate(pane), true);
  canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  canvas.addEventListener('dblclick', () => hands.toggleSingle(pane));

  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    if (event.button === 1) event.preventDefault();
    if (fingers.size === 1) drag = begin(pane, toolOf(event, hands.tool()), at(event));
    else drag?.cancel?.();
  });

  canvas.addEventListener('pointermove', (event) => {
    const point = at(event);
    const before = fingers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === 'mouse') pane.probeAt(point);
      drag?.hover?.(point);
      return;
    }
    if (fingers.size === 2) pinch(pane, fingers, event.pointerId, point);
    else drag?.move(point, { x: point.x - before.x, y: point.y - before.y });
    fingers.set(event.pointerId, point);
  });

  const end = (event: PointerEvent) => {
    if (!fingers.delete(event.pointerId)) return;
    if (!fingers.size) drag = drag?.end?.(at(event));
  };
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
  canvas.addEventListener('pointerleave', () => { if (!fingers.size) pane.probeAt(); });

  pane.stage.addEventListener('wheel', (event) => {
    if (!pane.picture && !(event.target as Element).closest('canvas')) return; // documents scroll themselves
    event.preventDefault();
    const delta = event.deltaMode ? event.deltaY * 40 : event.deltaY;
    if (event.ctrlKey || event.metaKey) return pane.setZoom(pane.zoom() * Math.exp(-delta / 400), at(event));
    wheel = Math.abs(delta) >= NOTCH ? Math.sign(delta) * NOTCH : wheel + delta;
    const steps = Math.trunc(wheel / NOTCH);
    wheel -= steps * NOTCH;
    if (steps) pane.step(steps);
  }, { passive: false });
}

function toolOf(event: PointerEvent, tool: Tool): Tool {
  return event.button === 1 ? 'pan' : event.button === 2 ? 'zoom' : tool;
}

function pinch(pane: Pane, fingers: Map<number, Point>, moved: number, now: Point): void {
  const [other] = [...fingers].filter(([id]) => id !== moved).map(([, point]) => point);
  const before = fingers.get(moved)!;
  const distance = (p: Point) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
  const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
  pane.move((now.x - before.x) / 2, (now.y - before.y) / 2);
  pane.setZoom((pane.zoom() * distance(now)) / distance(before), middle);
}

// ---- what a drag does, by tool

interface Drag {
  move(to: Point, by: Point): void;
  hover?(to: Point): void;
  /** What goes on after the button is up (the third point of an angle). */
  end?(at: Point): Drag | undefined;
  cancel?(): void;
}

function begin(pane: Pane, tool: Tool, start: Point): Drag {
  const handle = tool === 'length' || tool === 'angle' ? grab(pane, start) : undefined;
  if (handle) return handle;
  switch (tool) {
    case 'window': return { move: (_, by) => pane.dragWindow(by.x, by.y) };
    case 'pan': return { move: (_, by) => pane.move(by.x, by.y) };
    case 'zoom': return { move: (_, by) => pane.setZoom(pane.zoom() * Math.exp(-by.y / 150), start) };
    case 'probe': pane.probeAt(start); return { move: (to) => pane.probeAt(to) };
    case 'length': case 'angle': return measure(pane, tool, start);
    default: return scroll(pane);
  }
}

function scroll(pane: Pane): Drag {
  const step = Math.max(6, Math.min(30, pane.stage.clientHeight / Math.max(1, pane.stack.length)));
  let travelled = 0;
  return { move: (_, by) => {
    travelled += Math.abs(by.y) >= Math.abs(by.x) ? by.y : by.x;
    const steps = Math.trunc(travelled / step);
    travelled -= steps * step;
    if (steps) pane.step(steps);
  } };
}

/** A point of the screen in parts of the image. */
function part(pane: Pane, point: Point): Point | undefined {
  const at = pane.toImage(point);
  const size = pane.picture?.pixels;
  return at && size && { x: at.x / size.columns, y: at.y / size.rows };
}

/** Draws a new length or angle. An angle is a leg by dragging, then its second leg by a click. */
function measure(pane: Pane, kind: 'length' | 'angle', start: Point): Drag {
  const first = part(pane, start);
  if (!first) return { move: () => undefined };
  const made: Measurement = { kind, points: [first, first], key: pane.key() };
  pane.measurements.push(made);
  const remove = () => { pane.measurements = pane.measurements.filter((m) => m !== made); pane.redraw(); };
  const set = (index: number) => (to: Point) => { made.points[index] = part(pane, to) ?? made.points[index]; pane.redraw(); };
  const third: Drag = { move: set(2), hover: set(2), end: () => undefined };
  return {
    move: set(1), cancel: remove,
    end: (at) => {
      if (Math.hypot(at.x - start.x, at.y - start.y) < 4) { remove(); return undefined; }
      pane.host.changed(pane);
      if (kind === 'length') return undefined;
      made.points.push(made.points[1]);
      return waiting(third);
    },
  };
}

/** The next press of the button goes on with this drag instead of beginning another. */
let continued: Drag | undefined;
function waiting(drag: Drag): Drag { continued = { ...drag, end: () => { continued = undefined; return undefined; } }; return continued; }

/** The handle under the pointer, or the second leg that is still open. */
function grab(pane: Pane, at: Point): Drag | undefined {
  if (continued) return continued;
  const size = pane.picture?.pixels;
  if (!size) return undefined;
  for (const one of pane.measurements.filter((m) => m.key === pane.key()))
    for (let i = 0; i < one.points.length; i++) {
      const point = pane.toScreen({ x: one.points[i].x * size.columns, y: one.points[i].y * size.rows });
      if (!point || Math.hypot(point.x - at.x, point.y - at.y) > GRAB) continue;
      return { move: (to) => { one.points[i] = part(pane, to) ?? one.points[i]; pane.redraw(); } };
    }
  return undefined;
}

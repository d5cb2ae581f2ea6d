// What tests read of the page: a plain object, copied.
import type { Page } from './page';

export function state(page: Page | undefined) {
  if (!page) return { ready: false };
  const { pane } = page;
  const { place, stop, picture, probe } = pane;
  const window = pane.window();
  const size = picture?.pixels;
  return {
    ready: true,
    patient: place?.patient.name ?? '', study: place?.study.uid ?? '', series: place?.series.uid ?? '',
    instance: stop?.instance.uid ?? '', kind: stop?.instance.kind ?? '', frame: stop?.frame ?? 0, frames: stop?.instance.frames ?? 0,
    index: pane.index, count: pane.stack.length,
    window: window ? { centre: window.centre, width: window.width } : null,
    zoom: picture ? pane.zoom() : null, pan: { ...pane.view.pan }, turns: pane.view.turns, mirrored: pane.view.mirrored, invert: pane.invert,
    tool: page.tool, layout: page.layout, playing: page.playing, source: picture?.source ?? '',
    rows: size?.rows ?? 0, columns: size?.columns ?? 0,
    measurements: pane.measured().map(({ points, ...rest }) => ({ ...rest, points: points.map((p) => ({ ...p })) })),
    probe: probe ? { ...probe } : null, shownAt: page.shownAt ?? null, error: pane.error, language: document.documentElement.lang,
  };
}

/** Screen position of an image point of the active pane, in CSS pixels of the page. */
export function screen(page: Page | undefined, x: number, y: number) {
  const box = page?.pane.canvas.getBoundingClientRect();
  const at = page?.pane.toScreen({ x, y });
  return at && box && { x: at.x + box.left, y: at.y + box.top };
}

/** The modality value, or red, green and blue, of a pixel of the active pane. */
export function value(page: Page | undefined, x: number, y: number) {
  return page?.pane.valueAt(x, y)?.value ?? null;
}

// Making elements. Text from data enters the page here, as text and never as markup.

type Attributes = Record<string, string | number | boolean | undefined>;

/** An element with attributes and children; strings become text nodes. */
export function el<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** A 24 x 24 line drawing; see icons.ts. */
export function icon(path: string): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const drawing = document.createElementNS(SVG, 'path');
  drawing.setAttribute('d', path);
  svg.append(drawing);
  return svg;
}

export function remember(key: string, value: string): void {
  try { localStorage.setItem('burnish.' + key, value); } catch { /* forbidden from some file:// pages */ }
}

export function recall(key: string): string | undefined {
  try { return localStorage.getItem('burnish.' + key) ?? undefined; } catch { return undefined; }
}

/** Offers bytes for saving under a name. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = el('a', { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

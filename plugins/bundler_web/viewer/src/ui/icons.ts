// Line drawings on a 24 x 24 grid, one path each.

export const ICONS = {
  menu: 'M4 6h16M4 12h16M4 18h16',
  scroll: 'M8 4h12v12M4 8h12v12H4zM10 11v6M7.5 14.5L10 17l2.5-2.5',
  window: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 3v18M15 6h3M15 10h5M15 14h5M15 18h3',
  zoom: 'M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M15.5 15.5L20 20M8 10.5h5M10.5 8v5',
  pan: 'M12 3v18M3 12h18M9 6l3-3l3 3M9 18l3 3l3-3M6 9l-3 3l3 3M18 9l3 3l-3 3',
  length: 'M3 16L16 3l5 5L8 21zM7 12l2 2M10 9l3 3M13 6l2 2',
  angle: 'M4 19h16M4 19L15 5M11 19a7 7 0 0 0-2.7-5.5',
  probe: 'M12 3v5M12 16v5M3 12h5M16 12h5M12 11v2M11 12h2',
  fit: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5M8 8h8v8H8z',
  oneToOne: 'M5 8l2-2v12M17 8l2-2v12M12 9v.5M12 15v.5',
  invert: 'M4 4h16v16H4zM12 4v16M14 6v12M16 6v12M18 6v12',
  rotate: 'M19 12a7 7 0 1 1-2.5-5.4M19 3v5h-5',
  flipH: 'M12 3v18M9 7L4 17h5zM15 7l5 10h-5z',
  flipV: 'M3 12h18M7 9l10-5v5zM7 15l10 5v-5z',
  reset: 'M5 12a7 7 0 1 0 2.5-5.4M5 3v5h5',
  play: 'M7 4l12 8l-12 8z',
  stop: 'M6 6h12v12H6z',
  layout: 'M4 4h16v16H4zM12 4v16M4 12h16',
  clear: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  save: 'M12 3v12M7 10l5 5l5-5M4 20h16',
  fullScreen: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  overlay: 'M4 5h16v14H4zM7 9h6M7 12h4M14 16h3',
  help: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .9-1 1.7M12 16.5v.5',
  folder: 'M3 6h6l2 3h10v10H3zM3 9h8',
  more: 'M5 12h.5M12 12h.5M19 12h.5',
  close: 'M6 6l12 12M18 6L6 18',
  document: 'M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6',
  caret: 'M9 6l6 6l-6 6',
} as const;

export type Icon = keyof typeof ICONS;

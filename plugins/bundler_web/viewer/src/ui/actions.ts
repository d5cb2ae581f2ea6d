// Everything a reader can do with an image: one table for the buttons, the keys and the help.
import type { Key } from '../texts';
import type { Tool } from './gestures';
import type { Icon } from './icons';
import type { Pane } from './pane';

/** What the actions need of the page. */
export interface Desk {
  readonly pane: Pane;
  readonly tool: Tool;
  readonly playing: boolean;
  readonly texts: boolean;
  setTool(tool: Tool): void;
  play(): void;
  save(): Promise<void>;
  fullScreen(): void;
  toggleTexts(): void;
  nextLayout(): void;
  help(): void;
  stepSeries(by: number): void;
}

export interface Action {
  id: string;
  icon: Icon;
  /** `event.key` of its shortcut. */
  key: string;
  text: Key;
  group: 'tool' | 'view' | 'more' | 'page';
  run(desk: Desk): void;
  pressed?(desk: Desk): boolean;
}

const tool = (id: Tool, key: string): Action =>
  ({ id, icon: id, key, text: id, group: 'tool', run: (desk) => desk.setTool(id), pressed: (desk) => desk.tool === id });

export const ACTIONS: Action[] = [
  tool('window', 'w'), tool('scroll', 's'), tool('zoom', 'z'), tool('pan', 'm'), tool('length', 'l'), tool('angle', 'a'), tool('probe', 'p'),
  { id: 'fit', icon: 'fit', key: '0', text: 'fit', group: 'view', run: ({ pane }) => pane.setZoom(undefined) },
  { id: 'one-to-one', icon: 'oneToOne', key: '1', text: 'oneToOne', group: 'view', run: ({ pane }) => pane.setZoom(1) },
  { id: 'invert', icon: 'invert', key: 'i', text: 'invert', group: 'view', run: ({ pane }) => pane.toggleInvert(), pressed: ({ pane }) => pane.invert },
  { id: 'reset', icon: 'reset', key: 'o', text: 'reset', group: 'view', run: ({ pane }) => pane.reset() },
  { id: 'rotate', icon: 'rotate', key: 'r', text: 'rotate', group: 'more', run: ({ pane }) => pane.turn('rotate') },
  { id: 'flip-h', icon: 'flipH', key: 'h', text: 'flipH', group: 'more', run: ({ pane }) => pane.turn('flipH') },
  { id: 'flip-v', icon: 'flipV', key: 'v', text: 'flipV', group: 'more', run: ({ pane }) => pane.turn('flipV') },
  { id: 'clear', icon: 'clear', key: 'c', text: 'clear', group: 'more', run: ({ pane }) => { pane.measurements = []; pane.redraw(); } },
  { id: 'overlay', icon: 'overlay', key: 't', text: 'overlay', group: 'more', run: (desk) => desk.toggleTexts(), pressed: (desk) => desk.texts },
  { id: 'save', icon: 'save', key: 'x', text: 'save', group: 'more', run: (desk) => void desk.save() },
  { id: 'full-screen', icon: 'fullScreen', key: 'f', text: 'fullScreen', group: 'more', run: (desk) => desk.fullScreen() },
  { id: 'play', icon: 'play', key: ' ', text: 'play', group: 'page', run: (desk) => desk.play(), pressed: (desk) => desk.playing },
  { id: 'layout', icon: 'layout', key: 'g', text: 'layout', group: 'page', run: (desk) => desk.nextLayout() },
  { id: 'help', icon: 'help', key: '?', text: 'help', group: 'page', run: (desk) => desk.help() },
];

/** Keys without a button. */
const MOVES: Record<string, (desk: Desk) => void> = {
  ArrowDown: ({ pane }) => pane.step(1), ArrowUp: ({ pane }) => pane.step(-1),
  PageDown: ({ pane }) => pane.step(10), PageUp: ({ pane }) => pane.step(-10),
  Home: ({ pane }) => void pane.show(0), End: ({ pane }) => void pane.show(pane.stack.length - 1),
  ArrowRight: (desk) => desk.stepSeries(1), ArrowLeft: (desk) => desk.stepSeries(-1),
  '+': ({ pane }) => pane.setZoom(pane.zoom() * 1.25), '=': ({ pane }) => pane.setZoom(pane.zoom() * 1.25),
  '-': ({ pane }) => pane.setZoom(pane.zoom() / 1.25),
  Delete: ({ pane }) => { pane.measurements.pop(); pane.redraw(); }, Backspace: ({ pane }) => { pane.measurements.pop(); pane.redraw(); },
};

/** Runs what a key stands for; false where it stands for nothing or belongs to a control. */
export function runKey(event: KeyboardEvent, desk: Desk): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const target = event.target as HTMLElement;
  if (target.closest('input, select, textarea, iframe, [role=tree], dialog, .sheet, .menu')) return false;
  if (target.closest('button, a') && (event.key === ' ' || event.key === 'Enter')) return false;
  const action = ACTIONS.find((a) => a.key === (event.key.length === 1 ? event.key.toLowerCase() : event.key));
  const run = action ? () => action.run(desk) : MOVES[event.key] && (() => MOVES[event.key](desk));
  if (!run) return false;
  run();
  return true;
}

/** Lines of the help that no button stands for: keys or gesture, and what it does. */
export const GESTURES: [(Key | string)[], Key][] = [
  [['helpWheel', '↑ ↓', 'Page ↑↓'], 'helpScroll'], [['← →'], 'helpSeries'], [['Home', 'End'], 'helpEnds'],
  [['Ctrl + ', 'helpWheel'], 'zoom'], [['+ −'], 'zoom'], [['helpDrag'], 'chosenTool'], [['helpMiddle'], 'pan'], [['helpRight'], 'zoom'],
  [['helpPinch'], 'zoom'], [['helpDouble'], 'helpSingle'], [['Del'], 'helpDelete'],
];

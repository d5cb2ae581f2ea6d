// The windows a reader can choose: those of the image, its tables, the whole range, and for CT the usual ones.
import type { Key } from '../texts';
import type { Grey, Look } from './picture';
import { Chosen, fullWindow } from './voi';

export interface Preset { id: string; chosen: Chosen; name?: string; key?: Key; number?: number }

/** Usual CT windows in Hounsfield units. */
const CT: [string, Key, number, number][] = [
  ['brain', 'winBrain', 40, 80], ['soft', 'winSoft', 50, 400], ['lung', 'winLung', -600, 1500], ['bone', 'winBone', 400, 1800],
];

export function presets(look: Look, pixels: Grey, modality: string): Preset[] {
  const several = look.windows.length > 1;
  const own = look.windows.map(({ centre, width, name }, i): Preset =>
    ({ id: `image${i}`, chosen: { centre, width }, name, key: several ? 'winImageN' : 'winImage', number: i + 1 }));
  const full = fullWindow(look, pixels);
  const tables = look.tables.map((table, i): Preset =>
    ({ id: `table${i}`, chosen: { centre: full.centre, width: full.width, table: i }, name: table.name, key: 'winTable', number: i + 1 }));
  const usual = modality === 'CT' ? CT.map(([id, key, centre, width]): Preset => ({ id, chosen: { centre, width }, key })) : [];
  return [...own, ...tables, ...usual, { id: 'full', chosen: { centre: full.centre, width: full.width }, key: 'winFull' }];
}

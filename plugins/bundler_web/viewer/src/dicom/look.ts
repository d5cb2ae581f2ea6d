// How a frame is to be looked at, from the attributes of its file: modality and VOI transforms, spacing, directions.
// Enhanced images say it per frame or for all frames in functional groups (PS3.3 2024e C.7.6.16).
import { Look, Table, VoiFunction, VoiWindow, plainLook } from '../image/picture';
import { Item } from './item';
import { T } from './tags';

/** Items in which an attribute of frame `number` may stand, nearest first. */
class Groups {
  private groups: Item[];

  constructor(private top: Item, number: number) {
    const perFrame = top.items(T.PerFrameFunctionalGroupsSequence)[number - 1];
    const shared = top.item(T.SharedFunctionalGroupsSequence);
    this.groups = [perFrame, shared].filter((g): g is Item => !!g);
  }

  /** The macro of a functional group, else the data set itself. */
  find(sequence: string, attribute: string): Item {
    for (const group of this.groups) {
      const macro = group.item(sequence);
      if (macro?.has(attribute)) return macro;
    }
    return this.top;
  }
}

export function lookOf(item: Item, number: number): Look {
  const groups = new Groups(item, number);
  const signed = item.short(T.PixelRepresentation) === 1;
  const value = groups.find(T.PixelValueTransformationSequence, T.RescaleSlope);
  const voi = groups.find(T.FrameVOILUTSequence, T.WindowCenter);
  const modality = tables(item, T.ModalityLUTSequence, signed)[0];
  const inverse = item.uid(T.PresentationLUTShape) === 'INVERSE';
  return {
    ...plainLook(),
    slope: value.decimal(T.RescaleSlope) || 1,
    intercept: value.decimal(T.RescaleIntercept) ?? 0,
    unit: unitOf(item, value),
    modality,
    windows: windows(voi),
    tables: tables(item, T.VOILUTSequence, signed && !modality),
    fn: (voi.uid(T.VOILUTFunction) || 'LINEAR') as VoiFunction,
    invert: item.uid(T.PhotometricInterpretation) === 'MONOCHROME1' || inverse,
    padding: padding(item, signed),
    ...spacing(item, groups),
    orientation: orientation(item, groups),
    lossy: item.uid(T.LossyImageCompression) === '01',
  };
}

function unitOf(item: Item, value: Item): string {
  const type = value.text(T.RescaleType);
  if (type && type !== 'US') return type;
  if (item.uid(T.Modality) === 'CT') return 'HU';
  return item.text(T.Units);
}

function windows(voi: Item): VoiWindow[] {
  const centres = voi.decimals(T.WindowCenter);
  const widths = voi.decimals(T.WindowWidth);
  const names = voi.texts(T.WindowCenterWidthExplanation);
  return centres.flatMap((centre, i) => (widths[i] >= 0 ? [{ centre, width: Math.max(widths[i], 1e-6), name: names[i] ?? '' }] : []));
}

function tables(item: Item, sequence: string, signed: boolean): Table[] {
  return item.items(sequence).flatMap((lut) => {
    const [count, , bits] = lut.shorts(T.LUTDescriptor);
    const first = lut.shorts(T.LUTDescriptor, signed)[1] ?? 0;
    const bytes = lut.bytes(T.LUTData);
    if (!bytes?.length) return [];
    const length = count || 65536;
    const entries = bytes.length <= length + 1 && length > 1 ? Uint8Array.from(bytes.subarray(0, length)) : Uint16Array.from(lut.shorts(T.LUTData).slice(0, length));
    const from = signed && first > 32767 ? first - 65536 : first;
    return [{ first: from, entries, bits: bits || 8, name: lut.text(T.LUTExplanation) }];
  });
}

function padding(item: Item, signed: boolean): [number, number] | undefined {
  const [value] = item.shorts(T.PixelPaddingValue, signed);
  if (value === undefined) return undefined;
  const [limit = value] = item.shorts(T.PixelPaddingRangeLimit, signed);
  return [Math.min(value, limit), Math.max(value, limit)];
}

/** Which spacing is whose: PS3.3 10.7.1.3. Pixel Spacing of a projection is the detector's where it is not calibrated. */
function spacing(item: Item, groups: Groups): Pick<Look, 'spacing' | 'spacingKind' | 'aspect'> {
  const pair = (values: number[]): [number, number] | undefined => (values[0] > 0 && values[1] > 0 ? [values[0], values[1]] : undefined);
  const own = pair(groups.find(T.PixelMeasuresSequence, T.PixelSpacing).decimals(T.PixelSpacing));
  const imager = pair(item.decimals(T.ImagerPixelSpacing));
  if (own) {
    const same = imager && Math.abs(own[0] - imager[0]) < 1e-6 && Math.abs(own[1] - imager[1]) < 1e-6;
    return { spacing: own, spacingKind: same && !item.has(T.PixelSpacingCalibrationType) ? 'detector' : 'patient', aspect: own[0] / own[1] };
  }
  if (imager) return { spacing: imager, spacingKind: 'detector', aspect: imager[0] / imager[1] };
  const scanned = pair(item.decimals(T.NominalScannedPixelSpacing));
  if (scanned) return { spacing: scanned, spacingKind: 'detector', aspect: scanned[0] / scanned[1] };
  const region = ultrasound(item);
  if (region) return { spacing: region, spacingKind: 'patient', aspect: region[0] / region[1] };
  const ratio = pair(item.decimals(T.PixelAspectRatio));
  return { spacingKind: '', aspect: ratio ? ratio[0] / ratio[1] : 1 };
}

/** mm per pixel of an ultrasound image whose regions all agree; units 3 is cm (PS3.3 C.8.5.5.1.15). */
function ultrasound(item: Item): [number, number] | undefined {
  const regions = item.items(T.SequenceOfUltrasoundRegions);
  if (!regions.length || !regions.every((r) => r.short(T.PhysicalUnitsX) === 3)) return undefined;
  const sizes = regions.map((r) => [10 * Math.abs(r.double(T.PhysicalDeltaY) ?? 0), 10 * Math.abs(r.double(T.PhysicalDeltaX) ?? 0)]);
  const [[y, x]] = sizes;
  return y > 0 && x > 0 && sizes.every((s) => s[0] === y && s[1] === x) ? [y, x] : undefined;
}

function orientation(item: Item, groups: Groups): [string, string] | undefined {
  const cosines = groups.find(T.PlaneOrientationSequence, T.ImageOrientationPatient).decimals(T.ImageOrientationPatient);
  if (cosines.length === 6) return [letters(cosines.slice(0, 3)), letters(cosines.slice(3))];
  const [right, bottom] = item.texts(T.PatientOrientation);
  return right && bottom ? [right, bottom] : undefined;
}

/** Direction cosines to letters, the strongest first; weak parts are left out. */
function letters(vector: number[]): string {
  const names = [['L', 'R'], ['P', 'A'], ['H', 'F']];
  return vector.map((v, i) => ({ size: Math.abs(v), letter: names[i][v > 0 ? 0 : 1] })).filter((d) => d.size > 0.3)
    .sort((a, b) => b.size - a.size).slice(0, 2).map((d) => d.letter).join('');
}

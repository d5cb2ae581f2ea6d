// A volume out of a folder of any DICOM files: their headers, sorted into patients, studies and series.
import type { Instance, Patient, Series, Study, Volume } from '../volume';
import { MEDIA_DIRECTORY, className, kindOf } from './classes';
import type { Item } from './item';
import { clock, isoDate, personName } from './values';
import { Parsed, parse } from './parse';
import { frameCount } from './pixels';
import { T } from './tags';

/** Enough for the header of nearly every file; where it is not, the file is read whole. */
const HEAD = 1 << 17;
const AT_ONCE = 8;

export interface Named { path: string; file: File }

/** Reads all headers; `progress` is called with files done. Files that are not DICOM are passed over. */
export async function volumeOf(files: Named[], progress: (done: number) => void): Promise<Volume> {
  const builder = new Builder();
  let done = 0;
  const waiting = [...files];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const item = await header(next.file).catch(() => undefined);
      if (item && item.uid(T.SOPClassUID) !== MEDIA_DIRECTORY && item.uid('x00020002') !== MEDIA_DIRECTORY) builder.add(item, next.path);
      progress(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return builder.volume();
}

async function header(file: File): Promise<Item> {
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  let parsed: Parsed;
  try {
    parsed = parse(head, true);
  } catch (error) {
    if (file.size <= HEAD || !likely(head)) throw error;
    parsed = parse(new Uint8Array(await file.arrayBuffer()), true);
  }
  return parsed.item;
}

/** The mark of a DICOM file, or a first group that is one's. */
const likely = (b: Uint8Array) => String.fromCharCode(...b.subarray(128, 132)) === 'DICM' || (b[0] < 9 && b[1] === 0);

class Builder {
  private patients = new Map<string, Patient>();
  private studies = new Map<string, Study>();
  private series = new Map<string, Series>();

  add(item: Item, path: string): void {
    const name = personName(item.text(T.PatientName, 'PN'));
    const id = item.text(T.PatientID);
    const person = `${id}\n${name}`;
    const patient = once(this.patients, person, () => ({ name, id, birth: isoDate(item.uid(T.PatientBirthDate)), sex: item.uid(T.PatientSex), studies: [] }));
    const studyUid = item.uid(T.StudyInstanceUID);
    const study = once(this.studies, `${person}\n${studyUid}`, () => {
      const made: Study = { uid: studyUid, date: isoDate(item.uid(T.StudyDate)), time: clock(item.uid(T.StudyTime)),
        description: item.text(T.StudyDescription), accession: item.text(T.AccessionNumber), series: [] };
      patient.studies!.push(made);
      return made;
    });
    const uid = item.uid(T.SeriesInstanceUID);
    const series = once(this.series, `${person}\n${studyUid}\n${uid}`, () => {
      const made: Series = { uid, modality: item.uid(T.Modality), number: item.uid(T.SeriesNumber), description: item.text(T.SeriesDescription), instances: [] };
      study.series!.push(made);
      return made;
    });
    series.instances!.push(instance(item, path));
  }

  volume(): Volume {
    const patients = [...this.patients.values()].sort((a, b) => (a.name ?? '').localeCompare(b.name ?? ''));
    for (const patient of patients) patient.studies!.sort((a, b) => (b.date ?? '').localeCompare(a.date ?? ''));
    for (const study of this.studies.values()) study.series!.sort(byNumber);
    for (const series of this.series.values()) series.instances!.sort(byNumber);
    return { embedded: 'none', patients };
  }
}

function instance(item: Item, path: string): Instance {
  const sopClass = item.uid(T.SOPClassUID);
  return {
    file: path, kind: kindOf(sopClass, item.has(T.Rows)), number: item.uid(T.InstanceNumber), uid: item.uid(T.SOPInstanceUID),
    class: className(sopClass), frames: frameCount(item), rows: item.short(T.Rows), columns: item.short(T.Columns),
  };
}

const byNumber = (a: { number?: string; uid?: string }, b: { number?: string; uid?: string }) =>
  (Number(a.number) || 0) - (Number(b.number) || 0) || (a.uid ?? '').localeCompare(b.uid ?? '');

function once<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

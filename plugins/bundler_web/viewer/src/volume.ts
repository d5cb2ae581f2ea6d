// What a volume of the medium holds: the shape of DATA/VOLUME.JS and of the embedded instances.
// Python writes both; any value may be missing or "", so nothing here is trusted to be there.

export type Kind = 'image' | 'sr' | 'pdf' | 'other';

export interface Instance {
  file?: string;
  kind?: Kind;
  number?: string;
  uid?: string;
  class?: string;
  frames?: number;
  rows?: number;
  columns?: number;
  /** Path of the script that embeds it, relative to VIEWER/; only where embedded. */
  script?: string;
  n?: number;
}

export interface Series { uid?: string; modality?: string; number?: string; description?: string; instances?: Instance[] }
export interface Study { uid?: string; date?: string; time?: string; description?: string; accession?: string; series?: Series[] }
export interface Patient { name?: string; id?: string; birth?: string; sex?: string; studies?: Study[] }

export interface Volume {
  fileSetId?: string;
  volume?: number;
  volumes?: number;
  institution?: string;
  created?: string;
  maker?: string;
  language?: string;
  embedded?: 'none' | 'reduced' | 'full';
  patients?: Patient[];
}

/** An image embedded in a script: frames of `rows` x `columns`, base64 of a `delta` stream or of a JPEG. */
export interface EmbeddedImage {
  kind: 'image';
  rows: number;
  columns: number;
  original?: [number, number];
  /** Numbers (from 1) of the frames in `data`. */
  frames?: number[];
  frameTime?: number;
  samples?: number;
  signed?: boolean;
  invert?: boolean;
  slope?: number;
  intercept?: number;
  unit?: string;
  windows?: [number, number, string?][];
  function?: string;
  spacing?: [number, number];
  spacingKind?: 'patient' | 'detector' | '';
  orientation?: string[];
  /** Height of a pixel over its width, where there is no spacing. */
  aspect?: number;
  /** Whether what was embedded has lost something before or by that. */
  lossy?: boolean;
  codec: 'delta' | 'jpeg';
  data: string[];
}

export interface EmbeddedFile { kind: 'file'; data: string }
export type Embedded = EmbeddedImage | EmbeddedFile;

/** One series on its way from patient to instances, with the people above it. */
export interface Place { patient: Patient; study: Study; series: Series }

/** All series of a volume in the order of the medium. */
export function places(volume: Volume): Place[] {
  const found: Place[] = [];
  for (const patient of volume.patients ?? [])
    for (const study of patient.studies ?? [])
      for (const series of study.series ?? []) found.push({ patient, study, series });
  return found;
}

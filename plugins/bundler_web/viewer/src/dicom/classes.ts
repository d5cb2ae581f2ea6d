// Names of SOP classes that stand on media (PS3.6 2024e table A-1), and what the viewer does with them.
import type { Kind } from '../volume';

const S = '1.2.840.10008.5.1.4.1.1.';

const NAMES: Record<string, string> = {
  '1': 'Computed Radiography Image', '1.1': 'Digital X-Ray Image', '1.2': 'Digital Mammography X-Ray Image', '2': 'CT Image',
  '2.1': 'Enhanced CT Image', '3.1': 'Ultrasound Multi-frame Image', '4': 'MR Image', '4.1': 'Enhanced MR Image', '6.1': 'Ultrasound Image',
  '7': 'Secondary Capture Image', '9.1.1': '12-lead ECG Waveform', '9.1.2': 'General ECG Waveform', '11.1': 'Grayscale Softcopy Presentation State',
  '12.1': 'X-Ray Angiographic Image', '12.2': 'X-Ray Radiofluoroscopic Image', '20': 'Nuclear Medicine Image', '66': 'Raw Data',
  '66.1': 'Spatial Registration', '66.4': 'Segmentation', '88.11': 'Basic Text SR', '88.22': 'Enhanced SR', '88.33': 'Comprehensive SR',
  '88.59': 'Key Object Selection Document', '88.67': 'X-Ray Radiation Dose SR', '104.1': 'Encapsulated PDF', '104.2': 'Encapsulated CDA',
  '128': 'Positron Emission Tomography Image', '481.1': 'RT Image', '481.2': 'RT Dose', '481.3': 'RT Structure Set', '481.5': 'RT Plan',
};

export const className = (uid: string) => (uid.startsWith(S) ? NAMES[uid.slice(S.length)] : undefined) ?? uid;

export function kindOf(uid: string, hasRows: boolean): Kind {
  if (uid.startsWith(S + '88.')) return 'sr';
  if (uid === S + '104.1') return 'pdf';
  return hasRows ? 'image' : 'other';
}

/** The DICOMDIR is no instance of the patient's. */
export const MEDIA_DIRECTORY = '1.2.840.10008.1.3.10';

// The files the reader chose: a folder or the disc, by input or by drop. Paths are compared as ISO 9660 may show them.
import type { Named } from './dicom/headers';

/** Upper case, no version `;1`, no trailing dots: what is the same file on every system. */
export function normal(path: string): string {
  return path.split('/').filter(Boolean).map((part) => part.toUpperCase().replace(/;\d+$/, '').replace(/\.+$/, '')).join('/');
}

export class Medium {
  private byName = new Map<string, { path: string; file: File }[]>();
  readonly files: Named[];

  constructor(files: Named[]) {
    this.files = files;
    for (const { path, file } of files) {
      const whole = normal(path);
      const name = whole.slice(whole.lastIndexOf('/') + 1);
      const same = this.byName.get(name) ?? [];
      same.push({ path: whole, file });
      this.byName.set(name, same);
    }
  }

  /** The file whose path ends with `path`. */
  find(path: string): File | undefined {
    const wanted = normal(path);
    const same = this.byName.get(wanted.slice(wanted.lastIndexOf('/') + 1));
    return same?.find((one) => one.path === wanted || one.path.endsWith('/' + wanted))?.file;
  }
}

export function fromInput(list: FileList): Named[] {
  return Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** All files of what was dropped, folders walked through. Must be called while the drop event is handled. */
export async function fromDrop(transfer: DataTransfer): Promise<Named[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.()).filter((e): e is FileSystemEntry => !!e);
  if (!entries.length) return fromInput(transfer.files);
  const found: Named[] = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

async function walk(entry: FileSystemEntry, found: Named[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed));
    found.push({ path: entry.fullPath, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return;
    for (const child of some) await walk(child, found);
  }
}

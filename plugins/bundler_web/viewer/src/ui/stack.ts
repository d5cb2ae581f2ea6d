// What a pane scrolls through: every frame of every image of a series, and its documents, one after the other.
import type { Source } from '../source';
import type { Instance, Series } from '../volume';

export interface Stop { instance: Instance; frame: number }

export function stops(series: Series, source: Source): Stop[] {
  return (series.instances ?? []).flatMap((instance): Stop[] =>
    isImage(instance) ? source.frames(instance).map((frame) => ({ instance, frame })) : [{ instance, frame: 1 }]);
}

export const isImage = (instance: Instance) => (instance.kind ?? 'image') === 'image';

/** The stop that shows `instance`, at the frame nearest to `frame`; 0 where it is not there. */
export function indexOf(stack: Stop[], instance: Instance, frame: number): number {
  let best = -1;
  stack.forEach((stop, i) => {
    if (stop.instance === instance && (best < 0 || Math.abs(stop.frame - frame) < Math.abs(stack[best].frame - frame))) best = i;
  });
  return Math.max(0, best);
}

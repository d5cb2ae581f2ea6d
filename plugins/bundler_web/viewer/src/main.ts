// The viewer on a burnish medium. VOLUME.JS, the scripts of instances and the codecs call BURNISH.*; all else starts here.
import { codec, decoders } from './codecs/client';
import { loadVolume, put, volume } from './loader';
import { Page } from './ui/page';
import { screen, state, value } from './ui/state';

declare global { interface Window { BURNISH?: object } }

let page: Page | undefined;

async function start(): Promise<void> {
  const holds = await loadVolume();
  const root = document.getElementById('viewer');
  if (!root) return;
  page = new Page(root);
  await page.start(holds);
}

if (!window.BURNISH) { // the page may name this script in both cases
  window.BURNISH = { volume, put, codec, decoders, state: () => state(page),
    screen: (x: number, y: number) => screen(page, x, y), value: (x: number, y: number) => value(page, x, y) };
  void start();
}

import type { SecBuffer } from '../../backends/contract/buffers.ts';
import { checkBuffers } from './checks.ts';

/** FreeContextBuffer: wipes what a verb allocated and leaves the buffers empty. Free a buffer once, when its token is sent. */
export function freeContextBuffer(buffers: SecBuffer | SecBuffer[]): void {
  for (const buffer of checkBuffers(Array.isArray(buffers) ? buffers : [buffers], 'buffers')) {
    buffer.data.fill(0);
    buffer.data = new Uint8Array(0);
  }
}

/** The other side of `digest.ts`: takes a file, gives it back with its MD5. */
import type { Question, Reply } from './digest.ts';
import { md5 } from './md5.ts';

const say = (reply: Reply, transfer: Transferable[] = []) => self.postMessage(reply, { transfer });

self.addEventListener('message', ({ data }: MessageEvent<Question>) => {
  const { turn, buffer } = data;
  say({ answer: { turn, buffer, md5: md5(new Uint8Array(buffer)) } }, [buffer]);
});

say({ answer: null });

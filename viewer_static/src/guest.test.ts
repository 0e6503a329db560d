import { beforeEach, expect, it, vi } from 'vitest';
import { Gate } from './gate.ts';
import { FakeClock } from './testing.ts';
import { FakeNode, fakeDocument } from './testing-page.ts';

beforeEach(() => {
  vi.stubGlobal('document', fakeDocument());
  vi.stubGlobal('location', { hash: '' });
});

const { Guest } = await import('./guest.ts');

const KNOWN = { name: 'guest', role: 'guest', study: 'x', sign_in: true, idle_seconds: 900 };
const ENDED = { code: 'share_ended', detail: 'It was revoked.' };
const json = (status: number, body: object) => new Response(JSON.stringify(body), { status });

/** A guest who came by a link, and a server that answers as the test says. */
async function visit() {
  const clock = new FakeClock();
  const gate = new Gate();
  const server = { session: json(200, KNOWN), entrance: json(200, KNOWN), isMute: false };
  const fetch = (path: string, init: RequestInit = {}) => {
    if (server.isMute)
      return new Promise<Response>((_, reject) => {
        init.signal?.addEventListener('abort', () => reject(new Error('given up')));
      });
    const answer = path === 'api/session' ? server.session : server.entrance;
    return Promise.resolve(answer.clone());
  };
  const clear = vi.fn();
  const close = vi.fn(async () => {});
  const host = new FakeNode();
  const guest = new Guest({
    fetch: fetch as typeof globalThis.fetch,
    host: host as unknown as HTMLElement,
    gate,
    clock,
    entered: (known) => guest.greeted(known),
    close,
    clear,
  });
  gate.addEventListener('shut', () => void guest.again());
  await guest.arrive('the secret');
  const [door] = host.children as [FakeNode];
  return { guest, clock, server, clear, close, door };
}

it('a guest who sits idle is out within seconds of the end of the link', async () => {
  const { clock, server, clear, door } = await visit();
  await clock.advance(60_000);
  expect(door.open).toBe(false);
  server.session = json(401, {});
  server.entrance = json(404, ENDED);
  await clock.advance(6_000);
  expect(door.textContent).toContain('This link has ended');
  expect(clear).toHaveBeenCalledOnce();
});

it('a guest whose visit had ended for idleness is, too', async () => {
  const { clock, server, clear, door } = await visit();
  server.session = json(401, {});
  await clock.advance(60_000);
  expect(door.textContent).toContain('What you had open is still here.');
  expect(clear).not.toHaveBeenCalled();
  server.entrance = json(404, ENDED);
  await clock.advance(6_000);
  expect(door.textContent).toContain('This link has ended');
  expect(clear).toHaveBeenCalledOnce();
});

it('an answer that never comes does not end the asking', async () => {
  const { clock, server, clear } = await visit();
  server.isMute = true;
  await clock.advance(60_000);
  server.isMute = false;
  server.session = json(401, {});
  server.entrance = json(404, ENDED);
  await clock.advance(20_000);
  expect(clear).toHaveBeenCalledOnce();
});

it('a study is closed for a guest once the server knows, and not asked for again', async () => {
  const { guest, clock, server, clear, close, door } = await visit();
  let ended = () => {};
  close.mockReturnValue(
    new Promise((resolve) => {
      ended = resolve;
    }),
  );
  (guest.bar as unknown as FakeNode).press('Close');
  await clock.advance(60_000);
  expect(door.open).toBe(false);
  server.session = json(401, {});
  ended();
  await clock.advance(60_000);
  expect(door.textContent).toContain('The study is closed');
  expect(door.textContent).not.toContain('Go on');
  expect(clear).toHaveBeenCalledOnce();
});

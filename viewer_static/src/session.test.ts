import { expect, it } from 'vitest';
import { Budget } from './budget.ts';
import { ViewerError } from './errors.ts';
import { Link } from './link.ts';
import { Session } from './session.ts';
import { FakeClock, seriesOf, settled } from './testing.ts';

/** A series whose slices fail, and a server that draws when the test says so. */
function bench() {
  const drawn: { readonly come: (blob: Blob) => void }[] = [];
  const cover = { state: 'loading' };
  const become = (state: string) => () => Object.assign(cover, { state });
  const [off, loading, message, failed] = ['off', 'loading', 'message', 'failed'].map(become);
  const rendered = async () => become('rendered')();
  Object.assign(cover, { off, loading, message, failed, rendered });
  const files = { enter: () => undefined, leave: () => undefined, proofs: { of: () => null } };
  const refused = () => Promise.reject(new ViewerError('decode'));
  const engine = { files, isCached: () => false, discard: () => undefined, loadSlice: refused };
  const desk = {
    transport: { picture: () => new Promise<Blob>((come) => drawn.push({ come })) },
    link: new Link(new FakeClock()),
    engine: { ...engine, decodedBytes: () => 0 },
    view: { open: () => undefined },
    cover,
    budget: new Budget(),
    ahead: null,
    quickLook: () => false,
  };
  return { session: new Session(seriesOf(3), desk as never), cover, drawn };
}

it('shows what the server drew in place of a picture', async () => {
  const { session, cover, drawn } = bench();
  await session.start(0);
  void session.rendered();
  expect(cover.state).toBe('message');
  drawn[0]?.come(new Blob());
  await settled();
  expect(cover.state).toBe('rendered');
});

it('shows nothing of it once its reader went on, and came back', async () => {
  const { session, cover, drawn } = bench();
  await session.start(0);
  void session.rendered();
  void session.navigation.show(1);
  void session.navigation.show(0);
  drawn[0]?.come(new Blob());
  await settled();
  expect(['loading', 'failed']).toContain(cover.state);
});

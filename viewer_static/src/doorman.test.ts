import { beforeEach, expect, it, vi } from 'vitest';
import { Gate } from './gate.ts';
import type { Guest } from './guest.ts';
import type { SignOut } from './sign-out.ts';
import { settled } from './testing.ts';
import { FakeNode, fakeDocument } from './testing-page.ts';

const page = new EventTarget();

beforeEach(() => {
  vi.stubGlobal('document', fakeDocument());
  vi.stubGlobal('window', page);
  vi.stubGlobal('location', { hash: '' });
});

const { Doorman } = await import('./doorman.ts');

const ANN = { name: 'ann', role: 'reader', sign_in: false, idle_seconds: 900, change_token: 'a' };
const BOB = { ...ANN, name: 'bob', change_token: 'b' };
const json = (status: number, body: object) => new Response(JSON.stringify(body), { status });

/** Each question who it is waits until the test answers it. */
function hall() {
  const asked: ((answer: Response) => void)[] = [];
  const gate = new Gate();
  const reload = vi.fn();
  const host = new FakeNode();
  const acts = { isUnderWay: false, leave: vi.fn(), replaced: vi.fn() };
  const signOut = Object.assign(new EventTarget(), acts);
  const doorman = new Doorman({
    fetch: () => new Promise((resolve) => asked.push(resolve)),
    host: host as unknown as HTMLElement,
    gate,
    reload,
    guest: { isHere: false, greeted: () => undefined } as unknown as Guest,
    signOut: signOut as unknown as SignOut,
    greeted: () => undefined,
  });
  const [dialog] = host.children as [FakeNode];
  const answer = async (number: number, status: number, body: object) => {
    asked[number]?.(json(status, body));
    await settled();
  };
  return { doorman, gate, reload, signOut, dialog, asked, answer };
}

it('who has just signed in is not asked again by a question from before', async () => {
  const { doorman, gate, dialog, asked } = hall();
  gate.refused(gate.pass);
  let body = (_: object) => {};
  const slow = new Promise<object>((resolve) => {
    body = resolve;
  });
  asked[0]?.({ status: 401, ok: false, json: () => slow } as unknown as Response);
  await settled();
  doorman.enterAs(ANN);
  body({ ways: { password: true, provider: null } });
  await settled();
  expect(dialog.open).toBe(false);
});

it('what was answered before somebody signed in changes nothing after it', async () => {
  const { doorman, gate, answer } = hall();
  void doorman.look();
  doorman.enterAs(ANN);
  await answer(0, 200, { ...ANN, change_token: 'of a session that has ended' });
  expect(gate.token).toBe('a');
});

it('the page begins anew when another reader has signed in elsewhere in this browser', async () => {
  const { doorman, reload, answer } = hall();
  doorman.enterAs(ANN);
  void doorman.look();
  await answer(0, 200, ANN);
  expect(reload).not.toHaveBeenCalled();
  void doorman.look();
  await answer(1, 200, BOB);
  expect(reload).toHaveBeenCalledOnce();
});

it('nobody is let in, or asked in, by what was asked before somebody signed out', async () => {
  const { doorman, gate, signOut, dialog, reload, answer } = hall();
  doorman.enterAs(ANN);
  void doorman.look();
  gate.refused(gate.pass);
  signOut.isUnderWay = true;
  await answer(0, 200, BOB);
  await answer(1, 200, ANN);
  expect(reload).not.toHaveBeenCalled();
  expect(gate.isShut).toBe(true);
  expect(dialog.open).toBe(false);
});

it('while somebody signs out nothing tells the server that they are here', async () => {
  const { doorman, gate, signOut, asked } = hall();
  signOut.isUnderWay = true;
  gate.refused(gate.pass);
  await doorman.look({ 'X-Present': '1' });
  expect(asked).toHaveLength(0);
});

it('the button begins the sign-out', () => {
  const { doorman, signOut } = hall();
  (doorman.node as unknown as FakeNode).press('Sign out');
  expect(signOut.leave).toHaveBeenCalledOnce();
});

it('whoever signs in with a password takes the place of whoever was to leave', async () => {
  const { dialog, gate, signOut, asked, answer } = hall();
  gate.refused(gate.pass);
  await answer(0, 401, { ways: { password: true, provider: null } });
  expect(signOut.replaced).not.toHaveBeenCalled();
  const form = dialog.children.at(-1) as FakeNode;
  form.dispatchEvent(new Event('submit'));
  await answer(asked.length - 1, 200, ANN);
  expect(signOut.replaced).toHaveBeenCalledOnce();
});

it('whoever signed out in another window is asked for here once that is over', async () => {
  const { gate, dialog, signOut, answer } = hall();
  signOut.isUnderWay = true;
  gate.refused(gate.pass);
  signOut.isUnderWay = false;
  signOut.dispatchEvent(new Event('over'));
  await answer(0, 401, { ways: { password: true, provider: null } });
  expect(dialog.open).toBe(true);
});

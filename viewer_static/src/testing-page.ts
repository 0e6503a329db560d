/** For tests only: nodes enough to build a page or a dialog of ours, and to read and press it. */

type Child = FakeNode | string;

export class FakeNode extends EventTarget {
  readonly dataset: Record<string, string> = {};
  readonly attributes = new Map<string, string>();
  children: Child[] = [];
  hidden = false;
  open = false;
  value = '';
  private parent: FakeNode | null = null;

  get childElementCount(): number {
    return this.children.length;
  }

  get textContent(): string {
    return this.children.map((one) => (typeof one === 'string' ? one : one.textContent)).join('');
  }

  set textContent(text: string) {
    this.children = [text];
  }

  append(...children: Child[]): void {
    for (const child of children) if (child instanceof FakeNode) child.parent = this;
    this.children.push(...children);
  }

  replaceChildren(...children: Child[]): void {
    this.children = [];
    this.append(...children);
  }

  replaceWith(other: FakeNode): void {
    if (this.parent === null) return;
    const { children } = this.parent;
    children[children.indexOf(this)] = other;
    other.parent = this.parent;
  }

  cloneNode(): FakeNode {
    return new FakeNode();
  }

  remove(): void {
    const { parent } = this;
    if (parent !== null) parent.children = parent.children.filter((one) => one !== this);
    this.parent = null;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
    if (name === 'hidden') this.hidden = true;
  }

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }

  removeAttribute(name: string): void {
    this.attributes.delete(name);
    if (name === 'hidden') this.hidden = false;
  }

  toggleAttribute(name: string, there: boolean): void {
    if (there) this.attributes.set(name, '');
    else this.attributes.delete(name);
  }

  showModal(): void {
    this.open = true;
  }

  close(): void {
    this.open = false;
  }

  focus(): void {}

  select(): void {}

  /** The button with these words, wherever in it. */
  press(words: string): void {
    const found = this.all().find(
      (node) => node.attributes.get('type') === 'button' && node.textContent === words,
    );
    if (found === undefined) throw new Error(`There is no button ${words} in: ${this.textContent}`);
    found.dispatchEvent(new Event('click'));
  }

  private all(): FakeNode[] {
    const nodes = this.children.filter((one) => typeof one !== 'string');
    return nodes.flatMap((node) => [node, ...node.all()]);
  }
}

/** What our modules find as `document`. */
export function fakeDocument() {
  return { body: new FakeNode(), createElement: () => new FakeNode() };
}

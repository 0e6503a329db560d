/** Turns of a wheel as steps; trackpads report many small ones, one notch of a mouse is about 100. */
const NOTCH = 40;

export class Wheel {
  private sum = 0;

  constructor(private readonly step: (by: number) => void) {}

  turned(event: WheelEvent, isTaken: boolean): void {
    event.preventDefault();
    if (isTaken) return;
    const isLines = event.deltaMode === WheelEvent.DOM_DELTA_LINE;
    this.sum += isLines ? event.deltaY * NOTCH : event.deltaY;
    const steps = Math.trunc(this.sum / NOTCH);
    if (steps === 0) return;
    this.sum = 0;
    this.step(Math.sign(steps));
  }
}

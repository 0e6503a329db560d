/**
 * Stands in for the library's conversion between the page's pixels and the screen's. Without a graphics
 * card it makes its canvas as large as the page says, whatever the screen's scale, and converts all the
 * same: at 150 % lengths came out half as long again, and figures lay beside what they measured.
 */
type Point = [number, number];

export const cssToDevicePixels = (point: Point): Point => point;
export const deviceToCssPixels = (point: Point): Point => point;

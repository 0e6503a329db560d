/** Stands in for xmlbuilder2, which only vtk.js' unused XML reader asks for. */
export const create = (): never => {
  throw new Error('XML is not read in this viewer');
};
export default { create };

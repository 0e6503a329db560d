declare module 'dcmjs' {
  interface Entry {
    readonly tag: string;
    readonly vr: string;
  }
  const dcmjs: {
    readonly data: {
      readonly DicomMetaDictionary: {
        readonly nameMap: Readonly<Record<string, Entry | undefined>>;
      };
    };
  };
  export default dcmjs;
}
